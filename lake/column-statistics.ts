/** Bounds and null counts of a file's columns: what lets a reader leave the file out. */
import { STATISTICS_COLUMNS, type ColumnStatistics } from '../contracts/lake.ts';
import type { StoredType } from '../contracts/values.ts';
import type { EngineRow, Session } from '../engine/engine.ts';
import { literalText, quoteIdentifier } from '../engine/sql.ts';

/** Characters of text that a bound keeps. */
const BOUND_CHARACTERS = 64;
/** The greatest character: a prefix with it behind stands above all text that continues the prefix otherwise. */
const GREATEST = '\u{10FFFF}';

type Column = { readonly name: string; readonly type: StoredType };

/** The statistics of a Parquet file, with the values of further aggregates over its rows. */
export async function measureColumns(
  session: Session,
  localPath: string,
  columns: readonly Column[],
  aggregates: readonly string[],
): Promise<{ readonly row: EngineRow; readonly statistics: readonly ColumnStatistics[] }> {
  const [row] = await session.rows(
    `SELECT ${[...aggregates, ...statisticsSelect(columns)].join(', ')} FROM read_parquet(${literalText(localPath)})`,
  );
  const sizes = await session.rows(
    `SELECT path_in_schema AS path, sum(total_compressed_size)::BIGINT AS bytes
     FROM parquet_metadata(${literalText(localPath)}) GROUP BY 1`,
  );
  const bytesOf = (name: string): number =>
    sizes
      // the values of a list stand below its name
      .filter(({ path }) => path === name || String(path).startsWith(`${name}, `))
      .reduce((sum, { bytes }) => sum + Number(bytes), 0);
  return { row: row!, statistics: readStatistics(columns, row!, bytesOf) };
}

function statisticsSelect(columns: readonly Column[]): readonly string[] {
  return columns.slice(0, STATISTICS_COLUMNS).flatMap(({ name, type }, index) => {
    const column = quoteIdentifier(name);
    const nulls = `count(*) FILTER (${column} IS NULL) AS stat_nulls_${index}`;
    if (!hasBounds(type)) return [nulls];
    const [least, greatest] = [`min(${column})`, `max(${column})`].map((bound) =>
      // one character more than is kept tells whether text was cut
      type === 'string' ? `left(${bound}, ${BOUND_CHARACTERS + 1})` : bound,
    );
    return [nulls, `${least} AS stat_min_${index}`, `${greatest} AS stat_max_${index}`];
  });
}

function readStatistics(
  columns: readonly Column[],
  row: EngineRow,
  bytesOf: (name: string) => number,
): readonly ColumnStatistics[] {
  return columns.slice(0, STATISTICS_COLUMNS).map(({ name, type }, index) => {
    const nulls = Number(row[`stat_nulls_${index}`]);
    const bytes = bytesOf(name);
    if (!hasBounds(type)) return { name, nulls, bytes, min: null, max: null };
    const bound = (which: 'min' | 'max'): string | null => boundText(row[`stat_${which}_${index}`], which);
    return { name, nulls, bytes, min: bound('min'), max: bound('max') };
  });
}

/** Floating point columns are no keys, and NaN would make their bounds a matter of convention. */
function hasBounds(type: StoredType): boolean {
  return type === 'string' || type === 'int64' || type === 'boolean' || type === 'timestamp';
}

function boundText(value: EngineRow[string] | undefined, which: 'min' | 'max'): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'string') return String(value);
  const characters = [...value];
  if (characters.length <= BOUND_CHARACTERS) return value;
  const prefix = characters.slice(0, BOUND_CHARACTERS).join('');
  if (which === 'min') return prefix;
  return characters[BOUND_CHARACTERS] === GREATEST ? null : prefix + GREATEST;
}
