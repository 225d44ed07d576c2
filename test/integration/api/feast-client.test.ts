/** Feast's own client from PyPI, whose online store is `remote`, reads from the API. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'lossless-json';
import { startServer, type RunningServer } from '../../../api/server.ts';
import { benchCache, providePeers } from '../../../bench/peers.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import { loadDefinitions } from '../../../definitions/loading.ts';
import { settingsFor } from '../../support/settings.ts';
import { testStack } from '../../support/stack.ts';
import { openFixture, type StoreFixture } from '../library/store-fixture.ts';

const INSTALL_MILLIS = 900_000;
const BEYOND_DOUBLES = 9_007_199_254_740_993n;
const DUE = 1_704_110_400n;

const DEFINITIONS = `
import {
  boolean, categorical, count, derivedView, embedding, entity, featureService, featureView, numeric, pushSource, requestSource, text, timestamp,
} from 'asof';

export const customer = entity('customer', { keys: { customer_id: 'int64' } });
export const shelf = entity('shelf', { keys: { shop: 'string', place: 'int64' } });
export const orders = pushSource('orders', {
  timestamp: 'at',
  schema: {
    at: 'timestamp',
    customer_id: 'int64',
    shop: 'string',
    place: 'int64',
    number: 'int64',
    amount: 'float64',
    city: 'string',
    paid: 'boolean',
    due: 'timestamp',
    taste: 'float32[3]',
  },
});
export const latest = featureView('latest', {
  entities: [customer],
  source: orders,
  online: true,
  features: {
    number: numeric(),
    amount: numeric({ default: 0 }),
    city: text(),
    paid: boolean(),
    due: timestamp(),
    taste: embedding(3),
  },
});
export const recent = featureView('recent', {
  entities: [customer],
  source: orders,
  online: true,
  features: { orders: count({ window: 'all' }) },
});
export const shelves = featureView('shelves', {
  entities: [shelf],
  source: orders,
  online: true,
  features: { city: categorical() },
});
export const basket = requestSource('basket', { schema: { budget: 'float64' } });
export const room = derivedView('room', {
  inputs: [basket, latest],
  features: { left: numeric() },
  compute: ({ basket, latest }) => ({
    left: basket.budget === null || latest.amount === null ? null : basket.budget - latest.amount,
  }),
});
export const service = featureService('latest_v1', { features: [latest] });
`;

const NAMES = ['number', 'amount', 'city', 'paid', 'due', 'taste'].map((name) => `latest:${name}`);
const VIEWS = [
  {
    name: 'latest',
    pushed: true,
    keys: { customer_id: 'int64' },
    features: {
      number: 'int64',
      amount: 'float64',
      city: 'string',
      paid: 'boolean',
      due: 'timestamp',
      taste: 'float32[3]',
    },
  },
  // windows are made of the rows of the lake
  { name: 'recent', pushed: false, keys: { customer_id: 'int64' }, features: { orders: 'int64' } },
  { name: 'shelves', pushed: true, keys: { shop: 'string', place: 'int64' }, features: { city: 'string' } },
];

let fixture: StoreFixture;
let server: RunningServer;
let python: string;
beforeAll(async () => {
  python = await providePeers(await benchCache(), (line) => process.stderr.write(`${line}\n`));
}, INSTALL_MILLIS);
beforeAll(async () => {
  fixture = await openFixture();
  const definitions = path.join(fixture.directory, 'features.ts');
  writeFileSync(definitions, DEFINITIONS);
  const settings = settingsFor(fixture.directory, {
    project: fixture.project,
    definitions: [definitions],
    catalogUrl: fixture.catalogUrl,
    redisUrl: testStack().redisUrl,
    temporal: { address: testStack().temporalAddress, namespace: 'default' },
  });
  const catalog = await openCatalog({ url: fixture.catalogUrl });
  await catalog.definitions.apply({ project: fixture.project, base: 0, ...(await loadDefinitions(settings)) });
  await catalog.close();
  const store = await fixture.open();
  const row = { shop: 'a:b', place: 7, city: 'Zürich', due: '2024-01-01T12:00:00.25Z', taste: [0.5, 1, -2] };
  await store.putFeatures('latest', [
    { ...row, customer_id: 1, number: BEYOND_DOUBLES, amount: 30, paid: true },
    { ...row, customer_id: 2, number: null, amount: 0.1, paid: false },
  ]);
  await store.materialize();
  server = await startServer(settings, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server?.close();
  await fixture?.close();
});

interface FeastAnswer {
  readonly values: Readonly<Record<string, readonly unknown[]>>;
  readonly types: Readonly<Record<string, string>>;
}

const ask = (...reads: readonly object[]): Promise<readonly FeastAnswer[]> => writeAndAsk([], ...reads);

/** Writes, then reads. Python's JSON has every digit; integers come as `bigint`, other numbers as they are. */
async function writeAndAsk(writes: readonly object[], ...reads: readonly object[]): Promise<readonly FeastAnswer[]> {
  const task = JSON.stringify({ url: server.url, views: VIEWS, writes, reads });
  const script = path.join(import.meta.dirname, 'feast-client.py');
  const { stdout } = await promisify(execFile)(python, [script, task]);
  return parse(stdout.trim().split('\n').at(-1)!, undefined, (digits) =>
    /^-?\d+$/.test(digits) ? BigInt(digits) : Number(digits),
  ) as readonly FeastAnswer[];
}

async function post(body: string, headers: Record<string, string> = {}) {
  // bytes, to which fetch adds no content type of its own
  const response = await fetch(`${server.url}/get-online-features`, {
    method: 'POST',
    headers,
    body: new TextEncoder().encode(body),
  });
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
}

