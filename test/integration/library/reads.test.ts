/** Reading back: from the online store, from the lake, from defaults; now and in the past; the same as history says. */
import { writeFileSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import {
  aggregate,
  categorical,
  categoricalEncode,
  count,
  featureService,
  featureView,
  mean,
  normalize,
  numeric,
  pushSource,
  standardize,
  sum,
  Timestamp,
  type Store,
} from '../../../index.ts';
import { startRedis, type TestRedis } from '../online/redis-server.ts';
import { openFixture, purchaseDefinitions, user, type StoreFixture } from './store-fixture.ts';

let fixture: StoreFixture;
let server: TestRedis;
let store: Store;
beforeAll(async () => {
  server = await startRedis();
  return () => server.remove();
});
beforeAll(async () => {
  fixture = await openFixture();
  return () => fixture.close();
});

const { source, view } = purchaseDefinitions({ source: 'purchases', view: 'last_purchase' });
const offlineOnly = featureView('offline_only', {
  entities: [user],
  source,
  features: { amount: numeric({ default: -1 }), shop: categorical() },
});
const week = featureView('week', {
  entities: [user],
  source,
  online: true,
  features: {
    n: count({ window: '7d' }),
    spent: sum('amount', { window: '7d', default: 0 }),
    typical: mean('items', { window: '7d' }),
  },
});
const fresh = featureView('fresh', {
  entities: [user],
  source,
  online: true,
  ttl: '1d',
  features: { amount: numeric(), items: numeric({ default: 0 }) },
});
const transformed = featureView('transformed', {
  entities: [user],
  source: pushSource('measures', {
    timestamp: 'at',
    schema: { at: 'timestamp', user_id: 'int64', age: 'int64', score: 'float64', tier: 'string', steps: 'int64[]' },
  }),
  online: true,
  features: {
    age: numeric({ transform: normalize({ min: 0, max: 80 }) }),
    score: numeric({ transform: standardize({ mean: 10, std: 4 }) }),
    flat: numeric({ column: 'score', transform: standardize({ mean: 10, std: 0 }) }),
    tier: categorical({ transform: categoricalEncode({ mapping: { bronze: 0, gold: 1 } }) }),
    steps: numeric({ transform: aggregate({ function: 'sum' }) }),
    walks: numeric({ column: 'steps', transform: aggregate({ function: 'count' }) }),
    stride: numeric({ column: 'steps', transform: aggregate({ function: 'mean' }) }),
  },
});
const service = featureService('offers', { features: [view, week, offlineOnly.pick('amount')] });

const RECONNECTED = { timeout: 10_000, interval: 50 };
const USERS = [{ user_id: 1n }, { user_id: 2n }, { user_id: 3n }];

beforeAll(async () => {
  store = await fixture.open({ redis: server.url });
  await store.registerFeature(service, fresh, transformed);
  await store.putFeatures(view, [
    { user_id: 1, at: '2024-01-01T12:00:00Z', amount: 10, items: 1, shop: 'a' },
    { user_id: 1, at: '2024-01-03T12:00:00Z', amount: 30, items: 2 },
    { user_id: 2, amount: 5, items: 7, shop: 'b' },
  ]);
});

/** What Redis held is gone when it comes back. */
async function withoutRedis<T>(work: () => Promise<T>): Promise<T> {
  await server.kill();
  try {
    return await work();
  } finally {
    await server.start();
  }
}

const statuses = (cells: readonly { readonly status: string }[]) => cells.map(({ status }) => status);

describe('getFeatures', () => {
  it('answers from the online store, with defaults for what is missing', async () => {
    const { rows, cells, versions } = await store.getFeatures({ features: [view], entities: USERS });
    expect(rows).toEqual([
      { user_id: 1n, last_purchase__amount: 30, last_purchase__items: 2n },
      { user_id: 2n, last_purchase__amount: 5, last_purchase__items: 7n },
      { user_id: 3n, last_purchase__amount: null, last_purchase__items: 0n },
    ]);
    expect(cells.map(({ last_purchase__items: { status, servedFrom } }) => [status, servedFrom])).toEqual([
      ['PRESENT', 'online'],
      ['PRESENT', 'online'],
      ['DEFAULT', 'default'],
    ]);
    expect(statuses(cells.map(({ last_purchase__amount }) => last_purchase__amount))).toEqual([
      'PRESENT',
      'PRESENT',
      'MISSING',
    ]);
    expect(versions['last_purchase']).toMatch(/^[0-9a-f]{64}$/);
  });

  it('answers from the lake for a view that is offline only, then from the default', async () => {
    const { rows, cells } = await store.getFeatures({ features: [offlineOnly], entities: USERS });
    expect(
      rows.map(({ offline_only__amount, offline_only__shop }) => [offline_only__amount, offline_only__shop]),
    ).toEqual([
      [30, null],
      [5, 'b'],
      [-1, null],
    ]);
    const amounts = cells.map(({ offline_only__amount }) => offline_only__amount);
    expect(amounts.map(({ servedFrom }) => servedFrom)).toEqual(['lake', 'lake', 'default']);
    expect(statuses(amounts)).toEqual(['PRESENT', 'PRESENT', 'DEFAULT']);
    expect(statuses(cells.map(({ offline_only__shop }) => offline_only__shop))).toEqual(['NULL', 'PRESENT', 'MISSING']);
  });

  it('answers for the past from the lake', async () => {
    const at = Timestamp.from('2024-01-02T00:00:00Z');
    const { rows, cells, at: readAt } = await store.getFeatures({ service: 'offers', entities: USERS.slice(0, 2), at });
    expect(readAt).toEqual(at);
    expect(rows[0]).toEqual({
      user_id: 1n,
      last_purchase__amount: 10,
      last_purchase__items: 1n,
      week__n: 1,
      week__spent: 10,
      week__typical: 1,
      offline_only__amount: 10,
    });
    expect(rows[1]).toMatchObject({
      last_purchase__amount: null,
      last_purchase__items: 0n,
      week__n: 0,
      week__spent: 0,
    });
    expect(cells[0]!['week__n']!.servedFrom).toBe('lake');
  });

  it('serves no value beyond its ttl', async () => {
    const entities = [USERS[0]!];
    const now = await store.getFeatures({ features: [fresh], entities });
    expect(now.cells[0]!.fresh__amount).toMatchObject({ value: null, status: 'EXPIRED' });
    expect(now.cells[0]!.fresh__items).toMatchObject({ value: 0n, status: 'DEFAULT', servedFrom: 'default' });
    const edge = await store.getFeatures({ features: [fresh], entities, at: '2024-01-04T12:00:00Z' });
    expect(edge.rows[0]!.fresh__amount).toBe(30);
    const beyond = await store.getFeatures({ features: [fresh], entities, at: '2024-01-04T12:00:00.000001Z' });
    expect(beyond.cells[0]!.fresh__amount.status).toBe('EXPIRED');
  });

  it('applies every transform alike, online, from the lake and in history', async () => {
    await store.putFeatures(transformed, [
      { user_id: 1, at: '2024-01-01', age: 20, score: 16, tier: 'gold', steps: [3, null, 4n] },
      { user_id: 2, at: '2024-01-01', age: null, score: null, tier: 'new', steps: [] },
      { user_id: 3, at: '2024-01-01' },
    ]);
    const request = { features: [transformed], entities: USERS } as const;
    const online = await store.getFeatures(request);
    expect(online.rows).toEqual([
      {
        user_id: 1n,
        transformed__age: 0.25,
        transformed__score: 1.5,
        transformed__flat: null,
        transformed__tier: 1,
        transformed__steps: 7n,
        transformed__walks: 2,
        transformed__stride: 3.5,
      },
      {
        user_id: 2n,
        transformed__age: null,
        transformed__score: null,
        transformed__flat: null,
        transformed__tier: -1,
        transformed__steps: null,
        transformed__walks: 0,
        transformed__stride: null,
      },
      {
        user_id: 3n,
        transformed__age: null,
        transformed__score: null,
        transformed__flat: null,
        transformed__tier: -1,
        transformed__steps: null,
        transformed__walks: null,
        transformed__stride: null,
      },
    ]);
    expect(online.cells[0]!.transformed__age.servedFrom).toBe('online');
    const spine = USERS.map((one) => ({ ...one, event_timestamp: online.at }));
    const history = await store.getHistoricalFeatures({ features: [transformed], spine });
    expect(history.rows).toEqual(online.rows.map((row) => ({ ...row, event_timestamp: online.at })));
    const lake = await withoutRedis(() => store.getFeatures({ ...request, at: online.at }));
    expect(lake.rows).toEqual(online.rows);
    expect(lake.cells[0]!.transformed__age.servedFrom).toBe('lake');
  });

  it.each([
    [
      'a key that is missing',
      { features: ['week'], entities: [{ user: 1 }] },
      'INVALID_VALUE',
      'entities[0]: "user_id" is missing',
    ],
    ['a key of another type', { features: ['week'], entities: [{ user_id: true }] }, 'KEY_TYPE_MISMATCH', 'user_id'],
    ['an unknown feature', { features: ['week:m'], entities: [] }, 'UNKNOWN_NAME', 'week:n'],
    ['a source', { features: [source], entities: [] }, 'INVALID_VALUE', 'each is a name'],
    ['an instant that is none', { features: ['week'], entities: [], at: 'noon' }, 'INVALID_INSTANT', 'noon'],
    [
      'an unknown column of the request',
      { features: ['week'], entities: USERS, request: { x: 1 } },
      'UNKNOWN_NAME',
      'x',
    ],
    ['too few rows of the request', { features: ['week'], entities: USERS, request: [] }, 'INVALID_VALUE', 'request'],
  ])('refuses %s', async (_, request, code, message) => {
    const refused = store.getFeatures(request as never);
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
  });
});

describe('getHistoricalFeatures', () => {
  const spine = [
    { user_id: 1, event_timestamp: '2024-01-02T00:00:00+00:00', label: true },
    { user_id: 1, event_timestamp: new Date(Date.UTC(2024, 0, 3, 12)), label: null },
    { user_id: null, event_timestamp: '2024-01-02', label: { nested: [1] } },
    { user_id: '1', event_timestamp: Timestamp.from('2024-01-01T00:00:00Z'), label: undefined },
    { user_id: 1, event_timestamp: '2024-01-02T00:00:00+00:00', label: 'again' },
  ];

  it('gives every row once, in order, with its other columns untouched', async () => {
    const { rows, snapshots, leakage } = await store.getHistoricalFeatures({ features: [view, week.pick('n')], spine });
    expect(rows).toEqual(
      [
        [10, 1n, 1],
        [30, 2n, 1],
        [null, 0n, 0],
        [null, 0n, 0],
        [10, 1n, 1],
      ].map(([amount, items, n], index) => ({
        ...spine[index]!,
        last_purchase__amount: amount,
        last_purchase__items: items,
        week__n: n,
      })),
    );
    expect(snapshots).toEqual({ purchases: expect.any(Number) as number });
    expect(leakage).toMatchObject({ last_purchase__amount: 'unknown' });
    expect((await store.getHistoricalFeatures({ features: [view], spine: [] })).rows).toEqual([]);
  });

  it('can leave the names of views out, unless two columns would be one', async () => {
    const { rows } = await store.getHistoricalFeatures({
      features: [view],
      spine: spine.slice(0, 1),
      shortNames: true,
    });
    expect(rows[0]).toEqual({ ...spine[0], amount: 10, items: 1n });
    const features = [view, offlineOnly];
    await expect(store.getHistoricalFeatures({ features, spine, shortNames: true })).rejects.toMatchObject({
      code: 'NAME_COLLISION',
    });
    const taken = [{ ...spine[0]!, last_purchase__amount: 0 }];
    await expect(store.getHistoricalFeatures({ features: [view], spine: taken })).rejects.toMatchObject({
      code: 'NAME_COLLISION',
    });
  });

  it('works from file to file', async () => {
    const [input, output] = [`${fixture.directory}/spine.csv`, `${fixture.directory}/out.csv`];
    writeFileSync(input, 'user_id,event_timestamp,code\n1,2024-01-02T00:00:00Z,007\n3,2024-01-02T00:00:00Z,\n');
    const written = await store.getHistoricalFeatures({ features: ['last_purchase'], spine: input, output });
    expect(written).toMatchObject({
      output,
      rows: 2,
      columns: ['user_id', 'event_timestamp', 'code', 'last_purchase__amount', 'last_purchase__items'],
    });
    expect(readFileSync(output, 'utf8').split('\n').slice(1, 3)).toEqual([
      '1,2024-01-02T00:00:00Z,007,10.0,1',
      '3,2024-01-02T00:00:00Z,,,0',
    ]);
  });

  it.each([
    ['a missing key', [{ event_timestamp: '2024-01-01' }], 'INVALID_VALUE', 'spine[0]: "user_id" is missing'],
    ['a missing time', [{ user_id: 1 }], 'INVALID_VALUE', 'spine[0]: "event_timestamp" is missing'],
    [
      'a key of another type',
      [spine[0], { ...spine[0], user_id: 1.5 }],
      'KEY_TYPE_MISMATCH',
      'spine[1]: key "user_id" is 1.5',
    ],
    [
      'a time that is none',
      [{ user_id: 1, event_timestamp: 'noon' }],
      'INVALID_VALUE',
      '"event_timestamp": noon is not',
    ],
    ['a null time', [{ user_id: 1, event_timestamp: null }], 'INVALID_VALUE', '"event_timestamp" is null'],
  ])('refuses %s', async (_, rows, code, message) => {
    const refused = store.getHistoricalFeatures({ features: ['week'], spine: rows as never });
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
  });

  it('refuses a path without an output, and rows with one', async () => {
    const paths = { features: ['week'], spine: 'spine.csv' } as never;
    await expect(store.getHistoricalFeatures(paths)).rejects.toMatchObject({ code: 'USAGE' });
    const rows = { features: ['week'], spine, output: 'out.csv' } as never;
    await expect(store.getHistoricalFeatures(rows)).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('an online store without content', () => {
  const request = { features: [view, week], entities: USERS } as const;

  it('leaves the answer to the lake until the views are materialized again', async () => {
    const before = await store.getFeatures(request);
    await withoutRedis(async () => undefined);
    const lake = await store.getFeatures(request);
    expect(lake.rows).toEqual(before.rows);
    expect(lake.cells[0]!.last_purchase__amount).toMatchObject({ value: 30, status: 'PRESENT', servedFrom: 'lake' });
    expect(lake.cells[2]!.last_purchase__items).toMatchObject({ value: 0n, servedFrom: 'default' });
    const materialized = await store.materialize();
    expect(materialized.map(({ view: name, keys }) => [name, keys])).toEqual([
      ['fresh', 2],
      ['last_purchase', 2],
      ['transformed', 3],
      ['week', 2],
    ]);
    await vi.waitFor(async () => {
      const online = await store.getFeatures(request);
      expect(online.rows).toEqual(before.rows);
      expect(online.cells[0]!.last_purchase__amount.servedFrom).toBe('online');
    }, RECONNECTED);
  });

  it('that is away leaves the answer to the lake too, and says that rows are not online', async () => {
    const idempotencyKey = 'while Redis is away';
    const put = () => store.putFeatures(view, [{ user_id: 4, amount: 4 }], { idempotencyKey });
    const read = () => store.getFeatures({ features: [view], entities: [{ user_id: 4n }] });
    await withoutRedis(async () => {
      await expect(put()).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
      expect((await read()).cells[0]!.last_purchase__amount).toMatchObject({ value: 4, servedFrom: 'lake' });
    });
    expect(await put()).toMatchObject({ committed: 1 });
    await vi.waitFor(async () => {
      expect((await read()).cells[0]!.last_purchase__amount).toMatchObject({ value: 4, servedFrom: 'online' });
    }, RECONNECTED);
  });
});

describe('materialize', () => {
  it('refuses views that have no online values', async () => {
    await expect(store.materialize([offlineOnly])).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(store.materialize(['nothing'])).rejects.toMatchObject({ code: 'UNKNOWN_NAME' });
  });

  it('names what it has done', async () => {
    const [done] = await store.materialize([view], { to: '2030-01-01' });
    expect(done).toMatchObject({ view: 'last_purchase', snapshot: expect.any(Number) as number });
    expect(done!.to.valueOf()).toBeLessThanOrEqual(Date.now() + 1);
  });
});
