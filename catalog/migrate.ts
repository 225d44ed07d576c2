/** Brings a database to the catalog's current format, forward only. */
import { sql } from 'kysely';
import type { Database } from './database.ts';
import { FORMAT_VERSION, MIGRATIONS } from './migrations/index.ts';
import { AsofError } from '../contracts/errors.ts';

/** Any number that other users of the database are unlikely to choose. */
const MIGRATION_LOCK = 4_172_839_561n;

/**
 * Applies the missing migrations in one transaction; processes that start together wait for each other.
 * Throws `CATALOG_VERSION` when the database has a newer format than this code.
 */
export async function migrateCatalog(database: Database): Promise<void> {
  if ((await storedVersion(database)) === FORMAT_VERSION) return;
  await database.transaction(async (tx) => {
    await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(tx);
    await sql`create schema if not exists asof`.execute(tx);
    await sql`create table if not exists asof.format (version int4 not null)`.execute(tx);
    const row = await tx.selectFrom('format').select('version').executeTakeFirst();
    const version = row?.version ?? 0;
    refuseNewer(version);
    for (const statement of MIGRATIONS.slice(version).flat()) await sql.raw(statement).execute(tx);
    if (row) await tx.updateTable('format').set({ version: FORMAT_VERSION }).execute();
    else await tx.insertInto('format').values({ version: FORMAT_VERSION }).execute();
  });
}

/** 0 for a database without a catalog. Reading needs no lock, so that a start does not wait for a running migration. */
async function storedVersion(database: Database): Promise<number> {
  return database.read(async (db) => {
    const found = await sql<{ found: boolean }>`select to_regclass('asof.format') is not null as found`.execute(db);
    if (found.rows[0]?.found !== true) return 0;
    const row = await db.selectFrom('format').select('version').executeTakeFirst();
    const version = row?.version ?? 0;
    refuseNewer(version);
    return version;
  });
}

function refuseNewer(version: number): void {
  if (version <= FORMAT_VERSION) return;
  throw new AsofError('CATALOG_VERSION', {
    problem: `the catalog has format ${version}, and this version of Asof knows formats up to ${FORMAT_VERSION}; upgrade Asof`,
  });
}
