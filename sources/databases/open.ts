/** A connection to the database of a source, whichever kind it is. */
import type { DatabaseSourceManifest } from '../../contracts/manifest.ts';
import { readAddress, type DatabaseAddress } from './address.ts';
import type { DatabaseConnection, ReadObject } from './connection.ts';
import { connectMysql } from './mysql.ts';
import { connectPostgres } from './postgres.ts';

/** What errors, the quarantine and lineage call what is read. */
export function databasePath({ table, name }: Pick<DatabaseSourceManifest, 'table' | 'name'>): string {
  return table === null ? `the query of ${name}` : `table ${table}`;
}

/**
 * Opens the transaction in which a run reads. It breaks off when `signal` aborts. Throws `CONFIG_INVALID` for an address that is not
 * there, `DATABASE_UNAVAILABLE` and `INPUT_UNREADABLE`.
 */
export async function openDatabase(
  source: DatabaseSourceManifest,
  signal: AbortSignal | undefined,
): Promise<DatabaseConnection> {
  const address = await readAddress(source);
  const object: ReadObject = {
    where: source.name,
    path: databasePath(source),
    table: source.table,
    query: source.query,
  };
  return connect(address, object, signal);
}

function connect(
  address: DatabaseAddress,
  object: ReadObject,
  signal: AbortSignal | undefined,
): Promise<DatabaseConnection> {
  switch (address.dialect) {
    case 'postgres':
      return connectPostgres(address, object, signal);
    case 'mysql':
      return connectMysql(address, object, signal);
  }
}
