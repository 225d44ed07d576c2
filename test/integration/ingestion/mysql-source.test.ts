/** Tables of a real MariaDB in the lake: what differs from PostgreSQL, and what must not. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { AsofError } from '../../../contracts/errors.ts';
import type { DatabaseSourceManifest } from '../../../contracts/manifest.ts';
import { createCatalogDatabase, type TestDatabase } from '../../support/catalog.ts';
import type { Ingestion } from '../../support/killed-ingestion-starter.ts';
import { findMariadb, startMariadb, type MariadbServer } from '../../support/mariadb.ts';
import { databaseSourceOf } from './fixtures.ts';
import { manifestOf, openWorld, type IngestOptions, type World } from './world.ts';

const STARTER = path.resolve(import.meta.dirname, '../../support/killed-ingestion-starter.ts');
const PASSWORD = 'not:for/anyone';
const DAY = '2024-01-01';

const missing = await findMariadb();

describe.skipIf(missing !== undefined)(missing ?? 'MariaDB', () => {
  let server: MariadbServer;
  let client: Connection;
  let catalogDatabase: TestDatabase;
  let catalog: Catalog;
  let world: World;

  beforeAll(async () => {
    server = await startMariadb();
    client = await createConnection({ uri: server.url, multipleStatements: true, timezone: 'Z' });
    await client.query(
      `create database shop character set utf8mb4; use shop; create user reader identified by '${PASSWORD}';
       grant select on shop.* to reader; grant process on *.* to reader; set time_zone = '+00:00'`,
    );
    const url = new URL(`${server.url}/shop`);
    Object.assign(url, { username: 'reader', password: PASSWORD });
    process.env['DATABASE_OF_TEST'] = url.href.replace(/^mysql/, 'mariadb');
    catalogDatabase = await createCatalogDatabase();
    catalog = await openCatalog({ url: catalogDatabase.url, poolSize: 2 });
  }, 300_000);
  afterAll(async () => {
    delete process.env['DATABASE_OF_TEST'];
    await client?.end();
    await catalog?.close();
    await catalogDatabase?.drop();
    await server?.close();
  });
  beforeEach(async () => {
    world = await openWorld({ catalog });
    await client.query(
      'drop table if exists orders; create table orders (id bigint primary key, ts datetime(6), updated_at timestamp(6) null, n bigint)',
    );
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const sourceOf = (options: Partial<DatabaseSourceManifest> = {}) => databaseSourceOf({ table: 'orders', ...options });
  const ingest = (source: DatabaseSourceManifest = sourceOf(), options: IngestOptions = {}) =>
    world.ingest(source, options);
  const put = (id: number | string, second: number, n = 1) =>
    client.query(`replace into orders values (${id}, '${DAY}', '${DAY}' + interval ${second} second, ${n})`);
  const versions = async () => (await world.rows()).map(({ id, n }) => `${id as bigint}:${n as bigint}`);

  test('a run takes what changed since the one before, and rows at its end once', async () => {
    await put(2, 2);
    await put(1, 1);
    expect(await ingest()).toMatchObject({ rowsIn: 2, committed: 2, deduplicated: 0, snapshot: 1 });
    await put(3, 2);
    await put(1, 2.000001, 7);
    expect(await ingest()).toMatchObject({ rowsIn: 3, committed: 2, deduplicated: 1, snapshot: 2 });
    await put(4, 2.000001);
    await put(2, 2.000001, 9);
    expect(await ingest()).toMatchObject({ rowsIn: 3, committed: 2, deduplicated: 1, snapshot: 3 });
    expect(await ingest()).toMatchObject({ rowsIn: 3, committed: 0, deduplicated: 3, snapshot: 3 });
    expect([...(await versions())].sort()).toEqual(['1:1', '1:7', '2:1', '2:9', '3:1', '4:1']);
    expect(await catalog.tables.databasePosition(world.table)).toMatchObject({ value: `${DAY} 00:00:02.000001Z` });
  });

  test('an integer beyond 2^53 is one, to the last digit; so is one without a sign', async () => {
    await client.query('alter table orders modify id bigint unsigned');
    const source = sourceOf({ cursor: 'id' });
    await put('9007199254740993', 0);
    await ingest(source);
    await put('9007199254740992', 0, 2);
    await put('9007199254740994', 0, 3);
    expect(await ingest(source)).toMatchObject({ rowsIn: 2, committed: 1, deduplicated: 1 });
    expect(await versions()).toEqual(['9007199254740993:1', '9007199254740994:3']);
  });

  test('a date as cursor, of a query, without a key', async () => {
    const query = 'select id, ts, n, date(ts) as updated_at from orders';
    const source = sourceOf({ table: null, query, primaryKey: [] });
    await put(1, 0);
    await put(2, 0);
    await ingest(source);
    await put(3, 0);
    expect(await ingest(source)).toMatchObject({ rowsIn: 3, committed: 1, deduplicated: 2 });
  });

  test('without a cursor a run takes rows that are new or changed', async () => {
    const source = sourceOf({ cursor: null });
    await put(1, 1);
    await put(2, 1);
    await ingest(source);
    await put(1, 1, 5);
    expect(await ingest(source)).toMatchObject({ rowsIn: 2, committed: 1, deduplicated: 1 });
  });

  test('lag: rows that are younger wait, by either kind of time', async () => {
    await client.query(
      'insert into orders values (1, now(6), now(6) - interval 1 hour, 1), (2, now(6) - interval 1 hour, now(6), 1)',
    );
    expect(await ingest(sourceOf({ lagMicros: 600_000_000 }))).toMatchObject({ rowsIn: 1, committed: 1 });
    expect(await versions()).toEqual(['1:1']);
    await expect(ingest(sourceOf({ lagMicros: 600_000_000, cursor: 'ts', name: 'other' }))).resolves.toMatchObject({
      rowsIn: 1,
      committed: 1,
    });
  });

  test('values keep every digit, microseconds and zones', async () => {
    await client.query(
      `alter table orders add big bigint unsigned, add price decimal(30, 4), add flag tinyint(1), add bits bit(8), add weight float,
       add mass double, add day date, add doc json, add bytes varbinary(9), add label varchar(20), add tags json, add clock time`,
    );
    await client.query(
      `insert into orders values (-9223372036854775808, '2024-06-30 12:00:00.123456', '2024-01-01 00:00:00.000001', 9223372036854775807,
       18446744073709551615, 12345678901234567890123456.1234, 1, b'101', 16777217, 0.1, '2024-02-29', '{"a": [1, "é"]}', x'ff00', 'naïve 🦀',
       '[9007199254740993, null]', '12:00:00')`,
    );
    await ingest(
      sourceOf({
        timezone: 'Europe/Berlin',
        columns: [
          ...sourceOf().columns,
          { name: 'price', type: 'string', from: 'price' },
          { name: 'flag', type: 'boolean', from: 'flag' },
          { name: 'day', type: 'timestamp', from: 'day' },
          { name: 'tags', type: 'int64[]', from: 'tags' },
          { name: 'bits', type: 'int64', from: 'bits' },
        ],
      }),
    );
    expect(await world.rows()).toEqual([
      {
        id: -9223372036854775808n,
        // a datetime has no zone, a timestamp is an instant
        ts: BigInt(Date.UTC(2024, 5, 30, 10)) * 1000n + 123456n,
        updated_at: BigInt(Date.UTC(2024, 0, 1)) * 1000n + 1n,
        n: 9223372036854775807n,
        price: '12345678901234567890123456.1234',
        flag: true,
        day: BigInt(Date.UTC(2024, 1, 28, 23)) * 1000n,
        tags: [9007199254740993n, null],
        bits: 5n,
        big: '18446744073709551615',
        weight: 16777216,
        mass: 0.1,
        doc: '{"a": [1, "é"]}',
        bytes: '\\xff00',
        label: 'naïve 🦀',
        clock: '12:00:00',
      },
    ]);
  });

  test('a column whose type changed or that is gone is named, and changes nothing', async () => {
    await put(1, 1);
    await ingest();
    await client.query('alter table orders modify n varchar(20)');
    await expect(ingest()).rejects.toMatchObject({
      code: 'INPUT_TYPE_CHANGED',
      message: expect.stringContaining('events: table orders: column "n" is text, which does not fit') as string,
    });
    await client.query('alter table orders drop n');
    await expect(ingest()).rejects.toMatchObject({ code: 'INPUT_COLUMN_MISSING' });
    await client.query('drop table orders');
    await expect(ingest()).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: "events: table orders cannot be read: Table 'shop.orders' doesn't exist",
    });
    expect(await versions()).toEqual(['1:1']);
  });

  test('a query that is more than a SELECT does nothing', async () => {
    await put(1, 1);
    for (const query of [
      'select * from orders) x; drop table orders; --',
      'delete from orders',
      "select * from orders into outfile '/tmp/x'",
    ]) {
      await expect(ingest(sourceOf({ table: null, query }))).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
    }
    expect((await client.query<RowDataPacket[]>('select * from orders'))[0]).toHaveLength(1);
  });

  describe('faults', () => {
    /** A read that stands still before its last rows until the lock is given up. */
    const WAITING: Partial<DatabaseSourceManifest> = {
      table: null,
      query:
        "select id, ts, updated_at, n, case when id > 6000 then get_lock('of test', 600) end as waited from orders",
      contract: { columns: 'discard', types: 'freeze' },
      columns: [...databaseSourceOf().columns, { name: 'waited', type: 'int64', from: 'waited' }],
    };
    const untilWaiting = async (): Promise<number> => {
      const waiting = async (): Promise<number | undefined> => {
        const [rows] = await client.query<RowDataPacket[]>(
          "select id from information_schema.processlist where user = 'reader' and state = 'User lock'",
        );
        return rows[0]?.['id'] as number | undefined;
      };
      await expect.poll(waiting).toBeDefined();
      return (await waiting())!;
    };

    beforeEach(async () => {
      await client.query(
        `insert into orders select seq, '${DAY}', '${DAY}' + interval ((seq - 1) div 10) second, seq from seq_1_to_12000; do get_lock('of test', 0)`,
      );
    });
    afterEach(() => client.query("do release_lock('of test')"));

    test('a connection that breaks in the middle leaves nothing, and the next attempt of the run takes everything once', async () => {
      const runId = randomUUID();
      const broken = expect(ingest(sourceOf(WAITING), { runId })).rejects.toMatchObject({
        code: 'DATABASE_UNAVAILABLE',
        retryable: true,
      });
      await client.query(`kill ${await untilWaiting()}`);
      await broken;
      expect(await catalog.tables.head(world.table)).toBe(0);
      await client.query("do release_lock('of test')");
      expect(await ingest(sourceOf(WAITING), { runId })).toMatchObject({ rowsIn: 12_000, committed: 12_000 });
      expect(new Set(await versions()).size).toBe(12_000);
    });

    test('a run that is cancelled ends its session', async () => {
      const abort = new AbortController();
      const cancelled = expect(ingest(sourceOf(WAITING), { signal: abort.signal })).rejects.toMatchObject({
        code: 'CANCELLED',
      });
      await untilWaiting();
      abort.abort();
      await cancelled;
    });

    test.each(['planned', 'committed'] as const)(
      'a process that is killed when its work is %s leaves a run that the next attempt completes',
      async (killed) => {
        const runId = randomUUID();
        const manifest = manifestOf(world.project, sourceOf());
        const place = { catalogUrl: catalogDatabase.url, folder: world.folder.path };
        const ingestion: Ingestion = { ...place, manifest, runId, killed };
        const child = spawn(process.execPath, ['--import', 'tsx', STARTER, JSON.stringify(ingestion)], {
          stdio: 'inherit',
        });
        expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
        await client.query(`insert into orders values (12001, '${DAY}', '${DAY}' + interval 1199 second, 1)`);
        expect(await ingest(sourceOf(), { runId })).toMatchObject({ rowsIn: 12_000, committed: 12_000, snapshot: 1 });
        expect(await ingest()).toMatchObject({ rowsIn: 11, committed: 1, deduplicated: 10, snapshot: 2 });
        expect(new Set(await versions()).size).toBe(12_001);
      },
      300_000,
    );
  });

  test.each<readonly [string, (url: URL) => void, string, RegExp]>([
    ['a server that is away', (url) => (url.port = '1'), 'DATABASE_UNAVAILABLE', /ECONNREFUSED/],
    [
      'a user who is not let in',
      (url) => (url.username = 'nobody'),
      'INPUT_UNREADABLE',
      /Access denied for user 'nobody'/,
    ],
    ['a database that is not there', (url) => (url.pathname = '/none'), 'INPUT_UNREADABLE', /denied|Unknown database/],
  ])('the address is not told in the error of %s', async (_, breakUrl, code, message) => {
    const url = new URL(process.env['DATABASE_OF_TEST']!);
    breakUrl(url);
    process.env['BROKEN_OF_TEST'] = url.href;
    const error = await ingest(sourceOf({ url: 'env:BROKEN_OF_TEST' })).catch((thrown: unknown) => thrown);
    delete process.env['BROKEN_OF_TEST'];
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
    const { cause, stack, details } = error as AsofError;
    const told = `${String(cause)} ${stack} ${JSON.stringify(details)}`;
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)]) expect(told).not.toContain(secret);
  });
});
