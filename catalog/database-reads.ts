/** How far the source of a database has read: one row for each commit that has read it. */
import type { Commit } from './catalog.ts';
import type { CommitPlace } from './conflicts.ts';
import type { CatalogTransaction, Queries } from './database.ts';
import { tableName } from './rows.ts';
import { AsofError } from '../contracts/errors.ts';
import type { DatabasePosition } from '../contracts/lake.ts';

/** A position with the snapshot that reached it. */
export type ReachedPosition = DatabasePosition & { readonly snapshot: number };

/**
 * Moves the position. A commit goes on from the newest one, so that of two runs that read the same rows one is a
 * `COMMIT_CONFLICT`. The table is locked.
 */
export async function appendDatabaseRead(tx: CatalogTransaction, commit: Commit, place: CommitPlace): Promise<void> {
  if (commit.databaseRead === undefined) return;
  const { after, position } = commit.databaseRead;
  const newest = await databasePositionOf(tx, place.tableId);
  if ((newest?.snapshot ?? 0) !== after) {
    throw new AsofError('COMMIT_CONFLICT', { table: tableName(commit.table), base: commit.base });
  }
  await tx
    .insertInto('database_reads')
    .values({
      table_id: place.tableId,
      snapshot: place.snapshot,
      cursor_column: position.cursor,
      cursor_value: position.value,
      seen_path: position.seen.path,
      seen_rows: BigInt(position.seen.rows),
      seen_bytes: BigInt(position.seen.bytes),
      seen_checksum: position.seen.checksum,
    })
    .execute();
}

export async function databasePositionOf(db: Queries, tableId: number): Promise<ReachedPosition | undefined> {
  const row = await db
    .selectFrom('database_reads')
    .selectAll()
    .where('table_id', '=', tableId)
    .orderBy('snapshot', 'desc')
    .limit(1)
    .executeTakeFirst();
  return (
    row && {
      snapshot: row.snapshot,
      cursor: row.cursor_column,
      value: row.cursor_value,
      seen: {
        path: row.seen_path,
        rows: Number(row.seen_rows),
        bytes: Number(row.seen_bytes),
        checksum: row.seen_checksum,
      },
    }
  );
}
