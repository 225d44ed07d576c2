/** The interval ledger and the positions of online stores. */
import { sql, type Selectable } from 'kysely';
import type { IntervalLedger, LedgerKey, OnlinePosition } from './catalog.ts';
import type { Database } from './database.ts';
import { insertLedger } from './insert.ts';
import { ledgerEntry } from './rows.ts';
import type { CatalogSchema } from './schema.ts';

export function intervalLedger(database: Database): IntervalLedger {
  return {
    entries: (key) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('ledger')
          .selectAll()
          .where((eb) => eb.and({ ...keyColumns(key) }))
          .orderBy('position')
          .execute();
        return rows.map(ledgerEntry);
      }),

    append: (entries) => database.transaction((tx) => insertLedger(tx, entries, null)),

    keys: (project) =>
      database.read((db) =>
        db
          .selectFrom('ledger')
          .select(['project', 'view', 'fingerprint', 'store'])
          .distinct()
          .where('project', '=', project)
          .orderBy('view')
          .orderBy('fingerprint')
          .orderBy('store')
          .execute(),
      ),

    onlinePosition: (key) =>
      database.read(async (db) => {
        const row = await db
          .selectFrom('online_positions')
          .selectAll()
          .where((eb) => eb.and({ ...keyColumns(key) }))
          .executeTakeFirst();
        return row && onlinePosition(row);
      }),

    onlinePositions: (project) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('online_positions')
          .selectAll()
          .where('project', '=', project)
          .orderBy('view')
          .orderBy('fingerprint')
          .execute();
        return rows.map((row) => ({ ...keyColumns(row), ...onlinePosition(row) }));
      }),

    streamedTo: (key) =>
      database.read(async (db) => {
        const row = await db
          .selectFrom('online_positions')
          .select('streamed')
          .where((eb) => eb.and({ ...keyColumns(key) }))
          .executeTakeFirst();
        const instants = Object.values(row?.streamed ?? {}).map(BigInt);
        return instants.length === 0 ? undefined : instants.reduce((least, one) => (one < least ? one : least));
      }),

    setStreamedTo: (key, partitions) =>
      database.read(async (db) => {
        const streamed = JSON.stringify(Object.fromEntries([...partitions].map(([one, to]) => [one, String(to)])));
        await db
          .updateTable('online_positions')
          // others tell of other partitions meanwhile
          .set({ streamed: sql`online_positions.streamed || ${streamed}::jsonb` })
          .where((eb) => eb.and({ ...keyColumns(key) }))
          .execute();
      }),

    withdrawOnline: (key, runId) =>
      database.transaction(async (tx) => {
        const position = await tx
          .deleteFrom('online_positions')
          .where((eb) => eb.and({ ...keyColumns(key) }))
          .returningAll()
          .executeTakeFirst();
        const done = await tx
          .selectFrom('ledger')
          .select(({ fn }) => [fn.min('range_from').as('from'), fn.max('range_to').as('to')])
          .where((eb) => eb.and({ ...keyColumns(key), operation: 'done' }))
          .executeTakeFirst();
        if (position === undefined || !done?.from || !done.to) return;
        const range = { from: done.from, to: done.to };
        const counts = { inputSnapshot: null, rowsIn: 0, rowsOut: 0 };
        const idempotencyKey = `withdraw/${runId}`;
        await insertLedger(tx, [{ ...key, range, operation: 'removed', idempotencyKey, runId, ...counts }], null);
      }),

    setOnlinePosition: (key, position) =>
      database.read(async (db) => {
        const { snapshot, to, epoch, keys } = position;
        await db
          .insertInto('online_positions')
          .values({ ...keyColumns(key), snapshot, to_micros: to, epoch, keys: BigInt(keys) })
          .onConflict((conflict) =>
            conflict
              .columns(['project', 'view', 'fingerprint', 'store'])
              .doUpdateSet({ snapshot, to_micros: to, epoch, keys: BigInt(keys) })
              // another epoch describes other content: what the old one held says nothing about it
              .where(
                sql<boolean>`online_positions.epoch <> ${epoch}
                  or (online_positions.snapshot, online_positions.to_micros) <= (${snapshot}::int4, ${to}::int8)`,
              ),
          )
          .execute();
      }),
  };
}

function onlinePosition(row: Selectable<CatalogSchema['online_positions']>): OnlinePosition {
  return { snapshot: row.snapshot, to: row.to_micros, epoch: row.epoch, keys: Number(row.keys) };
}

function keyColumns({ project, view, fingerprint, store }: LedgerKey): LedgerKey {
  return { project, view, fingerprint, store };
}
