/** Tables of a real PostgreSQL in the lake: each row once, each version of it once, whatever breaks on the way. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { AsofError } from '../../../contracts/errors.ts';
import type { DatabaseSourceManifest } from '../../../contracts/manifest.ts';
import { planIngestion } from '../../../ingestion/plan-ingestion.ts';
import { publishIngestion } from '../../../ingestion/publish-ingestion.ts';
import { stageGroup } from '../../../ingestion/stage-group.ts';
import { createCatalogDatabase, createEmptyDatabase, type TestDatabase } from '../../support/catalog.ts';
import type { Ingestion } from '../../support/killed-ingestion-starter.ts';
import { uniqueName } from '../../support/stack.ts';
import { databaseSourceOf, expectationOf } from './fixtures.ts';
import { manifestOf, openWorld, type IngestOptions, type World } from './world.ts';

const STARTER = path.resolve(import.meta.dirname, '../../support/killed-ingestion-starter.ts');
const PASSWORD = 'not:for/anyone';
const READER = uniqueName('reader');
const LOCK = 42;

let catalogDatabase: TestDatabase;
let catalog: Catalog;
let database: TestDatabase;
let client: pg.Client;
let world: World;

beforeAll(async () => {
  catalogDatabase = await createCatalogDatabase();
  catalog = await openCatalog({ url: catalogDatabase.url, poolSize: 2 });
  database = await createEmptyDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`create role ${READER} superuser login password '${PASSWORD}'`);
  const url = new URL(database.url);
  Object.assign(url, { username: READER, password: PASSWORD });
  process.env['DATABASE_OF_TEST'] = url.href;
});
afterAll(async () => {
  delete process.env['DATABASE_OF_TEST'];
  await client?.query(`drop role if exists ${READER}`);
  await client?.end();
  await database?.drop();
  await catalog?.close();
  await catalogDatabase?.drop();
});
beforeEach(async () => {
  world = await openWorld({ catalog });
  await client.query('drop table if exists orders');
  await client.query('create table orders (id int8 primary key, ts timestamptz, updated_at timestamptz, n int8)');
});
afterEach(() => world[Symbol.asyncDispose]());

const DAY = '2024-01-01';
const ingest = (source: DatabaseSourceManifest = databaseSourceOf(), options: IngestOptions = {}) =>
  world.ingest(source, options);
const put = (id: number, second: number, n = 1) =>
  client.query(
    `insert into orders values ($1, '${DAY}', '${DAY}T00:00:00Z'::timestamptz + make_interval(secs => $2), $3)
     on conflict (id) do update set updated_at = excluded.updated_at, n = excluded.n`,
    [id, second, n],
  );
const versions = async () => (await world.rows()).map(({ id, n }) => `${id as bigint}:${n as bigint}`);
const full = (options: Partial<DatabaseSourceManifest> = {}) => databaseSourceOf({ cursor: null, ...options });

async function expectConserved(rowsIn: number): Promise<void> {
  const days = await catalog.tables.conservation(world.table);
  const total = (of: (day: (typeof days)[number]) => number): number => days.reduce((sum, day) => sum + of(day), 0);
  expect(total((day) => day.rowsIn)).toBe(rowsIn);
  expect(total((day) => day.committed + day.quarantined + day.deduplicated)).toBe(rowsIn);
  expect(total((day) => day.committed)).toBe((await world.rows()).length);
}

describe('with a cursor', () => {
  test('a run takes what changed since the one before, and the order of the cursor is that of the rows', async () => {
    await put(2, 2);
    await put(1, 1);
    expect(await ingest()).toMatchObject({ rowsIn: 2, committed: 2, deduplicated: 0, snapshot: 1, inputs: 1 });
    expect(await versions()).toEqual(['1:1', '2:1']);
    await put(3, 3);
    await put(1, 4, 7);
    expect(await ingest()).toMatchObject({ rowsIn: 3, committed: 2, quarantined: 0, deduplicated: 1, snapshot: 2 });
    expect(await versions()).toEqual(['1:1', '2:1', '3:1', '1:7']);
    await expectConserved(5);
    const again = await ingest();
    expect(again).toMatchObject({ rowsIn: 1, committed: 0, deduplicated: 1, snapshot: 2, inputs: 0 });
    expect(again.warnings).toEqual([
      'nothing new: every row of table public.orders was ingested before; no snapshot was made',
    ]);
    expect(await catalog.tables.databasePosition(world.table)).toMatchObject({
      ...{ snapshot: 2, cursor: 'updated_at', value: `${DAY} 00:00:04Z`, seen: { rows: 1 } },
    });
  });

  test('rows with the value at which the last run ended are taken once, in whichever run they come', async () => {
    for (const id of [1, 2, 3]) await put(id, 5);
    expect(await ingest()).toMatchObject({ committed: 3 });
    for (const id of [4, 5]) await put(id, 5);
    expect(await ingest()).toMatchObject({ rowsIn: 5, committed: 2, deduplicated: 3 });
    // the same instant, another content
    await put(2, 5, 9);
    expect(await ingest()).toMatchObject({ rowsIn: 5, committed: 1, deduplicated: 4 });
    await put(6, 6);
    expect(await ingest()).toMatchObject({ rowsIn: 6, committed: 1, deduplicated: 5 });
    expect(await ingest()).toMatchObject({ rowsIn: 1, committed: 0, deduplicated: 1 });
    expect(await versions()).toEqual(['1:1', '2:1', '3:1', '4:1', '5:1', '2:9', '6:1']);
    await expectConserved(3 + 5 + 5 + 6);
  });

  test('rows without a value of the cursor are taken when they are new or changed', async () => {
    await put(1, 1);
    await client.query(`insert into orders values (2, '${DAY}', null, 1)`);
    expect(await ingest()).toMatchObject({ committed: 2 });
    await client.query('update orders set n = 2 where id = 2');
    expect(await ingest()).toMatchObject({ rowsIn: 2, committed: 1, deduplicated: 1 });
    expect(await ingest()).toMatchObject({ rowsIn: 2, committed: 0 });
    expect(await versions()).toEqual(['1:1', '2:1', '2:2']);
  });

  test('an integer beyond 2^53 is one, to the last digit', async () => {
    const source = databaseSourceOf({ cursor: 'id' });
    await client.query(`insert into orders values (9007199254740993, '${DAY}', null, 1)`);
    await ingest(source);
    await client.query(
      `insert into orders values (9007199254740992, '${DAY}', null, 2), (9007199254740994, '${DAY}', null, 3)`,
    );
    expect(await ingest(source)).toMatchObject({ rowsIn: 2, committed: 1, deduplicated: 1 });
    expect(await versions()).toEqual(['9007199254740993:1', '9007199254740994:3']);
  });

  test('lag: rows that are younger wait, so that a transaction which commits late is not missed', async () => {
    const source = databaseSourceOf({ lagMicros: 3_600_000_000 });
    const insert = (id: number, age: string) =>
      client.query(`insert into orders values (${id}, '${DAY}', now() - interval '${age}', 1)`);
    await insert(1, '3 hours');
    await insert(2, '1 minute');
    expect(await ingest(source)).toMatchObject({ rowsIn: 1, committed: 1 });
    // it committed after that run, with a value that lies before what waits
    await insert(3, '2 hours');
    expect(await ingest(source)).toMatchObject({ rowsIn: 2, committed: 1, deduplicated: 1 });
    await client.query("update orders set updated_at = updated_at - interval '1 hour' where id = 2");
    expect(await ingest(source)).toMatchObject({ rowsIn: 2, committed: 1, deduplicated: 1 });
    expect(await versions()).toEqual(['1:1', '3:1', '2:1']);
  });

  test('lag of a column without a zone is that of the source’s own clocks', async () => {
    await client.query("alter table orders alter updated_at type timestamp using updated_at at time zone 'Asia/Tokyo'");
    const source = databaseSourceOf({ lagMicros: 60_000_000, timezone: 'Asia/Tokyo' });
    await client.query(
      `insert into orders values (1, '${DAY}', now() at time zone 'Asia/Tokyo' - interval '2 minutes', 1),
       (2, '${DAY}', now() at time zone 'Asia/Tokyo', 1)`,
    );
    expect(await ingest(source)).toMatchObject({ rowsIn: 1, committed: 1 });
    expect(await versions()).toEqual(['1:1']);
  });

  test('another cursor than before is refused', async () => {
    await put(1, 1);
    await ingest();
    const refused = { code: 'CONFLICT', message: expect.stringContaining('by the cursor "updated_at"') as string };
    await expect(ingest(databaseSourceOf({ cursor: 'id' }))).rejects.toMatchObject(refused);
    await expect(ingest(full())).rejects.toMatchObject(refused);
  });

  test('a range of time is refused', async () => {
    await expect(ingest(databaseSourceOf(), { range: { from: 0n, to: 1n } })).rejects.toMatchObject({
      code: 'INVALID_RANGE',
    });
  });
});

describe('without a cursor', () => {
  test('a run takes rows that are new or changed, also back to what they were', async () => {
    await put(1, 1);
    await put(2, 1);
    expect(await ingest(full())).toMatchObject({ rowsIn: 2, committed: 2 });
    await put(1, 1, 5);
    await put(3, 1);
    expect(await ingest(full())).toMatchObject({ rowsIn: 3, committed: 2, deduplicated: 1 });
    await put(1, 1);
    expect(await ingest(full())).toMatchObject({ rowsIn: 3, committed: 1, deduplicated: 2 });
    expect(await ingest(full())).toMatchObject({ rowsIn: 3, committed: 0, deduplicated: 3, snapshot: 3 });
    expect(await versions()).toEqual(['1:1', '2:1', '1:5', '3:1', '1:1']);
    await expectConserved(8);
    // all rows are known, so a cursor may take over
    await put(4, 2);
    expect(await ingest()).toMatchObject({ rowsIn: 4, committed: 1, deduplicated: 3 });
    expect(await ingest()).toMatchObject({ rowsIn: 1, committed: 0 });
  });

  test('a column that comes later changes no row that has nothing there', async () => {
    await put(1, 1);
    await ingest(full());
    await client.query('alter table orders add column note text');
    await client.query(`insert into orders values (2, '${DAY}', null, 1, 'x')`);
    expect(await ingest(full())).toMatchObject({ rowsIn: 2, committed: 1, deduplicated: 1 });
    expect(await world.rows()).toMatchObject([
      { id: 1n, note: null },
      { id: 2n, note: 'x' },
    ]);
  });

  test('without a primary key equal rows are as many as there are', async () => {
    const source = full({
      table: null,
      query: `select 1 as id, ts, updated_at, n from orders -- all; of them\n;`,
      primaryKey: [],
    });
    await put(1, 1);
    await put(2, 1);
    expect(await ingest(source)).toMatchObject({ committed: 2 });
    await put(3, 1);
    expect(await ingest(source)).toMatchObject({ rowsIn: 3, committed: 1, deduplicated: 2 });
    expect((await ingest(source)).warnings).toEqual([
      'nothing new: every row of the query of events was ingested before; no snapshot was made',
    ]);
  });

  test('of rows with one primary key in one read the last by cursor stands', async () => {
    const query = `select 1 as id, ts, updated_at, n from orders`;
    const source = databaseSourceOf({ table: null, query });
    await put(1, 1, 10);
    await put(2, 3, 30);
    await put(3, 2, 20);
    expect(await ingest(source)).toMatchObject({ rowsIn: 3, committed: 1, deduplicated: 2 });
    expect(await versions()).toEqual(['1:30']);
  });
});

describe('values', () => {
  const ORDERS = databaseSourceOf({ cursor: null, primaryKey: [] });
  const typed = (columns: DatabaseSourceManifest['columns']) => ({
    ...ORDERS,
    columns: [...ORDERS.columns, ...columns],
  });

  test('keep every digit, microseconds and zones', async () => {
    await client.query(
      `alter table orders add big numeric, add flag bool, add price numeric(20, 4), add local timestamp, add day date, add tags int8[],
       add doc jsonb, add weight float4, add label char(3), add bytes bytea, add epoch int8`,
    );
    await client.query(
      `insert into orders values (9223372036854775807, '2024-01-01 01:02:03.123456+02', 'infinity'::timestamptz, -9223372036854775808,
       12345678901234567890123456789.5, true, 12.5000, '2024-06-30 12:00:00.000001', '2024-02-29', '{9007199254740993,null}', '{"a": [1, "é"]}', 0.1, 'x', '\\xff00', 1704067200123)`,
    );
    await client.query('update orders set updated_at = null');
    const source = {
      ...typed([
        { name: 'big', type: 'string', from: 'big' },
        { name: 'flag', type: 'boolean', from: 'flag' },
        { name: 'price', type: 'float64', from: 'price' },
        { name: 'local', type: 'timestamp', from: 'local' },
        { name: 'day', type: 'timestamp', from: 'day' },
        { name: 'tags', type: 'int64[]', from: 'tags' },
        { name: 'epoch', type: 'timestamp[ms]', from: 'epoch' },
      ]),
      timezone: 'Europe/Berlin',
    };
    await ingest(source);
    expect(await world.rows()).toEqual([
      {
        id: 9223372036854775807n,
        ts: 1704063723123456n,
        updated_at: null,
        n: -9223372036854775808n,
        big: '12345678901234567890123456789.5',
        flag: true,
        price: 12.5,
        // summer time in Berlin
        local: BigInt(Date.UTC(2024, 5, 30, 10)) * 1000n + 1n,
        day: BigInt(Date.UTC(2024, 1, 28, 23)) * 1000n,
        tags: [9007199254740993n, null],
        epoch: 1704067200123000n,
        // those that nobody declared
        doc: '{"a": [1, "é"]}',
        weight: 0.1,
        label: 'x  ',
        bytes: '\\xff00',
      },
    ]);
  });

  test.each(['infinity', '0044-03-15 BC', '20000-01-01'])(
    'an instant that is none here is refused: %s',
    async (text) => {
      await client.query(`insert into orders values (1, '${text}', null, 1)`);
      await expect(ingest()).rejects.toMatchObject({
        code: 'INPUT_VALUE_INVALID',
        message: expect.stringContaining('events: table public.orders, row 1, column "ts": ') as string,
      });
      expect(await catalog.tables.head(world.table)).toBe(0);
    },
  );

  test.each([
    ['n', 'text', 'text', 'int64', 'string'],
    ['n', 'bool using true', 'boolean', 'int64', 'boolean'],
    ['ts', 'text', 'text', 'timestamp', 'string'],
    ['updated_at', 'int8 using 1', 'bigint', 'timestamp', 'int64'],
  ])('a column whose type changed is named: %s %s', async (column, change, actual, declared, mend) => {
    await put(1, 1);
    await ingest();
    await put(2, 2);
    await client.query(`alter table orders alter ${column} type ${change}`);
    await expect(ingest()).rejects.toMatchObject({
      code: 'INPUT_TYPE_CHANGED',
      message: `events: table public.orders: column "${column}" is ${actual}, which does not fit the declared ${declared}; declare it as ${mend}, or cast it in a query`,
    });
    expect(await catalog.tables.head(world.table)).toBe(1);
    expect(await versions()).toEqual(['1:1']);
  });

  test('so is one that is gone, and a table that is', async () => {
    await put(1, 1);
    await client.query('alter table orders drop updated_at');
    await expect(ingest()).rejects.toMatchObject({
      code: 'INPUT_COLUMN_MISSING',
      message: expect.stringContaining('table public.orders has no column "updated_at"; it has: id, ts, n') as string,
    });
    await expect(ingest(databaseSourceOf({ table: 'public.Orders' }))).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: 'events: table public.Orders cannot be read: relation "public.Orders" does not exist',
    });
  });

  test('names in quotes, other names here, columns that are left out', async () => {
    await client.query('create schema if not exists "my shop"; drop table if exists "my shop"."the ""orders"""');
    await client.query(
      `create table "my shop"."the ""orders""" ("Order" int8, "at" timestamptz, "n" int4, secret text)`,
    );
    await client.query(`insert into "my shop"."the ""orders""" values (1, '${DAY}', 5, 'x')`);
    const source = databaseSourceOf({
      table: '"my shop"."the ""orders"""',
      cursor: 'ts',
      columns: [
        { name: 'id', type: 'int64', from: 'Order' },
        { name: 'ts', type: 'timestamp', from: 'at' },
        { name: 'n', type: 'int64', from: 'n' },
      ],
      contract: { columns: 'discard', types: 'freeze' },
    });
    await ingest(source);
    expect(await world.rows()).toEqual([{ id: 1n, ts: 1704067200000000n, n: 5n }]);
  });

  test('a query with two columns of one name is told so', async () => {
    const query = 'select *, n as ts from orders';
    await expect(ingest(databaseSourceOf({ table: null, query }))).rejects.toMatchObject({
      message: expect.stringContaining('it has two columns "ts"; name one of them otherwise') as string,
    });
  });

  test('a query that is more than a SELECT does nothing', async () => {
    await put(1, 1);
    for (const query of [
      'select * from orders) x; commit; drop table orders; --',
      'delete from orders returning *',
      'with gone as (delete from orders returning *) select * from gone',
      "select *, nextval('made') from orders",
    ]) {
      await client.query('create sequence if not exists made');
      await expect(ingest(databaseSourceOf({ table: null, query }))).rejects.toMatchObject({
        code: 'INPUT_UNREADABLE',
      });
    }
    expect((await client.query('select * from orders')).rowCount).toBe(1);
  });

  test('rows that break a rule are set aside once', async () => {
    const rule = expectationOf(
      'expect_column_values_to_be_between',
      { column: 'n', max_value: 9 },
      { onFailure: 'quarantine' },
    );
    const source = databaseSourceOf({ expectations: [rule] });
    await put(1, 1);
    await put(2, 1, 10);
    expect(await ingest(source)).toMatchObject({ rowsIn: 2, committed: 1, quarantined: 1 });
    await put(3, 2);
    expect(await ingest(source)).toMatchObject({ rowsIn: 3, committed: 1, quarantined: 0, deduplicated: 2 });
    expect(await world.quarantine()).toMatchObject([
      { input: 'table public.orders', raw: expect.stringContaining('"id":2') as string },
    ]);
    await expectConserved(5);
  });
});

/** A read that stands still behind its first batches until the lock is given up. */
const WAITING: Partial<DatabaseSourceManifest> = {
  table: null,
  query: `select id, ts, updated_at, n, case when id > 6000 then pg_advisory_xact_lock_shared(${LOCK})::text end as waited from orders`,
};

