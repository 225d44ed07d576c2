/** Reads and writes data files as another tool would. */
import { DuckDBInstance } from '@duckdb/node-api';

export type TableRow = Readonly<Record<string, unknown>>;

/** The rows of a query, in order; 64-bit integers and timestamps as text. */
export async function queryTable(sql: string): Promise<readonly TableRow[]> {
  return withConnection(async (connection) => (await connection.runAndReadAll(sql)).getRowObjectsJson());
}

export async function runStatements(...statements: readonly string[]): Promise<void> {
  await withConnection(async (connection) => {
    for (const sql of statements) await connection.run(sql);
  });
}

type Connection = Awaited<ReturnType<DuckDBInstance['connect']>>;

async function withConnection<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
  const database = await DuckDBInstance.create(':memory:', { memory_limit: '1GB', threads: '2' });
  const connection = await database.connect();
  try {
    return await work(connection);
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}
