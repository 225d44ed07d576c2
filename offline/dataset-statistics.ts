/** What the values of each column of a dataset look like, computed by the engine a few columns at a time. */
import type { ColumnStatistics, StatisticValue } from '../contracts/datasets.ts';
import { NAMED_QUANTILES } from '../contracts/statistics.ts';
import type { EngineRow, EngineValue, Session } from '../engine/engine.ts';
import { allRows, type DatasetColumn, type DatasetRows } from './dataset-rows.ts';
import { outputSql } from './output-sql.ts';

/** Values that a quantile may hold in memory at once; of more rows every k-th counts. */
const QUANTILE_VALUES = 20_000_000;
const MOST_COLUMNS_AT_ONCE = 100;
/** Most different values of a column whose frequent ones are listed, how many are listed, and of how many columns. */
const MOST_GROUPS = 100_000;
const TOP_VALUES = 10;
const MOST_TOP_COLUMNS = 500;
const LONGEST_TEXT = 200;

type Kind = 'number' | 'time' | 'text' | 'boolean' | 'other';

/** In the order of the columns. Each value is read two or three times. */
export async function describeColumns(
  session: Session,
  rows: DatasetRows,
  count: number,
): Promise<readonly ColumnStatistics[]> {
  const relation = allRows(rows);
  const atOnce = Math.min(Math.max(Math.floor(QUANTILE_VALUES / Math.max(count, 1)), 1), MOST_COLUMNS_AT_ONCE);
  const described: ColumnStatistics[] = [];
  let listed = 0;
  for (let start = 0; start < rows.columns.length; start += atOnce) {
    const columns = rows.columns.slice(start, start + atOnce);
    const shape = await readFacts(session, relation, columns.map(shapeSql));
    const spread = await readFacts(
      session,
      relation,
      columns.map((column, index) => spreadSql(column, shape[index]!, count)),
    );
    for (const [index, column] of columns.entries()) {
      const facts = { ...shape[index]!, ...spread[index]! };
      const lists = isListed(column, facts) && listed < MOST_TOP_COLUMNS;
      if (lists) listed += 1;
      described.push({
        ...statisticsOf(column, facts, count),
        top: lists ? await topValues(session, relation, column) : null,
      });
    }
  }
  return described;
}

/** Fact to expression, for one column. */
type FactSql = Readonly<Record<string, string>>;

async function readFacts(session: Session, relation: string, facts: readonly FactSql[]): Promise<readonly EngineRow[]> {
  const list = facts.flatMap((one, index) => Object.entries(one).map(([name, sql]) => `${sql} AS ${name}_${index}`));
  const [row = {}] = list.length === 0 ? [{}] : await session.rows(`SELECT ${list.join(', ')} FROM ${relation}`);
  return facts.map((one, index) =>
    Object.fromEntries(Object.keys(one).map((name) => [name, row[`${name}_${index}`]!])),
  );
}

function shapeSql(column: DatasetColumn): FactSql {
  const { alias } = column;
  const kind = kindOf(column);
  const value = finite(column);
  const shape = { count: `count(${alias})` };
  switch (kind) {
    case 'number':
      return {
        ...shape,
        infinite: `count(${alias}) - count(${value})`,
        distinct: `approx_count_distinct(${alias})`,
        mean: `avg(${value}::DOUBLE)`,
        least: `min(${value})`,
        greatest: `max(${value})`,
      };
    case 'time':
      return {
        ...shape,
        distinct: `approx_count_distinct(${alias})`,
        least: timeSql(`min(${alias})`, column),
        greatest: timeSql(`max(${alias})`, column),
      };
    case 'text':
    case 'boolean': {
      const text = (sql: string): string => (kind === 'text' ? `left(${sql}::VARCHAR, ${LONGEST_TEXT})` : sql);
      return {
        ...shape,
        distinct: `approx_count_distinct(${alias})`,
        least: text(`min(${alias})`),
        greatest: text(`max(${alias})`),
      };
    }
    case 'other':
      return shape;
  }
}

