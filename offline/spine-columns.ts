/** The columns that a retrieval needs from its spine, read by their declared types. */
import { AsofError } from '../contracts/errors.ts';
import type { ColumnManifest } from '../contracts/manifest.ts';
import type { FeaturePlan, PlannedKeyColumn } from '../contracts/plan.ts';
import type { ColumnType } from '../contracts/values.ts';
import type { Session } from '../engine/engine.ts';
import { castTo } from '../sources/cast.ts';
import type { RawColumn } from '../sources/raw-relation.ts';

/** The spine's column with q. */
export const EVENT_TIMESTAMP = 'event_timestamp';

/** A column of the prepared spine. */
export interface ReadColumn {
  /** Its name in the prepared spine. */
  readonly name: string;
  /** The spine's own column. */
  readonly from: RawColumn;
  readonly type: ColumnType;
  readonly role:
    { readonly kind: 'key'; readonly entity: string } | { readonly kind: 'request' } | { readonly kind: 'at' };
}

export function keyColumnName(index: number): string {
  return `__key${index}`;
}

export function requestColumnName(index: number): string {
  return `__request${index}`;
}

/** Finds every needed column. Throws `SPINE_COLUMN_MISSING`. */
export function readColumns(plan: FeaturePlan, columns: readonly RawColumn[], path: string): readonly ReadColumn[] {
  const find = (name: string, use: string): RawColumn => {
    const found = columns.find((column) => column.name === name);
    if (found) return found;
    const mend = `${use}; it has: ${columns.map((column) => column.name).join(', ') || 'no columns'}`;
    throw new AsofError('SPINE_COLUMN_MISSING', { path, column: name, mend });
  };
  const key = ({ column, type, entity, key: name }: PlannedKeyColumn, index: number): ReadColumn => ({
    name: keyColumnName(index),
    from: find(column, `the key ${name} of entity ${entity} is read from it`),
    type,
    role: { kind: 'key', entity },
  });
  const request = ({ name, type }: ColumnManifest, index: number): ReadColumn => ({
    name: requestColumnName(index),
    from: find(name, 'a derived view takes it from the request'),
    type,
    role: { kind: 'request' },
  });
  return [
    ...plan.keyColumns.map(key),
    {
      name: '__at',
      from: find(EVENT_TIMESTAMP, 'it says at which time each row is asked'),
      type: 'timestamp',
      role: { kind: 'at' },
    },
    ...plan.requestColumns.map(request),
  ];
}

/** The column by its declared type; null where the value is not of the type. */
export function readColumnSql({ from, type, name }: ReadColumn): string {
  return `${valueSql(from, type)} AS ${name}`;
}

function valueSql({ alias, type: stored }: RawColumn, type: ColumnType): string {
  if (stored !== 'JSON') return castTo(type, alias, stored, null);
  const text = `(${alias} ->> '$')`;
  // a number is not a string because it could be written as one
  if (type === 'string') return `CASE WHEN json_type(${alias}) = 'VARCHAR' THEN ${text} END`;
  return castTo(type, text, 'VARCHAR', null);
}

/** Engine types that a typed file may hold for a declared scalar type. */
const ACCEPTED: Readonly<Record<string, RegExp>> = {
  string: /^(VARCHAR|UUID|ENUM\(.*\))$/s,
  int64: /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(.*\))$/,
  float64: /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(.*\))$/,
  boolean: /^BOOLEAN$/,
};

/**
 * Holds what was read in `table` against what stands in the spine. Throws `KEY_TYPE_MISMATCH` or `INPUT_VALUE_INVALID`
 * naming the first row with a value that is not of its type. Only q must not be null.
 */
export async function checkColumns(
  session: Session,
  table: string,
  columns: readonly ReadColumn[],
  input: { readonly path: string; readonly typed: boolean },
): Promise<void> {
  for (const column of columns) {
    const { alias, type: actual } = column.from;
    const accepted = ACCEPTED[column.type];
    const wrongType = input.typed && accepted !== undefined && !accepted.test(actual);
    const bad = wrongType ? `${alias} IS NOT NULL` : `${alias} IS NOT NULL AND ${column.name} IS NULL`;
    const condition = column.role.kind === 'at' ? `${column.name} IS NULL` : bad;
    const [found] = await session.rows(
      `SELECT __row + 1 AS row, ${alias}::VARCHAR AS value FROM ${table} WHERE ${condition} ORDER BY __row LIMIT 1`,
    );
    if (found) throw wrongValue(column, found['row'] as bigint, found['value'] as string | null, wrongType, input.path);
  }
}

function wrongValue(
  { from, type, role }: ReadColumn,
  row: bigint,
  text: string | null,
  wrongType: boolean,
  path: string,
): AsofError {
  const value = from.type === 'JSON' ? (text ?? 'null') : JSON.stringify(text);
  if (role.kind !== 'key') {
    return new AsofError('INPUT_VALUE_INVALID', { where: 'spine', path, row, column: from.name, value, type });
  }
  return new AsofError('KEY_TYPE_MISMATCH', {
    where: `${path}, row ${row}`,
    key: from.name,
    actual: wrongType ? `${from.type} (${value})` : value,
    entity: role.entity,
    expected: type,
  });
}