async function untilWaiting(): Promise<number> {
  const waiting = async (): Promise<number | undefined> => {
    const { rows } = await client.query<{ readonly pid: number }>(
      "select pid from pg_stat_activity where datname = current_database() and application_name = 'asof' and wait_event_type = 'Lock'",
    );
    return rows[0]?.pid;
  };
  await expect.poll(waiting).toBeDefined();
  return (await waiting())!;
}

describe('faults', () => {
  beforeEach(async () => {
    await client.query(
      `insert into orders select i, '${DAY}'::timestamptz + make_interval(secs => i), '${DAY}'::timestamptz + make_interval(secs => (i - 1) / 10), i from generate_series(1, 12000) as i`,
    );
    await client.query(`select pg_advisory_lock(${LOCK})`);
  });
  afterEach(() => client.query('select pg_advisory_unlock_all()'));

  test('a connection that breaks in the middle leaves nothing, and the next attempt of the run takes everything once', async () => {
    const runId = randomUUID();
    const broken = expect(ingest(databaseSourceOf(WAITING), { runId })).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      retryable: true,
    });
    await client.query('select pg_terminate_backend($1)', [await untilWaiting()]);
    await broken;
    expect(await catalog.tables.head(world.table)).toBe(0);
    await client.query('select pg_advisory_unlock_all()');
    expect(await ingest(databaseSourceOf(WAITING), { runId })).toMatchObject({ rowsIn: 12_000, committed: 12_000 });
    expect(new Set(await versions()).size).toBe(12_000);
    await expectConserved(12_000);
  });

  test('a run that is cancelled ends its session', async () => {
    const abort = new AbortController();
    const cancelled = expect(ingest(databaseSourceOf(WAITING), { signal: abort.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    await untilWaiting();
    abort.abort();
    await cancelled;
  });

  test('rows that change while they are read are those of one moment', async () => {
    const reading = ingest(databaseSourceOf(WAITING));
    await untilWaiting();
    await client.query("update orders set n = -n, updated_at = '2024-01-02'");
    await client.query('select pg_advisory_unlock_all()');
    await reading;
    expect((await world.rows()).filter(({ n }) => (n as bigint) < 0n)).toEqual([]);
    expect(await ingest()).toMatchObject({ committed: 12_000 });
  });

  test.each(['planned', 'staged', 'committed'] as const)(
    'a process that is killed when its work is %s leaves a run that the next attempt completes',
    async (killed) => {
      const runId = randomUUID();
      const manifest = manifestOf(world.project, databaseSourceOf());
      const ingestion: Ingestion = {
        catalogUrl: catalogDatabase.url,
        folder: world.folder.path,
        manifest,
        runId,
        killed,
      };
      const child = spawn(process.execPath, ['--import', 'tsx', STARTER, JSON.stringify(ingestion)], {
        stdio: 'inherit',
      });
      expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
      expect(await catalog.tables.head(world.table)).toBe(killed === 'committed' ? 1 : 0);
      // what comes meanwhile belongs to the next run
      await client.query(
        `insert into orders select i, '${DAY}', '${DAY}'::timestamptz + interval '1199 seconds', i from generate_series(12001, 12010) as i`,
      );
      expect(await ingest(databaseSourceOf(), { runId })).toMatchObject({
        rowsIn: 12_000,
        committed: 12_000,
        snapshot: 1,
      });
      expect(await ingest()).toMatchObject({ rowsIn: 10 + 10, committed: 10, deduplicated: 10, snapshot: 2 });
      expect(new Set(await versions()).size).toBe(12_010);
      await expectConserved(12_000 + 20);
    },
    300_000,
  );

  test('two runs that read the same rows count them once', async () => {
    const prepare = async (): Promise<string> => {
      const request = {
        manifest: manifestOf(world.project, databaseSourceOf()),
        source: 'events',
        runId: randomUUID(),
      };
      const { planUri, groups } = await planIngestion(world, request);
      for (let group = 0; group < groups; group++) await stageGroup(world, { planUri, group });
      return planUri;
    };
    const [one, same] = [await prepare(), await prepare()];
    await client.query(`insert into orders values (12001, '${DAY}', '2024-01-03', 1)`);
    const two = await prepare();
    expect(await publishIngestion(world, { planUri: one })).toMatchObject({ committed: 12_000 });
    expect(await publishIngestion(world, { planUri: two })).toMatchObject({ committed: 1 });
    expect(await publishIngestion(world, { planUri: same })).toMatchObject({ committed: 0 });
    expect(new Set(await versions()).size).toBe(12_001);
  });
});

describe('the address', () => {
  const everything = async (): Promise<string> => {
    const { rows } = await client.query("select 'none' as nothing");
    const texts = [JSON.stringify(rows)];
    for (const entry of await readdir(world.folder.path, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) texts.push((await readFile(path.join(entry.parentPath, entry.name))).toString('latin1'));
    }
    return texts.join('\n');
  };

  test('stands in no file of the lake', async () => {
    await put(1, 1);
    await ingest();
    const lake = await everything();
    expect(lake).toContain('env:DATABASE_OF_TEST');
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)]) expect(lake).not.toContain(secret);
  });

  test.each<readonly [string, (url: URL) => string, string, RegExp]>([
    ['a server that is away', (url) => Object.assign(url, { port: '1' }).href, 'DATABASE_UNAVAILABLE', /ECONNREFUSED/],
    [
      'a database that is not there',
      (url) => Object.assign(url, { pathname: '/none' }).href,
      'INPUT_UNREADABLE',
      /"none" does not exist/,
    ],
    [
      'a user with this password as name',
      (url) => Object.assign(url, { username: 'not:for/anyone' }).href,
      'INPUT_UNREADABLE',
      /\*\*\*/,
    ],
    [
      'another kind of address',
      (url) => url.href.replace(/^\w+/, 'oracle'),
      'CONFIG_INVALID',
      /holds no address such as/,
    ],
    ['no address', () => `${PASSWORD} is no address`, 'CONFIG_INVALID', /env:BROKEN_OF_TEST holds no address/],
    ['nothing', () => '', 'CONFIG_INVALID', /env:BROKEN_OF_TEST is not set or empty/],
  ])('is not told in the error of %s', async (_, breakUrl, code, message) => {
    process.env['BROKEN_OF_TEST'] = breakUrl(new URL(process.env['DATABASE_OF_TEST']!));
    try {
      const error = await ingest(databaseSourceOf({ url: 'env:BROKEN_OF_TEST' })).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
      const { cause, stack, details } = error as AsofError;
      const told = `${String(cause)} ${stack} ${JSON.stringify(details, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))}`;
      for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)]) expect(told).not.toContain(secret);
    } finally {
      delete process.env['BROKEN_OF_TEST'];
    }
  });

  test('may stand in a file', async () => {
    await put(1, 1);
    const file = await world.folder.write('secret', `${process.env['DATABASE_OF_TEST']}\n`);
    expect(await ingest(databaseSourceOf({ url: `file:${file}` }))).toMatchObject({ committed: 1 });
    await expect(ingest(databaseSourceOf({ url: `file:${file}-gone` }))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});
