/** The one transaction that makes work real. Files without it do not exist for readers. */
import type { Commit, CommitResult, LedgerAppend } from './catalog.ts';
import type { CommitPlace } from './conflicts.ts';
import { appendDatabaseRead } from './database-reads.ts';
import { endFiles, endInputs, refuseOvertakenIntervals, refuseRepeatedInputs } from './conflicts.ts';
import type { CatalogTransaction, Queries } from './database.ts';
import { insertLedger, insertLineage, insertRows } from './insert.ts';
import { endQuarantined } from './quarantine-ends.ts';
import { conservationRow, fileRow, inputRow, tableName } from './rows.ts';
import { appendTopicRanges } from './topic-ranges.ts';
import { AsofError } from '../contracts/errors.ts';
import type { DataFile, Snapshot, TableKey } from '../contracts/lake.ts';

/**
 * Writes the snapshot and everything that belongs to it. The same idempotency key answers with its first result, also
 * when two calls race. Throws `COMMIT_CONFLICT` by the rules of conflicts.ts.
 */
export async function writeCommit(tx: CatalogTransaction, commit: Commit): Promise<CommitResult> {
  const tableId = await lockTable(tx, commit.table);
  const earlier = await findCommit(tx, commit.idempotencyKey);
  if (earlier) return repeatedResult(commit, tableId, earlier);

  const head = await headOf(tx, tableId);
  refuseFutureBase(commit, head);
  const place = { tableId, snapshot: head + 1 };
  const rowsAdded = rowsOf(commit.add);
  await insertSnapshot(tx, commit, place, rowsAdded, commit.idempotencyKey);

  const ended = await endFiles(tx, commit, place);
  if (ended.rows > 0n) {
    await tx
      .updateTable('snapshots')
      .set({ rows_removed: ended.rows })
      .where('table_id', '=', tableId)
      .where('id', '=', place.snapshot)
      .execute();
  }
  await endInputs(tx, commit, place);
  await refuseRepeatedInputs(tx, commit, place);
  await refuseOvertakenIntervals(tx, commit);
  await appendTopicRanges(tx, commit, place);
  await appendDatabaseRead(tx, commit, place);
  const { table, runId, replayed = [] } = commit;
  await endQuarantined(tx, { table, tableId, runId, ranges: replayed, snapshot: place.snapshot });

  await insertContents(tx, commit, place, bringsRows(commit) ? null : ended.rowsFrom);
  await insertLedger(tx, withSourceSnapshot(commit, place.snapshot), place.snapshot);
  await insertLineage(tx, commit.table.project, commit.lineage);
  await commitQuarantine(tx, commit);
  return { snapshot: place.snapshot, repeated: false };
}

/** The commit that used this key, if any. */
export async function findCommit(
  db: Queries,
  idempotencyKey: string,
): Promise<{ readonly tableId: number; readonly snapshot: number } | undefined> {
  return db
    .selectFrom('snapshots')
    .select(['table_id as tableId', 'id as snapshot'])
    .where('idempotency_key', '=', idempotencyKey)
    .executeTakeFirst();
}

/** The table's id; creates its row when missing. The row stays locked until the end, so committers form a queue. */
export async function lockTable(tx: CatalogTransaction, table: TableKey): Promise<number> {
  const row = await tx
    .insertInto('tables')
    .values({ project: table.project, kind: table.kind, name: table.name, version: table.version })
    // an update of nothing: it locks the row, and returns it, whether it is new or not
    .onConflict((conflict) => conflict.constraint('tables_key').doUpdateSet({ name: table.name }))
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

/** The newest snapshot of a table, 0 when it has none. */
export async function headOf(db: Queries, tableId: number): Promise<number> {
  const row = await db
    .selectFrom('snapshots')
    .select((eb) => eb.fn.max('id').as('head'))
    .where('table_id', '=', tableId)
    .executeTakeFirst();
  return (row?.head as number | null | undefined) ?? 0;
}

async function insertSnapshot(
  tx: CatalogTransaction,
  commit: { readonly operation: Snapshot['operation']; readonly runId: string },
  place: CommitPlace,
  rowsAdded: bigint,
  idempotencyKey: string | null,
): Promise<void> {
  await tx
    .insertInto('snapshots')
    .values({
      table_id: place.tableId,
      id: place.snapshot,
      operation: commit.operation,
      run_id: commit.runId,
      rows_added: rowsAdded,
      rows_removed: 0n,
      idempotency_key: idempotencyKey,
    })
    .execute();
}

/** A compaction and an expiry write rows again that earlier snapshots brought. */
function bringsRows({ operation }: Commit): boolean {
  return operation === 'append' || operation === 'replace';
}

async function insertContents(
  tx: CatalogTransaction,
  commit: Commit,
  place: CommitPlace,
  rowsFrom: number | null,
): Promise<void> {
  const { tableId, snapshot } = place;
  await insertRows(
    tx,
    'files',
    commit.add.map((file) => fileRow(file, tableId, snapshot, rowsFrom)),
  );
  await insertRows(
    tx,
    'inputs',
    commit.inputs.map((input) => inputRow(input, tableId, snapshot)),
  );
  await insertRows(
    tx,
    'removed_sequences',
    commit.removedSequences.map(({ start, end }) => ({
      table_id: tableId,
      snapshot,
      sequence_start: start,
      sequence_end: end,
    })),
  );
  await insertRows(
    tx,
    'conservation',
    commit.conservation.map((entry) => conservationRow(entry, tableId, snapshot)),
  );
}

/** Bad rows become a snapshot of the source's quarantine table, in the same transaction. */
async function commitQuarantine(tx: CatalogTransaction, commit: Commit): Promise<void> {
  if (commit.quarantine.length === 0) return;
  const table: TableKey = { ...commit.table, kind: 'quarantine', version: '' };
  const tableId = await lockTable(tx, table);
  const place = { tableId, snapshot: (await headOf(tx, tableId)) + 1 };
  await insertSnapshot(tx, { operation: 'append', runId: commit.runId }, place, rowsOf(commit.quarantine), null);
  await insertRows(
    tx,
    'files',
    commit.quarantine.map((file) => fileRow(file, place.tableId, place.snapshot)),
  );
}

/** Data of a source makes intervals dirty for readers of this snapshot, whose number only the commit knows. */
function withSourceSnapshot(commit: Commit, snapshot: number): readonly LedgerAppend[] {
  if (commit.table.kind !== 'source') return commit.ledger;
  return commit.ledger.map((entry) =>
    (entry.operation === 'dirty' || entry.operation === 'late') && entry.inputSnapshot === null
      ? { ...entry, inputSnapshot: snapshot }
      : entry,
  );
}

function repeatedResult(commit: Commit, tableId: number, earlier: CommitPlace): CommitResult {
  if (earlier.tableId !== tableId) throw new AsofError('IDEMPOTENCY_MISMATCH', { key: commit.idempotencyKey });
  return { snapshot: earlier.snapshot, repeated: true };
}

function refuseFutureBase(commit: Commit, head: number): void {
  if (commit.base <= head) return;
  const problem = `the commit is based on snapshot ${commit.base}, and the newest is ${head}`;
  throw new AsofError('CONFLICT', { where: tableName(commit.table), problem });
}

function rowsOf(files: readonly DataFile[]): bigint {
  return files.reduce((sum, file) => sum + BigInt(file.rows), 0n);
}
