/** JSON Lines: one object a line. Values come as text with every digit they were written with. */
import { AsofError } from '../contracts/errors.ts';
import type { Session } from '../engine/engine.ts';
import { literalText, literalTextList } from '../engine/sql.ts';
import { compareBytes } from './glob.ts';
import { columnAlias, type RawColumn, type RawRelation } from './raw-relation.ts';
import { RAW_COLUMN, ROW_COLUMN } from './source.ts';

/** What is read, and what errors call it. */
export interface JsonRows {
  readonly where: string;
  readonly path: string;
  /** Names of the columns when there is no row to take them from. */
  readonly expected: readonly string[];
  /** Names that are columns though no row may have them. @default none */
  readonly always?: readonly string[];
  /** An expression over the lines for the number of a row. @default its place */
  readonly row?: string;
}

export async function jsonlRelation(session: Session, rows: JsonRows, file: string): Promise<RawRelation> {
  return jsonRelation(session, rows, readLines(file));
}

/**
 * The relation of any rows of JSON objects. `lines` is a FROM item with a column `json`. Throws `INPUT_ROW_INVALID` for
 * a row that is not an object.
 */
export async function jsonRelation(session: Session, rows: JsonRows, lines: string): Promise<RawRelation> {
  const columns = await jsonColumns(session, rows, lines);
  const pointers = literalTextList(columns.map(({ name }) => pointerTo(name)));
  const list = columns.map(({ alias }, index) => `v[${index + 1}] AS ${alias}`);
  const values = columns.length === 0 ? 'NULL' : `json_extract_string(json, ${pointers})`;
  const row = `${rows.row ?? 'row_number() OVER () - 1'} AS ${ROW_COLUMN}`;
  return {
    sql: `SELECT ${[ROW_COLUMN, ...list].join(', ')} FROM (SELECT ${row}, ${values} AS v FROM ${lines})`,
    columns,
    jsonSql: `SELECT ${row}, json::VARCHAR AS ${RAW_COLUMN} FROM ${lines}`,
  };
}

export async function countJsonl(session: Session, path: string): Promise<number> {
  const [row] = await session.rows(`SELECT count(*) AS n FROM ${readLines(path)}`);
  return Number(row?.['n']);
}

function readLines(path: string): string {
  return `read_ndjson_objects(${literalText(path)})`;
}

async function jsonColumns(
  session: Session,
  { where, path, expected, always = [] }: JsonRows,
  lines: string,
): Promise<readonly RawColumn[]> {
  const numbered = `SELECT row_number() OVER () AS row, json, json_type(json) = 'OBJECT' AS object FROM ${lines}`;
  const [found] = await session.rows(
    `SELECT count(*) AS rows, min(row) FILTER (NOT object) AS bad, list(DISTINCT keys) FILTER (object) AS keys
     FROM (SELECT row, object, CASE WHEN object THEN json_keys(json) END AS keys FROM (${numbered}))`,
  );
  const bad = found?.['bad'] ?? null;
  if (bad !== null) {
    throw new AsofError('INPUT_ROW_INVALID', { where, path, row: bad as bigint, problem: 'it is not a JSON object' });
  }
  const keys = (found?.['keys'] ?? []) as readonly (readonly string[])[];
  const names = new Set([...always, ...(found?.['rows'] === 0n ? expected : keys.flat())]);
  return [...names].sort(compareBytes).map((name, index) => ({ name, alias: columnAlias(index), type: 'VARCHAR' }));
}

/** A JSON Pointer (RFC 6901) to a member of the top object. */
function pointerTo(name: string): string {
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