/** Beyond these the deviation leaves the range of floats, and the engine refuses it. */
const LARGEST_SPREAD = 1e150;

function spreadSql(column: DatasetColumn, shape: EngineRow, rows: number): FactSql {
  const kind = kindOf(column);
  if (kind !== 'number' && kind !== 'time') return {};
  const every = Math.ceil(rows / QUANTILE_VALUES);
  const value = kind === 'number' ? finite(column) : column.alias;
  const chosen = every <= 1 ? value : `CASE WHEN __row % ${every} = 0 THEN ${value} END`;
  const quantiles = `quantile_disc(${chosen}, [${Object.values(NAMED_QUANTILES).join(', ')}])`;
  if (kind === 'time') return { quantiles: `list_transform(${quantiles}, lambda q: ${timeSql('q', column)})` };
  const largest = Math.max(Math.abs(Number(shape['least'] ?? 0)), Math.abs(Number(shape['greatest'] ?? 0)));
  return { quantiles, ...(largest < LARGEST_SPREAD && { std: `stddev_samp(${value}::DOUBLE)` }) };
}

function statisticsOf({ name, type }: DatasetColumn, facts: EngineRow, rows: number): Omit<ColumnStatistics, 'top'> {
  const count = Number(facts['count'] ?? 0);
  const quantiles = facts['quantiles'] as readonly EngineValue[] | null | undefined;
  return {
    name,
    type,
    count,
    nulls: rows - count,
    nonFinite: Number(facts['infinite'] ?? 0),
    distinct: facts['distinct'] === undefined ? null : Number(facts['distinct']),
    mean: finiteNumber(facts['mean']),
    std: finiteNumber(facts['std']),
    min: statisticValue(facts['least']),
    max: statisticValue(facts['greatest']),
    quantiles: quantiles
      ? Object.fromEntries(Object.keys(NAMED_QUANTILES).map((key, index) => [key, statisticValue(quantiles[index])]))
      : null,
  };
}

function isListed(column: DatasetColumn, facts: EngineRow): boolean {
  const kind = kindOf(column);
  return (kind === 'text' || kind === 'boolean') && Number(facts['distinct'] ?? 0) <= MOST_GROUPS;
}

async function topValues(session: Session, relation: string, column: DatasetColumn): Promise<ColumnStatistics['top']> {
  const { alias } = column;
  const rows = await session.rows(
    `SELECT ${alias} AS value, count(*) AS n FROM ${relation} WHERE ${alias} IS NOT NULL ` +
      `GROUP BY ${alias} ORDER BY n DESC, ${alias} LIMIT ${TOP_VALUES}`,
  );
  return rows.map((row) => ({ value: statisticValue(row['value']), count: Number(row['n']) }));
}

const NUMBER = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(.*\))$/;
const TIME = /^(TIMESTAMP(_[A-Z]+| WITH TIME ZONE)?|DATE)$/;
const TEXT = /^(VARCHAR|UUID|ENUM\(.*\))$/s;

function kindOf({ type }: DatasetColumn): Kind {
  if (NUMBER.test(type)) return 'number';
  if (TIME.test(type)) return 'time';
  if (TEXT.test(type)) return 'text';
  return type === 'BOOLEAN' ? 'boolean' : 'other';
}

function finite({ alias, type }: DatasetColumn): string {
  return type === 'FLOAT' || type === 'DOUBLE' ? `CASE WHEN isfinite(${alias}) THEN ${alias} END` : alias;
}

function timeSql(value: string, { type }: DatasetColumn): string {
  return outputSql(value, type, 'csv');
}

function finiteNumber(value: EngineValue | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function statisticValue(value: EngineValue | undefined): StatisticValue {
  if (value === undefined || value === null || Array.isArray(value)) return null;
  if (typeof value === 'bigint') {
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value.toString();
  }
  if (typeof value === 'string') return value.slice(0, LONGEST_TEXT);
  return value as number | boolean;
}
