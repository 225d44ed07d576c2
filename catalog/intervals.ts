/** The interval ledger and the positions of online stores. */
import { sql } from 'kysely';
import type { IntervalLedger, LedgerKey } from './catalog.ts';
import type { Database } from './database.ts';
import { insertLedger } from './insert.ts';
import { ledgerEntry } from './rows.ts';

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
        return row && { snapshot: row.snapshot, to: row.to_micros, epoch: row.epoch, keys: Number(row.keys) };
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

function keyColumns({ project, view, fingerprint, store }: LedgerKey): LedgerKey {
  return { project, view, fingerprint, store };
}
