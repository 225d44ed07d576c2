/**
 * When two commits on one table exclude each other. Both have read the table at their `base`; the second to commit:
 *
 * | its commit                         | conflicts when a commit after `base` …                                     |
 * |------------------------------------|-----------------------------------------------------------------------------|
 * | adds files                         | never                                                                       |
 * | removes a file or replaces an input | ended it (a replacement, a compaction)                                     |
 * | ingests an input                   | ingested an overlapping part of it, or another version of it                |
 * | reads messages of a topic           | read any of them                                                            |
 * | reads rows of a database            | read any rows of it                                                         |
 * | completes an interval              | completed an overlapping one, or made it dirty for a snapshot it has not read |
 */
import { sql } from 'kysely';
import type { Commit, LedgerAppend } from './catalog.ts';
import type { CatalogTransaction } from './database.ts';
import { tableName } from './rows.ts';
import { AsofError } from '../contracts/errors.ts';

/** Where a commit goes. */
export interface CommitPlace {
  readonly tableId: number;
  /** The snapshot that the commit makes. */
  readonly snapshot: number;
}

/** Files that a commit ended: their rows, and the snapshot that brought the newest of them. */
export interface EndedFiles {
  readonly rows: bigint;
  readonly rowsFrom: number;
}

/** Ends the commit's `remove` files. */
export async function endFiles(tx: CatalogTransaction, commit: Commit, place: CommitPlace): Promise<EndedFiles> {
  if (commit.remove.length === 0) return { rows: 0n, rowsFrom: 0 };
  const ended = await tx
    .updateTable('files')
    .set({ end_snapshot: place.snapshot })
    .where('table_id', '=', place.tableId)
    .where('id', '=', sql<string>`any(${[...commit.remove]}::text[])`)
    .where('end_snapshot', 'is', null)
    .returning(['rows', 'begin_snapshot', 'rows_from'])
    .execute();
  if (ended.length !== new Set(commit.remove).size) throw conflict(commit);
  return {
    rows: ended.reduce((sum, file) => sum + file.rows, 0n),
    rowsFrom: Math.max(...ended.map((file) => file.rows_from ?? file.begin_snapshot)),
  };
}

/** Ends the input versions that the commit replaces. */
export async function endInputs(tx: CatalogTransaction, commit: Commit, place: CommitPlace): Promise<void> {
  // a version that was ingested range by range is one version
  const versions = new Map(commit.replacedInputs.map((input) => [JSON.stringify([input.path, input.checksum]), input]));
  for (const { path, checksum } of versions.values()) {
    const ended = await tx
      .updateTable('inputs')
      .set({ end_snapshot: place.snapshot })
      .where('table_id', '=', place.tableId)
      .where('path', '=', path)
      .where('checksum', '=', checksum)
      .where('end_snapshot', 'is', null)
      .executeTakeFirstOrThrow();
    if (ended.numUpdatedRows === 0n) throw conflict(commit);
  }
}

/** Refuses an input that another run ingested since `base`: its rows would count twice. Runs after `endInputs`. */
export async function refuseRepeatedInputs(tx: CatalogTransaction, commit: Commit, place: CommitPlace): Promise<void> {
  if (commit.inputs.length === 0) return;
  const inputs = commit.inputs;
  const result = await sql`
    select 1 from asof.inputs i
    join unnest(
      ${inputs.map((input) => input.path)}::text[],
      ${inputs.map((input) => input.checksum)}::text[],
      ${inputs.map((input) => input.range?.from ?? null)}::int8[],
      ${inputs.map((input) => input.range?.to ?? null)}::int8[]
    ) as mine (path, checksum, range_from, range_to) on i.path = mine.path
    where i.table_id = ${place.tableId} and i.end_snapshot is null and i.begin_snapshot > ${commit.base}
      and (
        i.checksum <> mine.checksum or i.range_from is null or mine.range_from is null
        or (i.range_from < mine.range_to and mine.range_from < i.range_to)
      )
    limit 1`.execute(tx);
  if (result.rows.length > 0) throw conflict(commit);
}

/** Refuses an interval of the committed view that another run completed since `base`, or that new data overtook. */
export async function refuseOvertakenIntervals(tx: CatalogTransaction, commit: Commit): Promise<void> {
  const done = commit.ledger.filter((entry) => completes(commit, entry));
  if (done.length === 0) return;
  const { table, base } = commit;
  const result = await sql`
    select 1 from asof.ledger l
    join unnest(
      ${done.map((entry) => entry.range.from)}::int8[],
      ${done.map((entry) => entry.range.to)}::int8[],
      ${done.map((entry) => entry.inputSnapshot)}::int4[]
    ) as mine (range_from, range_to, input_snapshot)
      on l.range_from < mine.range_to and mine.range_from < l.range_to
    where l.project = ${table.project} and l.view = ${table.name} and l.fingerprint = ${table.version}
      and l.store = 'offline'
      and (
        (l.operation = 'done' and l.table_snapshot > ${base})
        or (l.operation in ('dirty', 'late') and l.input_snapshot > mine.input_snapshot)
      )
    limit 1`.execute(tx);
  if (result.rows.length > 0) throw conflict(commit);
}

function completes({ table }: Commit, entry: LedgerAppend): boolean {
  return (
    entry.operation === 'done' &&
    entry.store === 'offline' &&
    table.kind === 'view' &&
    entry.view === table.name &&
    entry.fingerprint === table.version
  );
}

function conflict(commit: Commit): AsofError {
  return new AsofError('COMMIT_CONFLICT', { table: tableName(commit.table), base: commit.base });
}
