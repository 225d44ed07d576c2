/** Rows of a database in a temporary table, as text, in the order in which they came. */
import type { DatabaseSourceManifest } from '../../contracts/manifest.ts';
import type { Session } from '../../engine/engine.ts';
import { literalText } from '../../engine/sql.ts';
import { columnAlias, jsonOfColumns, type RawColumn, type RawRelation } from '../raw-relation.ts';
import { ROW_COLUMN } from '../source.ts';
import type { ColumnContent, DatabaseColumn, DatabaseConnection, RowSelection } from './connection.ts';

const FETCHED_TABLE = 'fetched';

/** Types in which values are kept; of all others the text is, with every digit. */
const TYPES: Readonly<Partial<Record<ColumnContent, string>>> = {
  integer: 'BIGINT',
  float: 'DOUBLE',
  boolean: 'BOOLEAN',
};

export interface FetchedRows {
  readonly rows: number;
  /** With typed values: what a file of these rows holds. */
  readonly relation: RawRelation;
  /** An expression over `FETCHED_TABLE` and the relation alike: the column's text in the one, its value in the other. */
  aliasOf(from: string): string;
  /** A FROM item with `ROW_COLUMN` and the text of the columns under their aliases. */
  readonly table: string;
  /** MD5 of a row: its names and values, without nulls, so that a new column changes no row that has nothing there. */
  readonly hash: string;
}

/** Takes all rows of a selection; the engine bounds what is held of them in memory. */
export async function fetchRows(
  session: Session,
  connection: DatabaseConnection,
  selection: RowSelection,
  progress?: (rows: number) => void,
): Promise<FetchedRows> {
  const columns = selection.columns.map(rawColumn);
  const typed = columns.map(({ alias }) => `${alias} VARCHAR`);
  await session.run(`CREATE TEMP TABLE ${FETCHED_TABLE} (${[`${ROW_COLUMN} BIGINT`, ...typed].join(', ')})`);
  let rows = 0;
  for await (const batch of connection.rows(selection)) {
    await session.append(FETCHED_TABLE, [
      { values: BigInt64Array.from(batch, (_, index) => BigInt(rows + index)) },
      ...columns.map((_, index) => ({ values: batch.map((row) => row[index] ?? null) })),
    ]);
    rows += batch.length;
    progress?.(rows);
  }
  const values = columns.map(({ alias, type }) => `${alias}::${type} AS ${alias}`);
  const sql = `SELECT ${[ROW_COLUMN, ...values].join(', ')} FROM ${FETCHED_TABLE}`;
  const aliases = new Map(columns.map(({ name, alias }) => [name, alias]));
  return {
    rows,
    relation: { sql, columns, jsonSql: jsonOfColumns(sql, columns) },
    aliasOf: (from) => aliases.get(from) ?? 'NULL',
    table: FETCHED_TABLE,
    hash: hashOf(columns),
  };
}

/** What to ask for: the declared columns alone where the contract drops the others. */
export function selectedColumns(
  source: DatabaseSourceManifest,
  columns: readonly DatabaseColumn[],
): readonly DatabaseColumn[] {
  if (source.contract.columns !== 'discard') return columns;
  const declared = new Set(source.columns.map(({ from }) => from));
  return columns.filter(({ name }) => declared.has(name));
}

function rawColumn({ name, content }: DatabaseColumn, index: number): RawColumn {
  return { name, alias: columnAlias(index), type: TYPES[content] ?? 'VARCHAR' };
}

function hashOf(columns: readonly RawColumn[]): string {
  const members = [...columns]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(
      ({ name, alias }) =>
        `CASE WHEN ${alias} IS NOT NULL THEN json_array(${literalText(name)}, ${alias})::VARCHAR END`,
    );
  return `md5(concat_ws(chr(10), ${members.join(', ')}))`;
}
