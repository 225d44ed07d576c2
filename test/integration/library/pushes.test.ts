/** Rows that go to one store or to both: what each store has of them, and that all end with what the lake says. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { count, entity, featureView, numeric, pushSource, type Store } from '../../../index.ts';
import { openFixture, purchaseDefinitions, user, type StoreFixture } from './store-fixture.ts';

const MINUTE_MILLIS = 60_000;
vi.setConfig({ testTimeout: 4 * MINUTE_MILLIS });

let fixture: StoreFixture;
let store: Store;
beforeAll(async () => {
  fixture = await openFixture();
  return () => fixture.close();
});

const { source, view } = purchaseDefinitions({ source: 'purchases', view: 'last_purchase' });
const shopper = entity('shopper', { keys: { shop: 'string' } });
const byShop = featureView('by_shop', { entities: [shopper], source, online: true, features: { items: numeric() } });
const totals = featureView('totals', {
  entities: [user],
  source,
  online: true,
  features: { n: count({ window: 'all' }) },
});
const ruled = featureView('ruled', {
  entities: [user],
  source: pushSource('ruled_rows', { timestamp: 'at', schema: { at: 'timestamp', user_id: 'int64', age: 'int64' } }),
  online: true,
  features: { age: numeric({ rules: { min_value: 0 } }) },
});
const stored = featureView('stored', { ...{ entities: [user], source }, features: { amount: numeric() } });
const dated = pushSource('dated', {
  timestamp: 'at',
  created: 'seen',
  schema: { at: 'timestamp', seen: 'timestamp', user_id: 'int64', amount: 'float64' },
});
const racing = featureView('racing', {
  entities: [user],
  source: dated,
  online: true,
  features: { amount: numeric() },
});

beforeAll(async () => {
  store = await fixture.open();
  await store.registerFeature(view, byShop, totals, ruled, stored, racing);
});

let nextUser = 1n;
const newUser = (): bigint => nextUser++;
const online = async (user_id: bigint) =>
  (await store.getFeatures({ features: [view, totals], entities: [{ user_id }] })).cells[0]!;
const inHistory = async (user_id: bigint) => {
  const spine = [{ user_id, event_timestamp: new Date() }];
  return (await store.getHistoricalFeatures({ features: [view, totals], spine })).rows[0]!;
};

describe('a push to the lake alone', () => {
  it('is history at once, and online with the next materialization', async () => {
    const user_id = newUser();
    await store.materialize([view, totals]);
    const result = await store.putFeatures(view, [{ user_id, amount: 1 }], { to: 'offline' });
    expect(result).toMatchObject({ snapshot: expect.any(Number) as number, committed: 1, online: [] });
    expect((await inHistory(user_id)).last_purchase__amount).toBe(1);
    expect((await online(user_id)).last_purchase__amount.status).toBe('MISSING');
    await store.materialize([view]);
    expect((await online(user_id)).last_purchase__amount).toMatchObject({ value: 1, servedFrom: 'online' });
  });
});

describe('a push to Redis alone', () => {
  it('is served by every view of the newest row of its source, and is no history', async () => {
    const user_id = newUser();
    const shop = randomUUID();
    const result = await store.putFeatures(view, [{ user_id, shop, amount: 2.5, items: 7 }], { to: 'online' });
    expect(result).toEqual({
      ...{ snapshot: null, committed: 1, quarantined: 0, violations: [] },
      online: ['by_shop', 'last_purchase'],
    });
    const cells = await online(user_id);
    expect(cells.last_purchase__amount).toMatchObject({ value: 2.5, status: 'PRESENT', servedFrom: 'online' });
    expect(cells.totals__n.value).toBe(0);
    const { rows } = await store.getFeatures({ features: [byShop], entities: [{ shop }] });
    expect(rows[0]!.by_shop__items).toBe(7n);
    expect((await inHistory(user_id)).last_purchase__amount).toBeNull();
  });

  it('is taken for a source by its name, whose rows need not have the keys of every view', async () => {
    const user_id = newUser();
    const { online: views } = await store.putFeatures('purchases', [{ user_id, amount: 1 }], { to: 'online' });
    expect(views).toEqual(['by_shop', 'last_purchase']);
    expect((await online(user_id)).last_purchase__amount.value).toBe(1);
  });

  it('never takes the place of a newer row, of a push or of the lake, also before the view was ever materialized', async () => {
    const user_id = newUser();
    await store.putFeatures(racing, [{ user_id, at: '2024-02-01', amount: 2 }], { to: 'offline' });
    await store.putFeatures(racing, [{ user_id, at: '2024-01-01', amount: 1 }], { to: 'online' });
    const read = async () =>
      (await store.getFeatures({ features: [racing], entities: [{ user_id }] })).cells[0]!.racing__amount;
    expect(await read()).toMatchObject({ value: 2, servedFrom: 'online' });
    await store.putFeatures(racing, [{ user_id, at: '2024-03-01', amount: 3 }], { to: 'online' });
    await store.putFeatures(racing, [{ user_id, at: '2024-02-02', amount: 4 }]);
    expect((await read()).value).toBe(3);
  });

  it('gives way to a greater row of the lake with the next materialization', async () => {
    const user_id = newUser();
    await store.putFeatures(view, [{ user_id, at: '2024-01-01', amount: 1 }], { to: 'online' });
    await store.putFeatures(view, [{ user_id, at: '2024-01-01', amount: 2 }], { to: 'offline' });
    await store.materialize([view]);
    expect((await online(user_id)).last_purchase__amount.value).toBe(2);
  });

  it('leaves out what a rule sets aside, and says so', async () => {
    const [good, bad] = [newUser(), newUser()];
    const rows = [
      { user_id: good, age: 30 },
      { user_id: bad, age: -1 },
    ];
    const result = await store.putFeatures(ruled, rows, { to: 'online' });
    expect(result).toMatchObject({ committed: 1, quarantined: 1, violations: [{ row: 1, rule_type: 'min_value' }] });
    const entities = [{ user_id: good }, { user_id: bad }];
    const read = await store.getFeatures({ features: [ruled], entities });
    expect(read.rows.map(({ ruled__age }) => ruled__age)).toEqual([30n, null]);
  });

  it.each([
    ['a windowed view', 'totals', [{ user_id: 1 }], 'made of the rows of the lake; push to both'],
    ['a view that is not online', 'stored', [{ user_id: 1 }], 'it is not online'],
    [
      'a row that is not due',
      'last_purchase',
      [{ user_id: 1 }, { user_id: 1, at: '2100-01-01' }],
      'row 2: it counts from 2100-01-01T00:00:00.000000Z on',
    ],
    [
      'wrong rows, all named',
      'last_purchase',
      [{ user_id: 'x' }, { user_id: 1 }, { amount: 1 }],
      'row 1: column "user_id": "x" is not a valid int64; 2 rows are wrong, and none is written',
    ],
  ])('refuses %s', async (_, target, rows, message) => {
    await expect(store.putFeatures(target, rows, { to: 'online' })).rejects.toMatchObject({
      code: 'INVALID_VALUE',
      message: expect.stringContaining(message) as string,
    });
  });
});

/** Of `mulberry32`: the same worlds in every run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type WorldRow = Readonly<{ user_id: bigint; at: string; seen: string | null; amount: number }>;

it('15: out-of-order, duplicate and racing pushes from two programs and materializations end with what the lake says', async () => {
  const random = randomOf(15);
  const users = Array.from({ length: 25 }, newUser);
  const instant = (): string => `2024-01-0${1 + random(3)}T00:00:00.00000${random(2)}Z`;
  // few instants: most rows tie with others
  const pushes = Array.from({ length: 24 }, (_, push) =>
    Array.from({ length: 1 + random(12) }, (__, row): WorldRow => ({
      user_id: users[random(users.length)]!,
      at: instant(),
      seen: random(3) === 0 ? null : instant(),
      amount: push * 100 + row,
    })),
  );
  const stores = [store, await fixture.open()];
  const steps = pushes.flatMap((rows) => {
    const idempotencyKey = randomUUID();
    return (['online', 'offline', 'online', 'offline'] as const).map((to) => ({ rows, idempotencyKey, to }));
  });
  for (let place = steps.length - 1; place > 0; place -= 1) {
    const other = random(place + 1);
    [steps[place], steps[other]] = [steps[other]!, steps[place]!];
  }
  const workers = stores.flatMap((one) =>
    [1, 2].map(async () => {
      for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
        const { rows, ...options } = step;
        await one.putFeatures(racing, rows, options);
        if (steps.length % 5 === 0) await one.materialize([racing]);
      }
    }),
  );
  await Promise.all(workers);
  await store.materialize([racing]);

  const entities = users.map((user_id) => ({ user_id }));
  const served = await store.getFeatures({ features: [racing], entities });
  const spine = users.map((user_id) => ({ user_id, event_timestamp: new Date() }));
  const history = await store.getHistoricalFeatures({ features: [racing], spine });
  const amounts = served.rows.map(({ racing__amount }) => racing__amount);
  expect(amounts).toEqual(history.rows.map(({ racing__amount }) => racing__amount));
  expect(served.cells.every(({ racing__amount }) => racing__amount.servedFrom === 'online')).toBe(true);
  const all = pushes.flat();
  users.forEach((user_id, index) => {
    const own = all.filter((row) => row.user_id === user_id);
    const order = ({ at, seen }: WorldRow): string => `${at} ${seen ?? ''}`;
    const greatest = own.map(order).sort().at(-1);
    const candidates = own.filter((row) => order(row) === greatest).map(({ amount }) => amount);
    if (candidates.length === 0) expect(amounts[index]).toBeNull();
    else expect(candidates).toContain(amounts[index]);
  });
});
