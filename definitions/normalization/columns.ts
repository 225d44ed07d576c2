import type { ColumnManifest } from '../../contracts/manifest.ts';
import { SCALAR_TYPES, type ColumnType } from '../../contracts/values.ts';
import { closestNames, suggestNames } from '../closest-names.ts';
import { findSimilarNames, isName, NAME_RULE } from '../names.ts';
import { show, type OptionReader } from './option-reader.ts';
import type { Place } from './problems.ts';

const EPOCH_TYPES = ['timestamp[s]', 'timestamp[ms]', 'timestamp[us]'];
const LIST_TYPES = SCALAR_TYPES.map((type) => `${type}[]`);
const NAMED_TYPES: readonly string[] = [...SCALAR_TYPES, ...EPOCH_TYPES, ...LIST_TYPES];

export type Columns = ReadonlyMap<string, ColumnManifest>;

/** The declared columns in order, with the input's names. */
export function normalizeColumns(options: OptionReader): readonly ColumnManifest[] {
  const schema = options.record('schema');
  if (Object.keys(schema).length === 0) {
    options.place.report('the source has no columns', "declare them, such as schema: { date: 'timestamp' }");
  }
  for (const { name, earlier } of findSimilarNames(Object.keys(schema))) {
    options.place.in(`column ${name}`).report(`the name differs from "${earlier}" in case only`, 'rename one of them');
  }
  const renamed = normalizeRename(options, schema);
  return Object.entries(schema).flatMap(([name, type]) => {
    const place = options.place.in(`column ${name}`);
    if (!isName(name)) {
      place.report(
        `${show(name)} is not a valid name`,
        `${NAME_RULE}; rename: { ours: ${show(name)} } maps another name`,
      );
    }
    if (!isColumnType(type)) {
      place.report(`${show(type)} is not a column type`, typeAdvice(type));
      return [];
    }
    return [{ name, type, from: renamed.get(name) ?? name }];
  });
}

/** The column, or undefined after a report that lists what there is. */
export function requireColumn(
  columns: Columns,
  name: unknown,
  place: Place,
  owner: string,
): ColumnManifest | undefined {
  const column = typeof name === 'string' ? columns.get(name) : undefined;
  if (column === undefined) {
    const close = closestNames(String(name), columns.keys());
    const mend =
      close.length > 0
        ? `did you mean ${close.map((one) => `"${one}"`).join(' or ')}?`
        : `columns: ${suggestNames(String(name), columns.keys()).join(', ')}`;
    place.report(`${owner} has no column ${show(name)}`, mend);
  }
  return column;
}

export function isColumnType(type: unknown): type is ColumnType {
  if (typeof type !== 'string') return false;
  return NAMED_TYPES.includes(type) || /^float32\[[1-9]\d{0,4}\]$/.test(type);
}

/** The types that there are, and the one that was probably meant. */
export function typeAdvice(type: unknown): string {
  const [nearest] = closestNames(String(type), NAMED_TYPES);
  const known = `types: ${[...SCALAR_TYPES, ...EPOCH_TYPES].join(', ')}, float32[n], and lists such as string[]`;
  return nearest === undefined ? known : `did you mean "${nearest}"? ${known}`;
}

function normalizeRename(
  options: OptionReader,
  schema: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, string> {
  const renamed = new Map<string, string>();
  for (const [name, from] of Object.entries(options.record('rename'))) {
    const place = options.place.in(`rename ${name}`);
    if (!Object.hasOwn(schema, name)) {
      place.report(`the schema has no column "${name}"`, "write it as rename: { our_name: 'name in the input' }");
    } else if (typeof from !== 'string' || from === '') {
      place.report(`${show(from)} is not a name in the input`, 'give a text');
    } else {
      renamed.set(name, from);
    }
  }
  const readers = new Map<string, string>();
  for (const name of Object.keys(schema)) {
    const from = renamed.get(name) ?? name;
    const earlier = readers.get(from);
    if (earlier !== undefined) {
      options.place
        .in(`column ${name}`)
        .report(`it reads "${from}" of the input, as "${earlier}" does`, 'let each column read one of its own');
    }
    readers.set(from, name);
  }
  return renamed;
}
