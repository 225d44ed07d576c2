/**
 * Work on the lake that is no durable run: a command, a call of a program, a request to the API. While it lasts, what it may
 * read does not expire, and what it has written is not taken for an orphan. A process says that it still lives by renewing
 * its record, so that one that was killed holds nothing back for long.
 */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { ActiveWork } from './catalog.ts';
import type { Database, Queries } from './database.ts';
import type { Micros } from '../contracts/time.ts';

const RENEW_MILLIS = 20_000;
/** A record that was not renewed for so long belongs to a process that is gone. */
const LAPSED_MICROS = 180_000_000n;
/** A commit is stamped some time before others see it, and the clocks of workers differ. */
const MARGIN_MICROS = 30_000_000n;

const NOW = sql<bigint>`(extract(epoch from clock_timestamp()) * 1000000)::int8`;

/** Work of one project that began while other work was under way stands behind the same record, for a while. */
interface WorkRecord {
  readonly written: Promise<void>;
  readonly beganMillis: number;
  users: number;
}

/** Then new work gets a record of its own, or a busy API would hold back expiry for ever. */
const SHARED_MILLIS = 60_000;

export function activeWork(database: Database): { readonly work: ActiveWork; readonly stopAll: () => Promise<void> } {
  /** By project the record that new work may join. */
  const open = new Map<string, WorkRecord>();
  const ids = new Map<WorkRecord, string>();
  let timer: NodeJS.Timeout | undefined;

  // while the catalog does not answer nothing expires either; the next tick tries again
  const renew = (): void =>
    void database.transaction((tx) => renewRecords(tx, [...ids.values()])).catch(() => undefined);

  const begin = (project: string): WorkRecord => {
    const id = randomUUID();
    const written = database.transaction(async (tx) => {
      await tx.insertInto('active_work').values({ id, project }).execute();
    });
    const record: WorkRecord = { written, beganMillis: Date.now(), users: 0 };
    open.set(project, record);
    ids.set(record, id);
    timer ??= setInterval(renew, RENEW_MILLIS).unref();
    return record;
  };

  const end = async (project: string, record: WorkRecord): Promise<void> => {
    const id = ids.get(record);
    if (open.get(project) === record) open.delete(project);
    ids.delete(record);
    if (ids.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    // one that stays, because the catalog is away, lapses
    if (id !== undefined) await database.transaction((tx) => removeRecords(tx, [id])).catch(() => undefined);
  };

  return {
    work: {
      async during(project, work) {
        const found = open.get(project);
        const joins = found !== undefined && Date.now() - found.beganMillis < SHARED_MILLIS;
        const record = joins ? found : begin(project);
        record.users++;
        try {
          await record.written;
          return await work();
        } finally {
          if (--record.users === 0) await end(project, record);
        }
      },
      oldest: (project, exceptRun = '') => database.read((db) => oldestWork(db, project, exceptRun)),
    },
    stopAll: async () => {
      clearInterval(timer);
      const left = [...ids.values()];
      ids.clear();
      if (left.length > 0) await database.transaction((tx) => removeRecords(tx, left)).catch(() => undefined);
    },
  };
}

/**
 * Before this instant nothing of what is under way had begun: durable runs, but for one, and other work. Undefined when
 * nothing is.
 */
export async function oldestWork(db: Queries, project: string, exceptRun: string): Promise<Micros | undefined> {
  const run = await db
    .selectFrom('runs')
    .select((eb) => eb.fn.min('started_at').as('started'))
    .where('project', '=', project)
    .where('state', '=', 'running')
    .where('id', '<>', exceptRun)
    .executeTakeFirst();
  const other = await db
    .selectFrom('active_work')
    .select((eb) => eb.fn.min('started_at').as('started'))
    .where('project', '=', project)
    .where('renewed_at', '>', sql<bigint>`${NOW} - ${LAPSED_MICROS}`)
    .executeTakeFirst();
  const begun = [run?.started, other?.started].filter((started) => typeof started === 'bigint');
  if (begun.length === 0) return undefined;
  return begun.reduce((least, started) => (started < least ? started : least)) - MARGIN_MICROS;
}

/** A record that lapsed while its process stood still comes back as it was. */
async function renewRecords(tx: Queries, ids: readonly string[]): Promise<void> {
  await tx.updateTable('active_work').set({ renewed_at: NOW }).where('id', 'in', ids).execute();
}

/** With those that killed processes left a day ago. */
async function removeRecords(tx: Queries, ids: readonly string[]): Promise<void> {
  await tx
    .deleteFrom('active_work')
    .where((eb) => eb.or([eb('id', 'in', ids), eb('renewed_at', '<', sql<bigint>`${NOW} - 86400000000`)]))
    .execute();
}
