/** Which rows of a read are new: by what was taken before, and by primary key within the read. */
import type { DatabasePosition } from '../contracts/lake.ts';
import type { DatabaseSourceManifest } from '../contracts/manifest.ts';
import type { Session } from '../engine/engine.ts';
import { literalText, quoteIdentifier } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { newSeenFilePath } from '../lake/paths.ts';
import { PARQUET } from '../lake/tables.ts';
import type { FetchedRows } from '../sources/databases/fetched-rows.ts';
import { ROW_COLUMN, type Reading } from '../sources/source.ts';

/** `ROW_COLUMN`, `hash`, `position` (the cursor's value), `newest` (of its key) and `fresh`. */
const JUDGED_TABLE = 'judged';

/** FROM items with `ROW_COLUMN`: rows to take, and rows that were taken before or gave way to another of their key. */
export const FRESH_ROWS = `(SELECT ${ROW_COLUMN} FROM ${JUDGED_TABLE} WHERE fresh)`;
export const KNOWN_ROWS = `(SELECT ${ROW_COLUMN} FROM ${JUDGED_TABLE} WHERE NOT fresh)`;

export interface ReadRows {
  readonly source: DatabaseSourceManifest;
  readonly fetched: FetchedRows;
  readonly reading: Reading;
  /** Undefined before the first read. */
  readonly before: DatabasePosition | undefined;
}

/**
 * Judges each row. Of rows with one primary key the last by cursor stands for all; of those, and of all rows of a source without a
 * primary key, each copy beyond those that were taken before is new. What decides is the row's content, so that a row which
 * changed is new whatever its cursor says.
 */
export async function judgeRows(
  session: Session,
  lake: Lake,
  { source, fetched, reading, before }: ReadRows,
): Promise<void> {
  const { cursor } = source;
  const position = cursor === null ? 'NULL::BIGINT' : quoteIdentifier(cursor);
  const typed =
    cursor === null ? '' : `JOIN (SELECT ${ROW_COLUMN}, ${position} FROM (${reading.sql})) USING (${ROW_COLUMN})`;
  const keys = source.primaryKey.map((name) => fetched.aliasOf(fromOf(source, name)));
  const names = keys.map((_, index) => `key_${index}`);
  const keyed = keys.map((alias, index) => `, ${alias} AS ${names[index]}`).join('');
  // a key with a null in it is no identity
  const alone = names.map((name) => `${name} IS NULL`).join(' OR ');
  const rank = `row_number() OVER (PARTITION BY ${names.join(', ')} ORDER BY position DESC NULLS LAST, hash DESC, ${ROW_COLUMN})`;
  const newest = keys.length === 0 ? 'true' : `(${alone} OR ${rank} = 1)`;
  const seen =
    before === undefined
      ? "(SELECT '' AS hash, 0 AS copies WHERE false)"
      : `read_parquet(${literalText(await lake.checkedPath(before.seen))})`;
  await session.run(
    `CREATE TEMP TABLE ${JUDGED_TABLE} AS
     WITH told AS (SELECT ${ROW_COLUMN}, ${fetched.hash} AS hash, ${position} AS position${keyed} FROM ${fetched.table} ${typed}),
     ranked AS (SELECT ${ROW_COLUMN}, hash, position, ${newest} AS newest FROM told),
     counted AS (SELECT *, row_number() OVER (PARTITION BY hash, newest ORDER BY ${ROW_COLUMN}) AS copy FROM ranked)
     SELECT ${ROW_COLUMN}, hash, position, newest, newest AND copy > coalesce(copies, 0) AS fresh
     FROM counted LEFT JOIN ${seen} USING (hash)`,
  );
}

/** Where the next read goes on, with the rows that it will meet again: of a cursor those at its end, and those without one. */
export async function positionAfter(
  session: Session,
  lake: Lake,
  { source, fetched, before }: ReadRows,
): Promise<DatabasePosition> {
  const from = source.cursor === null ? null : fromOf(source, source.cursor);
  const value = from === null ? null : ((await lastValue(session, fetched, from)) ?? before?.value ?? null);
  const again = from === null ? 'true' : `(position IS NULL OR position = (SELECT max(position) FROM ${JUDGED_TABLE}))`;
  const { path } = newSeenFilePath(source.name);
  await session.run(
    `COPY (SELECT hash, count(*)::BIGINT AS copies FROM ${JUDGED_TABLE} WHERE newest AND ${again} GROUP BY hash ORDER BY hash)
     TO ${literalText(await lake.stagingPath(path))} ${PARQUET}`,
  );
  const facts = await lake.publish(path);
  const [counted] = await session.rows(
    `SELECT count(DISTINCT hash) AS n FROM ${JUDGED_TABLE} WHERE newest AND ${again}`,
  );
  return { cursor: from, value, seen: { path, rows: Number(counted?.['n']), ...facts } };
}

async function lastValue(session: Session, fetched: FetchedRows, from: string): Promise<string | null> {
  const [row] = await session.rows(
    `SELECT ${fetched.aliasOf(from)} AS value FROM ${fetched.table} JOIN ${JUDGED_TABLE} USING (${ROW_COLUMN})
     WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1`,
  );
  return (row?.['value'] as string | undefined) ?? null;
}

function fromOf({ columns }: DatabaseSourceManifest, name: string): string {
  return columns.find((column) => column.name === name)?.from ?? name;
}
