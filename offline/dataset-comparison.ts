/** Which values differ between two tables of rows that are paired by place or by key. */
import type { FileReference } from '../contracts/lake.ts';
import type { EngineValue, Session } from '../engine/engine.ts';
import { literalText } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { recorded } from '../lake/recorded-file.ts';
import { allRows, type DatasetColumn, type DatasetRows } from './dataset-rows.ts';
import { outputSql } from './output-sql.ts';
import { keyColumnName } from './spine-columns.ts';

/** A dataset's rows with the copy of its spine, which has the typed keys and times. */
export interface PairedSide {
  readonly rows: DatasetRows;
  readonly count: number;
  readonly spine: FileReference;
  /** The spine's columns with the keys, in order. */
  readonly keys: readonly string[];
}

/** `position`: the same place. `key`: the same keys and time; of rows that share them, the first with the first, and so on. */
export type Pairing = 'position' | 'key';

export interface ColumnComparison {
  readonly name: string;
  /** Paired rows whose values differ; null when the types do, so that no value is compared. NaN equals NaN. */
  readonly changed: number | null;
  /** The first of them, by place in the first table. */
  readonly examples: readonly ValueChange[];
}

export interface ValueChange {
  /** 1-based, in each table. */
  readonly rows: readonly [number, number];
  /** As CSV shows it. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface RowComparison {
  readonly pairing: Pairing;
  readonly paired: number;
  readonly onlyInFirst: number;
  readonly onlyInSecond: number;
  /** Columns that both tables have, with a change. */
  readonly columns: readonly ColumnComparison[];
}

const COLUMNS_AT_ONCE = 100;
const COLUMNS_WITH_EXAMPLES = 50;
const EXAMPLES = 3;

export async function compareRows(
  session: Session,
  lake: Lake,
  a: PairedSide,
  b: PairedSide,
  pairing: Pairing,
): Promise<RowComparison> {
  await createPairs(session, lake, a, b, pairing);
  const [counted] = await session.rows('SELECT count(*) AS n FROM __pairs');
  const paired = Number(counted!['n']);
  const common = a.rows.columns.flatMap((column) => {
    const other = b.rows.columns.find(({ name }) => name === column.name);
    return other ? [{ column, other }] : [];
  });
  const joined = `${allRows(a.rows)} a JOIN __pairs p ON a.__row = p.a JOIN ${allRows(b.rows)} b ON b.__row = p.b`;
  const counts = await countChanges(session, joined, common);
  const columns: ColumnComparison[] = [];
  for (const [index, { column, other }] of common.entries()) {
    const changed = counts[index]!;
    if (changed === 0) continue;
    const shown = changed === null || columns.length >= COLUMNS_WITH_EXAMPLES;
    const examples = shown ? [] : await readExamples(session, joined, column, other);
    columns.push({ name: column.name, changed, examples });
  }
  await session.run('DROP TABLE __pairs');
  return { pairing, paired, onlyInFirst: a.count - paired, onlyInSecond: b.count - paired, columns };
}

interface CommonColumn {
  readonly column: DatasetColumn;
  readonly other: DatasetColumn;
}

/** `__pairs`: places `a` and `b` of the rows that belong together. */
async function createPairs(
  session: Session,
  lake: Lake,
  a: PairedSide,
  b: PairedSide,
  pairing: Pairing,
): Promise<void> {
  if (pairing === 'position') {
    await session.run(
      `CREATE TEMP TABLE __pairs AS SELECT range AS a, range AS b FROM range(${Math.min(a.count, b.count)})`,
    );
    return;
  }
  const numbered = async ({ spine, keys }: PairedSide): Promise<string> => {
    const relation = `read_parquet(${literalText(await lake.checkedPath(recorded(spine)))})`;
    const texts = keys.map((_, index) => `${keyColumnName(index)}::VARCHAR AS k${index}`);
    const names = [...keys.map((_, index) => `k${index}`), '__at'];
    return (
      `SELECT *, row_number() OVER (PARTITION BY ${names.join(', ')} ORDER BY __row) AS n ` +
      `FROM (SELECT ${['__row', '__at', ...texts].join(', ')} FROM ${relation})`
    );
  };
  const equal = [...a.keys.map((_, index) => `k${index}`), '__at', 'n'].map(
    (name) => `x.${name} IS NOT DISTINCT FROM y.${name}`,
  );
  await session.run(
    `CREATE TEMP TABLE __pairs AS SELECT x.__row AS a, y.__row AS b ` +
      `FROM (${await numbered(a)}) x JOIN (${await numbered(b)}) y ON ${equal.join(' AND ')}`,
  );
}

async function countChanges(
  session: Session,
  joined: string,
  columns: readonly CommonColumn[],
): Promise<readonly (number | null)[]> {
  const counts: (number | null)[] = [];
  for (let start = 0; start < columns.length; start += COLUMNS_AT_ONCE) {
    const some = columns.slice(start, start + COLUMNS_AT_ONCE);
    const list = some.map(({ column, other }, index) => {
      const count = column.type === other.type ? `count(*) FILTER (${differs(column, other)})` : 'NULL::BIGINT';
      return `${count} AS n${index}`;
    });
    const [row] = await session.rows(`SELECT ${list.join(', ')} FROM ${joined}`);
    counts.push(...some.map((_, index) => asCount(row![`n${index}`]!)));
  }
  return counts;
}

async function readExamples(
  session: Session,
  joined: string,
  column: DatasetColumn,
  other: DatasetColumn,
): Promise<readonly ValueChange[]> {
  const before = outputSql(`a.${column.alias}`, column.type, 'csv');
  const after = outputSql(`b.${other.alias}`, other.type, 'csv');
  const rows = await session.rows(
    `SELECT p.a AS a, p.b AS b, ${before} AS before, ${after} AS after FROM ${joined} ` +
      `WHERE ${differs(column, other)} ORDER BY p.a LIMIT ${EXAMPLES}`,
  );
  return rows.map((row) => ({
    rows: [Number(row['a']) + 1, Number(row['b']) + 1],
    before: row['before'] as string | null,
    after: row['after'] as string | null,
  }));
}

function differs(column: DatasetColumn, other: DatasetColumn): string {
  return `a.${column.alias} IS DISTINCT FROM b.${other.alias}`;
}

function asCount(value: EngineValue): number | null {
  return value === null ? null : Number(value);
}
