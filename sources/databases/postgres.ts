/** PostgreSQL: a cursor of the server's in a transaction that reads only and sees one state. */
import pg from 'pg';
import { AsofError } from '../../contracts/errors.ts';
import type { DatabaseAddress } from './address.ts';
import type { ColumnContent, DatabaseColumn, DatabaseConnection, ReadObject, TextValue } from './connection.ts';
import { failuresOf, isNetworkError } from './failures.ts';
import { fromItem, selectRows, type Grammar } from './statements.ts';

const BATCH_ROWS = 5_000;
const CONNECT_MILLIS = 10_000;

/** How values are written, whatever the server's defaults are. */
const SETTINGS = [
  "SET LOCAL TimeZone = 'UTC'",
  "SET LOCAL DateStyle = 'ISO, YMD'",
  "SET LOCAL IntervalStyle = 'iso_8601'",
  "SET LOCAL bytea_output = 'hex'",
  'SET LOCAL extra_float_digits = 1',
  // the reader may take its time with a batch
  'SET LOCAL idle_in_transaction_session_timeout = 0',
];

const CONTENTS: Readonly<Record<string, ColumnContent>> = {
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  numeric: 'decimal',
  float4: 'float',
  float8: 'float',
  bool: 'boolean',
  timestamp: 'local',
  timestamptz: 'instant',
  date: 'date',
  json: 'json',
  jsonb: 'json',
};

/** SQLSTATEs after which the same call may succeed: connections, resources, shutdowns, conflicts with replication, locks. */
const PASSING = /^(08|53|57P|40|55P03|57014|25P03)/;

const GRAMMAR: Grammar = {
  quote: quoteName,
  value: ({ name, content }) => {
    const value = `read_rows.${quoteName(name)}`;
    switch (content) {
      case 'boolean':
        return `${value}::text`;
      case 'instant':
        return `(${value} AT TIME ZONE 'UTC')::text || 'Z'`;
      case 'list':
        return `to_json(${value})::text`;
      default:
        return value;
    }
  },
  // a literal without a type takes the column's
  literal: (_column, text) => `'${text}'`,
};

export async function connectPostgres(
  address: DatabaseAddress,
  object: ReadObject,
  signal: AbortSignal | undefined,
): Promise<DatabaseConnection> {
  const failure = failuresOf(address, object, signal, isPassing);
  let client: pg.Client;
  try {
    client = new pg.Client({
      connectionString: address.url,
      application_name: 'asof',
      connectionTimeoutMillis: CONNECT_MILLIS,
      keepAlive: true,
      types: { getTypeParser: () => (text: string) => text },
    });
  } catch (error) {
    throw failure(error);
  }
  // a connection that breaks fails its query; the event itself, unheard, would end the process
  client.on('error', () => undefined);
  const stop = (): void => void client.end().catch(() => undefined);
  signal?.addEventListener('abort', stop, { once: true });
  const query = async (text: string): Promise<pg.QueryArrayResult<TextValue[]>> => {
    try {
      // the extended protocol takes one statement at a time
      const config: pg.QueryArrayConfig & { readonly queryMode: 'extended' } = {
        ...{ text, rowMode: 'array', queryMode: 'extended' },
      };
      return await client.query<TextValue[]>(config);
    } catch (error) {
      throw failure(error);
    }
  };
  const close = async (): Promise<void> => {
    signal?.removeEventListener('abort', stop);
    await client.end().catch(() => undefined);
  };
  try {
    signal?.throwIfAborted();
    await client.connect();
    await query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    for (const setting of SETTINGS) await query(setting);
  } catch (error) {
    await close();
    throw failure(error);
  }
  return {
    columns: async () => {
      const { fields } = await query(`SELECT * FROM ${fromItem(object, GRAMMAR)} LIMIT 0`);
      return describe(fields, query);
    },
    now: async () => {
      const { rows } = await query('SELECT (extract(epoch FROM now()) * 1000000)::bigint');
      return BigInt(rows[0]?.[0] ?? 0);
    },
    async *rows(selection) {
      await query(`DECLARE read_cursor NO SCROLL CURSOR FOR ${selectRows(object, GRAMMAR, selection)}`);
      for (;;) {
        const { rows } = await query(`FETCH FORWARD ${BATCH_ROWS} FROM read_cursor`);
        if (rows.length === 0) break;
        yield rows;
      }
      await query('CLOSE read_cursor');
    },
    [Symbol.asyncDispose]: close,
  };
}

async function describe(
  fields: readonly pg.FieldDef[],
  query: (text: string) => Promise<pg.QueryArrayResult<TextValue[]>>,
): Promise<readonly DatabaseColumn[]> {
  const ids = [...new Set(fields.map(({ dataTypeID }) => dataTypeID))];
  const { rows } = await query(
    `SELECT oid::text, typname::text, typcategory::text, format_type(oid, NULL) FROM pg_type WHERE oid IN (${[0, ...ids].join(', ')})`,
  );
  const types = new Map(rows.map(([oid, name, category, words]) => [Number(oid), { name, category, words }]));
  return fields.map(({ name, dataTypeID }) => {
    const type = types.get(dataTypeID);
    if (type === undefined) throw new AsofError('INTERNAL', { problem: `PostgreSQL has no type ${dataTypeID}` });
    const content = type.category === 'A' ? 'list' : (CONTENTS[type.name ?? ''] ?? 'text');
    return { name, type: type.words ?? '', content };
  });
}

/** `pg` raises plain errors without a code when a connection breaks or cannot be had. */
function isPassing(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return PASSING.test(error.code ?? '');
  return isNetworkError(error) || /connection|timeout/i.test(String((error as Error).message));
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
