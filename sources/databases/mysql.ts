/** MySQL and MariaDB: rows are streamed from a transaction that reads only, with a snapshot of its beginning. */
import { createConnection, type Connection, type FieldPacket } from 'mysql2';
import type { DatabaseAddress } from './address.ts';
import type { ColumnContent, DatabaseColumn, DatabaseConnection, ReadObject, TextValue } from './connection.ts';
import { failuresOf, isNetworkError } from './failures.ts';
import { fromItem, selectRows, type Grammar } from './statements.ts';

const BATCH_ROWS = 5_000;
const CONNECT_MILLIS = 10_000;

const SETTINGS = [
  "SET SESSION time_zone = '+00:00'",
  // quotes as the standard has them do not matter here, and a connection's own modes do not either
  "SET SESSION sql_mode = ''",
  // the reader may take its time with a batch
  'SET SESSION net_write_timeout = 3600',
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
  'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
];

/** Codes of the protocol. */
const CONTENTS: ReadonlyMap<number, readonly [string, ColumnContent]> = new Map([
  [0x00, ['decimal', 'decimal']],
  [0xf6, ['decimal', 'decimal']],
  [0x01, ['tinyint', 'integer']],
  [0x02, ['smallint', 'integer']],
  [0x09, ['mediumint', 'integer']],
  [0x03, ['int', 'integer']],
  [0x08, ['bigint', 'integer']],
  [0x0d, ['year', 'integer']],
  [0x10, ['bit', 'unsigned']],
  [0x04, ['float', 'float']],
  [0x05, ['double', 'float']],
  [0x07, ['timestamp', 'instant']],
  [0x0c, ['datetime', 'local']],
  [0x0a, ['date', 'date']],
  [0x0b, ['time', 'text']],
  [0xf5, ['json', 'json']],
]);
const BIGINT = 0x08;
const UNSIGNED_FLAG = 32;
const BINARY_CHARACTERS = 63;

/** Errors of the server after which the same call may succeed: too many connections, shutdowns, locks, time. */
const PASSING = new Set([1040, 1053, 1077, 1129, 1159, 1161, 1203, 1205, 1213, 1317, 1927, 3024]);

const GRAMMAR: Grammar = {
  quote: quoteName,
  value: ({ name, type, content }) => {
    const value = `read_rows.${quoteName(name)}`;
    if (type === 'bit') return `(${value} + 0)`;
    if (type === 'bytes') return `CONCAT('\\\\x', LOWER(HEX(${value})))`;
    // a float is written with six digits, a double with all
    if (content === 'float') return `(${value} + 0E0)`;
    return content === 'instant' ? `CONCAT(${value}, 'Z')` : value;
  },
  // numbers in quotes would be compared as doubles
  literal: ({ content }, text) => {
    const isTime = content === 'local' || content === 'instant' || content === 'date';
    if (!isTime) return text;
    const plain = text.replace('Z', '').replace('T', ' ');
    return `TIMESTAMP'${plain.length === 10 ? `${plain} 00:00:00` : plain}'`;
  },
};

export async function connectMysql(
  address: DatabaseAddress,
  object: ReadObject,
  signal: AbortSignal | undefined,
): Promise<DatabaseConnection> {
  const failure = failuresOf(address, object, signal, isPassing);
  let connection: Connection;
  try {
    connection = createConnection({
      uri: address.url.replace(/^mariadb:/, 'mysql:'),
      ...{ connectTimeout: CONNECT_MILLIS, multipleStatements: false, rowsAsArray: true },
      typeCast: (field) => field.string('utf8'),
    });
  } catch (error) {
    throw failure(error);
  }
  // a connection that breaks fails its query; the event itself, unheard, would end the process
  connection.on('error', () => undefined);
  const stop = (): void => connection.destroy();
  signal?.addEventListener('abort', stop, { once: true });
  const query = (
    sql: string,
  ): Promise<{ readonly rows: readonly TextValue[][]; readonly fields: readonly FieldPacket[] }> =>
    new Promise((resolve, reject) => {
      // a connection that is destroyed says nothing to those who wait
      if (signal?.aborted === true) return reject(failure(signal.reason));
      const abandoned = (): void => reject(failure(signal?.reason));
      signal?.addEventListener('abort', abandoned, { once: true });
      connection.query(sql, (error, rows, fields) => {
        signal?.removeEventListener('abort', abandoned);
        if (error) return reject(failure(error));
        resolve({ rows: rows as unknown as TextValue[][], fields });
      });
    });
  const close = async (): Promise<void> => {
    signal?.removeEventListener('abort', stop);
    connection.destroy();
  };
  try {
    for (const setting of SETTINGS) await query(setting);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    columns: async () => {
      const { fields } = await query(`SELECT * FROM ${fromItem(object, GRAMMAR)} LIMIT 0`);
      return fields.map(describe);
    },
    now: async () => {
      const { rows } = await query('SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)');
      return BigInt(rows[0]?.[0] ?? 0);
    },
    rows: (selection) => streamRows(connection, selectRows(object, GRAMMAR, selection), failure, signal),
    [Symbol.asyncDispose]: close,
  };
}

/** In batches, no faster than they are taken. */
async function* streamRows(
  connection: Connection,
  sql: string,
  failure: (error: unknown) => Error,
  signal: AbortSignal | undefined,
): AsyncIterable<readonly (readonly TextValue[])[]> {
  const rows = connection.query(sql).stream({ highWaterMark: BATCH_ROWS });
  const stop = (): void => void rows.destroy(new Error('cancelled'));
  // a connection that is lost tells its listeners, and not the stream
  const broken = (error: Error): void => void rows.destroy(error);
  connection.once('error', broken);
  signal?.addEventListener('abort', stop, { once: true });
  let batch: TextValue[][] = [];
  try {
    for await (const row of rows) {
      batch.push(row as TextValue[]);
      if (batch.length < BATCH_ROWS) continue;
      yield batch;
      batch = [];
    }
  } catch (error) {
    throw failure(error);
  } finally {
    signal?.removeEventListener('abort', stop);
    connection.off('error', broken);
  }
  if (batch.length > 0) yield batch;
}

function describe({
  name,
  columnType = 0,
  flags = 0,
  characterSet = 0,
}: FieldPacket & { readonly characterSet?: number }): DatabaseColumn {
  const [type, content] = CONTENTS.get(columnType) ?? [
    characterSet === BINARY_CHARACTERS ? 'bytes' : 'text',
    'text' as const,
  ];
  if (columnType !== BIGINT || (Number(flags) & UNSIGNED_FLAG) === 0) return { name, type, content };
  return { name, type: 'bigint unsigned', content: 'unsigned' };
}

function isPassing(error: unknown): boolean {
  const { errno, code, fatal } = error as { readonly errno?: number; readonly code?: string; readonly fatal?: boolean };
  if (typeof errno === 'number' && errno > 0) return PASSING.has(errno);
  return isNetworkError(error) || code === 'PROTOCOL_CONNECTION_LOST' || (fatal === true && errno === undefined);
}

function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
