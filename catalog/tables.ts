/** Tables of the lake as committed: snapshots, files, inputs, sequences. */
import { sql } from 'kysely';
import type { SnapshotChanges, TableCatalog } from './catalog.ts';
import { findCommit, headOf, lockTable, writeCommit } from './commit.ts';
import type { Database, Queries } from './database.ts';
import { databasePositionOf } from './database-reads.ts';
import { expiredPaths, expireSnapshots, filesOfLiveSnapshots, forgetFiles } from './expiry.ts';
import { violatesUnique } from './failures.ts';
import { knownPaths } from './known-paths.ts';
import { endedQuarantine, endQuarantined } from './quarantine-ends.ts';
import { committedFile, ingestedInput, tableName } from './rows.ts';
import { lostRangesOf, topicPositionsOf } from './topic-ranges.ts';
import { AsofError } from '../contracts/errors.ts';
import type { CommittedFile, Conservation, IngestedInput, Snapshot, TableKey, TimeRange } from '../contracts/lake.ts';

export function tableCatalog(database: Database): TableCatalog {
  /** Reads with the table's id; the empty answer when nothing was ever committed or reserved. */
  const ofTable = <T>(table: TableKey, empty: T, work: (db: Queries, tableId: number) => Promise<T>): Promise<T> =>
    database.read(async (db) => {
      const tableId = await findTable(db, table);
      return tableId === undefined ? empty : work(db, tableId);
    });

  return {
    head: (table) => ofTable(table, 0, headOf),

    files: (table, snapshot, range) =>
      database.read(async (db) => {
        const tableId = await findTable(db, table);
        const head = tableId === undefined ? 0 : await headOf(db, tableId);
        const wanted = snapshot ?? head;
        if (wanted > head) throw unknownSnapshot(table, wanted, head);
        if (tableId !== undefined && wanted !== head) await refuseExpired(db, table, tableId, wanted);
        const files = tableId === undefined ? [] : await filesAt(db, tableId, wanted, range);
        return { snapshot: wanted, files };
      }),

    snapshots: (table) => ofTable(table, [], (db, tableId) => snapshotsOf(db, table, tableId)),

    changes: (table, from, to) =>
      ofTable(table, { files: [], removedSequences: [] }, (db, tableId) => changesOf(db, tableId, from, to)),

    async commit(commit) {
      return database.transaction(async (tx) => {
        try {
          return await writeCommit(tx, commit);
        } catch (error) {
          // the same key at the same moment for two tables: each call holds the lock of its own
          if (!violatesUnique(error, 'snapshots_idempotency_key')) throw error;
          throw new AsofError('IDEMPOTENCY_MISMATCH', { key: commit.idempotencyKey }, error);
        }
      });
    },

    committed: (idempotencyKey) =>
      database.read(async (db) => {
        const found = await findCommit(db, idempotencyKey);
        return found && { snapshot: found.snapshot, repeated: true };
      }),

    inputs: (table) => ofTable(table, [], inputsOf),

    reserveSequences: (input) => reserveSequences(database, input),

    topicPositions: (table, topic, snapshot) =>
      ofTable<ReadonlyMap<number, bigint>>(table, new Map(), (db, tableId) =>
        topicPositionsOf(db, tableId, topic, snapshot),
      ),

    lostRanges: (table) => ofTable(table, [], lostRangesOf),

    databasePosition: (table) => ofTable(table, undefined, databasePositionOf),

    conservation: (table) => ofTable(table, [], conservationOf),

    endedQuarantine: (source) => ofTable(source, [], endedQuarantine),

    dropQuarantined: ({ source, ranges, runId }) =>
      database.transaction(async (tx) => {
        const tableId = await lockTable(tx, source);
        await endQuarantined(tx, { table: source, tableId, runId, ranges, snapshot: null });
      }),

    list: (project) => database.read((db) => committedTables(db, project)),

    knownPaths: (project) => database.read((db) => knownPaths(db, project)),

    everyFile: (table) => ofTable(table, [], filesOfLiveSnapshots),

    expireSnapshots: (request) => expireSnapshots(database, request),

    expiredPaths: (project, graceMicros) => database.read((db) => expiredPaths(db, project, graceMicros)),

    forgetFiles: (project, paths) => forgetFiles(database, project, paths),
  };
}

async function findTable(db: Queries, table: TableKey): Promise<number | undefined> {
  const row = await db
    .selectFrom('tables')
    .select('id')
    .where('project', '=', table.project)
    .where('kind', '=', table.kind)
    .where('name', '=', table.name)
    .where('version', '=', table.version)
    .executeTakeFirst();
  return row?.id;
}

/** A snapshot's files never change, so the head and its files need no common transaction. */
async function filesAt(
  db: Queries,
  tableId: number,
  snapshot: number,
  range?: TimeRange,
): Promise<readonly CommittedFile[]> {
  const rows = await db
    .selectFrom('files')
    .selectAll()
    .where('table_id', '=', tableId)
    .where('begin_snapshot', '<=', snapshot)
    .where((eb) => eb.or([eb('end_snapshot', 'is', null), eb('end_snapshot', '>', snapshot)]))
    .$if(range !== undefined, (query) => query.where('max_event', '>=', range!.from).where('min_event', '<', range!.to))
    .orderBy('min_event', (order) => order.asc().nullsLast())
    .orderBy(sql`path collate "C"`)
    .execute();
  return rows.map(committedFile);
}