it('an unmodified Feast client reads every type, keys of several columns, services and full names', async () => {
  const customers = [1, 2, 3].map((customer_id) => ({ customer_id }));
  const [all, service, pair, full] = await ask(
    { features: NAMES, entities: customers },
    { service: 'latest_v1', entities: customers },
    {
      features: ['shelves:city'],
      entities: [
        { shop: 'a:b', place: 7 },
        { shop: 'a', place: 7 },
      ],
    },
    { features: ['latest:amount', 'recent:orders'], entities: customers, fullNames: true },
  );
  expect(all!.values).toEqual({
    customer_id: [1n, 2n, 3n],
    number: [BEYOND_DOUBLES, null, null],
    // Feast knows no defaults
    amount: [30, 0.1, null],
    city: ['Zürich', 'Zürich', null],
    paid: [true, false, null],
    due: [DUE, DUE, null],
    taste: [[0.5, 1, -2], [0.5, 1, -2], null],
  });
  expect(all!.types).toMatchObject({ customer_id: 'int', number: 'int', amount: 'float', taste: 'list' });
  expect(service).toEqual(all);
  expect(pair!.values).toEqual({ shop: ['a:b', 'a'], place: [7n, 7n], city: ['Zürich', null] });
  expect(full!.values).toEqual({
    customer_id: [1n, 2n, 3n],
    latest__amount: [30, 0.1, null],
    recent__orders: [1n, 1n, 0n],
  });
}, 300_000);

it('an unmodified Feast client writes rows of a view, and pushes to the views of a source', async () => {
  const at = '2024-06-01T00:00:00.000001Z';
  const due = '2024-01-01T12:00:00Z';
  const taste = [0.5, 1, -2];
  const columns = {
    ...{ at: [at, at], customer_id: [11, 12], number: [Number.MAX_SAFE_INTEGER, 2], amount: [0.1, 3] },
    ...{ city: ['Zürich', ''], paid: [true, false], due: [due, due], taste: [taste, taste] },
  };
  const later = {
    ...{ at: ['2024-07-01', '2024-05-01'], customer_id: [11, 12], amount: [7, 8] },
    shop: ['s', 's'],
    place: [1, 1],
    city: ['Bern', 'Genf'],
  };
  const missing = { number: [1, 1], paid: [true, true], due: [due, due], taste: [taste, taste] };
  const customers = [{ customer_id: 11 }, { customer_id: 12 }];
  const [written] = await writeAndAsk([{ view: 'latest', columns, instants: ['at', 'due'] }], {
    features: NAMES,
    entities: customers,
  });
  expect(written!.values).toEqual({
    customer_id: [11n, 12n],
    number: [BigInt(Number.MAX_SAFE_INTEGER), 2n],
    amount: [0.1, 3],
    city: ['Zürich', ''],
    paid: [true, false],
    due: [DUE, DUE],
    taste: [taste, taste],
  });
  const [pushed, shelves] = await writeAndAsk(
    [{ source: 'orders', columns: { ...later, ...missing }, instants: ['at', 'due'] }],
    { features: ['latest:amount', 'latest:city'], entities: customers },
    { features: ['shelves:city'], entities: [{ shop: 's', place: 1 }] },
  );
  // the second row is older than the one that is there
  expect(pushed!.values).toMatchObject({ amount: [7, 3], city: ['Bern', ''] });
  expect(shelves!.values).toMatchObject({ city: ['Bern'] });
}, 300_000);

it('the document is that of Feast, also for a body that does not say what it is', async () => {
  const body = JSON.stringify({
    features: ['latest:number', 'latest:amount', 'latest:due'],
    entities: { customer_id: [1, 2, 3] },
    full_feature_names: false,
    include_feature_view_version_metadata: false,
  });
  const named = await post(body, { 'content-type': 'application/json' });
  expect(named).toMatchObject({
    status: 200,
    body: {
      metadata: { feature_names: ['customer_id', 'number', 'amount', 'due'] },
      results: [
        { values: [1, 2, 3], statuses: ['PRESENT', 'PRESENT', 'PRESENT'] },
        { statuses: ['PRESENT', 'NULL_VALUE', 'NOT_FOUND'] },
        { values: [30, 0.1, null], statuses: ['PRESENT', 'PRESENT', 'NOT_FOUND'] },
        { statuses: ['PRESENT', 'PRESENT', 'NOT_FOUND'] },
      ],
    },
  });
  const results = named.body['results'] as readonly { readonly event_timestamps: readonly unknown[] }[];
  for (const { event_timestamps } of results) {
    expect(event_timestamps.map((text) => Number.isNaN(Date.parse(String(text))))).toEqual([false, false, false]);
  }
  expect(await post(body)).toEqual(named);
});

it('columns of the request stand among the entities', async () => {
  const entities = { customer_id: [1], budget: [100] };
  const answer = await post(JSON.stringify({ features: ['room:left'], entities }));
  expect(answer).toMatchObject({ status: 200, body: { results: [{}, { values: [70], statuses: ['PRESENT'] }] } });
});

it.each([
  ['two columns of one name', { features: ['latest:city', 'shelves:city'] }, 'NAME_COLLISION'],
  ['an unknown feature', { features: ['latest:nothing'] }, 'UNKNOWN_NAME'],
  ['neither features nor a service', {}, 'USAGE'],
])('refuses %s', async (_title, names, code) => {
  const entities = { customer_id: [1], shop: ['a'], place: [1] };
  expect((await post(JSON.stringify({ ...names, entities }))).body).toMatchObject({ code });
});

it('refuses a body of another type', async () => {
  expect(await post('x', { 'content-type': 'text/csv' })).toMatchObject({ status: 400, body: { code: 'USAGE' } });
});
