/** The states of columns, read by the engine: one pass for what single values add up to, and one a column for each sketch. */
import { APPROX_COUNT_DISTINCT, DISTINCT_HASHES } from '../../aggregates/distinct.ts';
import { distinctHashSql } from '../../aggregates/distinct-hash.ts';
import { bucketCode } from '../../aggregates/quantile-bucket.ts';
import { bucketValueSql } from '../../aggregates/quantile-bucket-sql.ts';
import type { ColumnState, FrequentValues } from '../../contracts/statistics.ts';
import type { StoredType } from '../../contracts/values.ts';
import type { EngineValue, Session } from '../../engine/engine.ts';
import { quoteIdentifier } from '../../engine/sql.ts';
import { encodeBuckets, encodeHashes } from './column-state.ts';
import { COUNTED_VALUES, keepFrequent, NO_VALUES } from './frequent-values.ts';
import { NO_MOMENTS } from './stored-moments.ts';

export interface MeasuredColumn {
  readonly name: string;
  readonly type: StoredType;
  /** Its values are of persons: none of them is kept, neither as a bound nor as a frequent one. */
  readonly isPersonal: boolean;
}

/** Characters of text that are kept, and by which frequent texts are told apart. */
const KEPT_CHARACTERS = 200;
/** Beyond it the engine refuses squares. */
const LARGEST_SPREAD = 1e150;
const HASH_OFFSET = 2n ** 63n;

/**
 * By position the states of the columns of a FROM item, which is read several times: a table, or files, but nothing that is
 * computed at each look.
 */
export async function readStates(
  session: Session,
  relation: string,
  columns: readonly MeasuredColumn[],
): Promise<readonly ColumnState[]> {
  const [facts = {}] = await session.rows(factsSql(relation, columns));
  const states: ColumnState[] = [];
  for (const [index, column] of columns.entries()) {
    const fact = (name: string): EngineValue => facts[`${name}_${index}`] ?? null;
    states.push({
      ...bounds(column, fact('least'), fact('greatest')),
      type: column.type,
      rows: Number(facts['rows']),
      nulls: Number(facts['rows']) - Number(fact('present')),
      nan: Number(fact('nan') ?? 0),
      infinite: Number(fact('infinite') ?? 0),
      moments: isNumeric(column.type) ? momentsOf(fact('count'), fact('mean'), fact('squares')) : NO_MOMENTS,
      buckets: await readBuckets(session, relation, column),
      hashes: await readHashes(session, relation, column),
      top: await readFrequent(session, relation, column),
    });
  }
  return states;
}

function factsSql(relation: string, columns: readonly MeasuredColumn[]): string {
  const facts = columns.flatMap((column, index) =>
    Object.entries(factsOf(column)).map(([name, sql]) => `${sql} AS ${name}_${index}`),
  );
  return `SELECT ${['count(*) AS rows', ...facts].join(', ')} FROM ${relation}`;
}

function factsOf({ name, type }: MeasuredColumn): Readonly<Record<string, string>> {
  const column = quoteIdentifier(name);
  const present = { present: `count(${column})` };
  if (!isNumeric(type)) {
    if (type === 'string') return { ...present, least: cut(`min(${column})`), greatest: cut(`max(${column})`) };
    return type === 'timestamp' ? { ...present, least: `min(${column})`, greatest: `max(${column})` } : present;
  }
  const value = finiteSql(column, type);
  const number = `(${value})::DOUBLE`;
  const huge = `abs(${number}) > ${LARGEST_SPREAD}`;
  return {
    ...present,
    ...(type === 'float64' && {
      nan: `count(*) FILTER (isnan(${column}))`,
      infinite: `count(*) FILTER (isinf(${column}))`,
    }),
    least: `min(${value})`,
    greatest: `max(${value})`,
    count: `count(${value})`,
    mean: `favg(${number})`,
    squares: `CASE WHEN NOT bool_or(${huge}) THEN var_pop(${number}) FILTER (NOT (${huge})) * count(${value}) END`,
  };
}

async function readBuckets(
  session: Session,
  relation: string,
  { name, type }: MeasuredColumn,
): Promise<ColumnState['buckets']> {
  if (!isNumeric(type)) return [];
  const value = `(${finiteSql(quoteIdentifier(name), type)})::DOUBLE`;
  const rows = await session.rows(
    `SELECT ${bucketValueSql('x')} AS bucket, count(*) AS n FROM (SELECT ${value} AS x FROM ${relation})
     WHERE x IS NOT NULL GROUP BY bucket`,
  );
  return encodeBuckets(new Map(rows.map(({ bucket, n }) => [bucketCode(Number(bucket)), Number(n)])));
}

async function readHashes(session: Session, relation: string, { name, type }: MeasuredColumn): Promise<string> {
  if (type.endsWith(']')) return encodeHashes(APPROX_COUNT_DISTINCT.empty());
  const column = quoteIdentifier(name);
  const rows = await session.rows(
    `SELECT DISTINCT hash FROM (SELECT ${distinctHashSql(column, type)} AS hash FROM ${relation})
     WHERE hash IS NOT NULL ORDER BY hash LIMIT ${DISTINCT_HASHES}`,
  );
  return encodeHashes(rows.map(({ hash }) => BigInt(hash as bigint) + HASH_OFFSET));
}

async function readFrequent(
  session: Session,
  relation: string,
  { name, type, isPersonal }: MeasuredColumn,
): Promise<FrequentValues> {
  if (isPersonal || (type !== 'string' && type !== 'boolean')) return NO_VALUES;
  const rows = await session.rows(
    `SELECT value, count(*) AS n FROM (SELECT ${categorySql(quoteIdentifier(name))} AS value FROM ${relation})
     WHERE value IS NOT NULL GROUP BY value ORDER BY n DESC, value LIMIT ${COUNTED_VALUES + 1}`,
  );
  return keepFrequent(rows.map(({ value, n }) => [String(value), Number(n)]));
}

/** A text or boolean as it is told apart from others. */
export function categorySql(column: string): string {
  return cut(`${column}::VARCHAR`);
}

/** Null in place of NaN and infinities. */
export function finiteSql(column: string, type: StoredType): string {
  return type === 'float64' ? `CASE WHEN isfinite(${column}) THEN ${column} END` : column;
}

export function isNumeric(type: StoredType): boolean {
  return type === 'int64' || type === 'float64';
}

function cut(text: string): string {
  return `left(${text}, ${KEPT_CHARACTERS})`;
}

function bounds({ isPersonal }: MeasuredColumn, min: EngineValue, max: EngineValue): Pick<ColumnState, 'min' | 'max'> {
  return isPersonal ? { min: null, max: null } : { min: boundOf(min), max: boundOf(max) };
}

function boundOf(value: EngineValue): string | number | null {
  if (typeof value === 'bigint') return value.toString();
  // JSON has no minus zero
  if (typeof value === 'number') return value + 0;
  return typeof value === 'string' ? value : null;
}

function momentsOf(count: EngineValue, mean: EngineValue, squares: EngineValue): ColumnState['moments'] {
  if (Number(count) === 0) return NO_MOMENTS;
  const held = (value: EngineValue): number | null =>
    typeof value === 'number' && Number.isFinite(value) ? value + 0 : null;
  return { count: Number(count), mean: held(mean), squares: held(squares) };
}