async function snapshotsOf(db: Queries, table: TableKey, tableId: number): Promise<readonly Snapshot[]> {
  const rows = await db.selectFrom('snapshots').selectAll().where('table_id', '=', tableId).orderBy('id').execute();
  return rows.map((row) => ({
    table,
    id: row.id,
    operation: row.operation,
    runId: row.run_id,
    committedAt: row.committed_at,
    rowsAdded: Number(row.rows_added),
    rowsRemoved: Number(row.rows_removed),
    expired: row.expired_at !== null,
  }));
}

async function changesOf(db: Queries, tableId: number, from: number, to: number): Promise<SnapshotChanges> {
  const files = await filesAt(db, tableId, to);
  const removed = await db
    .selectFrom('removed_sequences')
    .select(['sequence_start as start', 'sequence_end as end'])
    .where('table_id', '=', tableId)
    .where('snapshot', '>', from)
    .where('snapshot', '<=', to)
    .orderBy('sequence_start')
    .execute();
  return { files: files.filter((file) => file.rowsFrom > from), removedSequences: removed };
}

async function inputsOf(db: Queries, tableId: number): Promise<readonly IngestedInput[]> {
  const rows = await db
    .selectFrom('inputs')
    .selectAll()
    .where('table_id', '=', tableId)
    .where('end_snapshot', 'is', null)
    .orderBy('sequence_start')
    .orderBy('range_from')
    .execute();
  return rows.map(ingestedInput);
}

/** Summed over the commits that touched the same interval. */
async function conservationOf(db: Queries, tableId: number): Promise<readonly Conservation[]> {
  const total = (column: string) => sql<bigint>`sum(${sql.ref(column)})::int8`;
  const rows = await db
    .selectFrom('conservation')
    .select([
      'range_from',
      'range_to',
      total('rows_in').as('rows_in'),
      total('committed').as('committed'),
      total('quarantined').as('quarantined'),
      total('deduplicated').as('deduplicated'),
      total('expired').as('expired'),
    ])
    .where('table_id', '=', tableId)
    .groupBy(['range_from', 'range_to'])
    .orderBy('range_from')
    .orderBy('range_to')
    .execute();
  return rows.map((row) => ({
    range: { from: row.range_from, to: row.range_to },
    rowsIn: Number(row.rows_in),
    committed: Number(row.committed),
    quarantined: Number(row.quarantined),
    deduplicated: Number(row.deduplicated),
    ...(row.expired > 0n && { expired: Number(row.expired) }),
  }));
}

async function committedTables(db: Queries, project: string): Promise<readonly TableKey[]> {
  return db
    .selectFrom('tables as t')
    .select(['t.project', 't.kind', 't.name', 't.version'])
    .where('t.project', '=', project)
    .where((eb) => eb.exists(eb.selectFrom('snapshots as s').select('s.id').whereRef('s.table_id', '=', 't.id')))
    .orderBy('t.kind')
    .orderBy('t.name')
    .orderBy('t.version')
    .execute();
}

async function reserveSequences(
  database: Database,
  { table, key, count }: Parameters<TableCatalog['reserveSequences']>[0],
): Promise<bigint> {
  return database.transaction(async (tx) => {
    const tableId = await lockTable(tx, table);
    const held = await tx
      .selectFrom('sequence_blocks')
      .select(['start', 'count'])
      .where('table_id', '=', tableId)
      .where('key', '=', key)
      .executeTakeFirst();
    if (held && held.count !== count) throw new AsofError('IDEMPOTENCY_MISMATCH', { key });
    if (held) return held.start;
    const moved = await tx
      .updateTable('tables')
      .set((eb) => ({ next_sequence: eb('next_sequence', '+', count) }))
      .where('id', '=', tableId)
      .returning('next_sequence')
      .executeTakeFirstOrThrow();
    const start = moved.next_sequence - count;
    await tx.insertInto('sequence_blocks').values({ table_id: tableId, key, start, count }).execute();
    return start;
  });
}

async function refuseExpired(db: Queries, table: TableKey, tableId: number, snapshot: number): Promise<void> {
  const row = await db
    .selectFrom('snapshots')
    .select('expired_at')
    .where('table_id', '=', tableId)
    .where('id', '=', snapshot)
    .executeTakeFirst();
  if (row === undefined || row.expired_at === null) return;
  throw new AsofError('SNAPSHOT_EXPIRED', { table: tableName(table), snapshot });
}

function unknownSnapshot(table: TableKey, snapshot: number, head: number): AsofError {
  const problem = `there is no snapshot ${snapshot}; the newest is ${head}`;
  return new AsofError('INVALID_VALUE', { where: tableName(table), problem });
}
