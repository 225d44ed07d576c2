/** The connection pool under the sub-catalogs: typed queries, transactions, and errors in the project's own terms. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, PostgresDialect } from 'kysely';
import type { Transaction } from 'kysely';
import pg from 'pg';
import { catalogError, isRace } from './failures.ts';
import { SCHEMA } from './schema.ts';
import type { CatalogSchema } from './schema.ts';

export type Queries = Kysely<CatalogSchema>;
export type CatalogTransaction = Transaction<CatalogSchema>;

export interface Database {
  /** Queries that need no common transaction. Errors are `AsofError`s. */
  read<T>(work: (db: Queries) => Promise<T>): Promise<T>;
  /** One transaction. `work` runs again when the database chose it as the victim of a race, so it holds only queries. */
  transaction<T>(work: (tx: CatalogTransaction) => Promise<T>): Promise<T>;
  /** A connection of its own, outside the pool, for `listen`. It emits `end` when it breaks. */
  connect(): Promise<pg.Client>;
  close(): Promise<void>;
}

const INT8 = 20;
const RACE_ATTEMPTS = 10;
const RACE_PAUSE_MILLIS = 20;

/**
 * A process that stops inside a transaction (a paused machine) holds its locks until the server ends its session, and
 * one that waits for it gives up before its own caller does.
 */
const TIMEOUTS = {
  connectionTimeoutMillis: 10_000,
  idle_in_transaction_session_timeout: 15_000,
  lock_timeout: 30_000,
} as const;

/** Opens a pool without connecting yet. */
export function openDatabase(options: { readonly url: string; readonly poolSize: number }): Database {
  const connection = { connectionString: options.url, types: { getTypeParser }, keepAlive: true, ...TIMEOUTS };
  const pool = new pg.Pool({ ...connection, max: options.poolSize, allowExitOnIdle: true });
  // a connection that breaks fails its query and leaves the pool; the event itself, unheard, would end the process
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  const db = new Kysely<CatalogSchema>({ dialect: new PostgresDialect({ pool }) }).withSchema(SCHEMA);
  return {
    read: (work) => translated(() => work(db)),
    transaction: (work) => translated(() => retried(() => db.transaction().execute(work))),
    connect: () =>
      translated(async () => {
        const client = new pg.Client(connection);
        client.on('error', () => undefined);
        await client.connect();
        return client;
      }),
    close: () => db.destroy(),
  };
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw catalogError(error);
  }
}

/** Repeats a transaction that lost a race, with a pause that grows and differs between the racers. */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === RACE_ATTEMPTS || !isRace(error)) throw error;
      await sleep(RACE_PAUSE_MILLIS * attempt * (0.5 + Math.random()));
    }
  }
}

/** int8 as `bigint`, for this pool only: the process may use `pg` for other databases with the driver's defaults. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
  if (oid === INT8 && format !== 'binary') return BigInt;
  return pg.types.getTypeParser(oid, format);
}
