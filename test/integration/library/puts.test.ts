/** Putting rows: what comes back at once, what is set aside, what is refused, and what order means. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import { checkLake } from '../../../lake/fsck.ts';
import { openLake } from '../../../lake/open.ts';
import {
  categorical,
  count,
  expectation,
  featureView,
  numeric,
  pushSource,
  sum,
  timestamp,
  Timestamp,
  type Store,
} from '../../../index.ts';
import { settingsFor } from '../../support/settings.ts';
import { openFixture, purchaseDefinitions, user, type StoreFixture } from './store-fixture.ts';

let fixture: StoreFixture;
let store: Store;
beforeAll(async () => {
  fixture = await openFixture();
  return () => fixture.close();
});

const { source, view } = purchaseDefinitions({ source: 'purchases', view: 'last_purchase' });
const totals = featureView('totals', {
  entities: [user],
  source,
  online: true,
  features: { n: count({ window: 'all' }), items: sum('items', { window: 'all' }) },
});
const ruled = featureView('ruled', {
  entities: [user],
  source: pushSource('ruled_rows', {
    timestamp: 'at',
    schema: { at: 'timestamp', user_id: 'int64', age: 'int64', tier: 'string', score: 'float64' },
    expectations: [
      expectation(
        'expect_column_values_to_be_in_set',
        { column: 'tier', value_set: ['a', 'b'] },
        { onFailure: 'warn' },
      ),
      expectation('expect_column_values_to_be_between', { column: 'score', max_value: 1e6 }),
    ],
  }),
  online: true,
  features: { age: numeric({ rules: { min_value: 0, max_value: 150, null_check: true } }), tier: categorical() },
});

beforeAll(async () => {
  store = await fixture.open();
  await store.registerFeature(view, totals, ruled);
});

let catalog: Catalog;
beforeAll(async () => {
  catalog = await openCatalog({ url: fixture.catalogUrl, poolSize: 2 });
  return () => catalog.close();
});
const snapshot = () =>
  catalog.tables.head({ project: fixture.project, kind: 'source', name: source.name, version: '' });

let nextUser = 1n;
const newUser = (): bigint => nextUser++;
const read = async (user_id: bigint, from: Store = store) =>
  (await from.getFeatures({ features: [view, totals], entities: [{ user_id }] })).cells[0]!;

describe('rows', () => {
  it('are online for every view of their source when the call returns', async () => {
    const user_id = newUser();
    const before = Timestamp.from(new Date());
    const result = await store.putFeatures(view, [{ user_id, amount: 2.5, items: 3n }]);
    expect(result).toEqual({
      ...{ snapshot: expect.any(Number) as number, committed: 1, quarantined: 0, violations: [] },
      online: ['last_purchase', 'totals'],
    });
    const cells = await read(user_id);
    expect(cells.last_purchase__amount).toMatchObject({ value: 2.5, status: 'PRESENT', servedFrom: 'online' });
    expect(cells.last_purchase__amount.eventTimestamp!.valueOf()).toBeGreaterThanOrEqual(before.valueOf() - 1);
    expect(cells.totals__n).toMatchObject({ value: 1, status: 'PRESENT', servedFrom: 'online' });
    expect(cells.totals__items.value).toBe(3n);
  });

  it('are served to other programs of the project', async () => {
    const user_id = newUser();
    const other = await fixture.open();
    await other.putFeatures('last_purchase', [{ user_id, amount: 1 }]);
    expect((await read(user_id)).last_purchase__amount.value).toBe(1);
  });

  it('that are older never take the place of newer ones', async () => {
    const user_id = newUser();
    await store.putFeatures(view, [{ user_id, at: '2024-03-01', amount: 3 }]);
    await store.putFeatures(view, [{ user_id, at: '2024-01-01', amount: 1 }]);
    await store.putFeatures(view, [
      { user_id, at: '2024-02-01', amount: 2 },
      { user_id, at: '2023-01-01', amount: 0 },
    ]);
    const cells = await read(user_id);
    expect(cells.last_purchase__amount.value).toBe(3);
    expect(cells.last_purchase__amount.eventTimestamp!.toISOString()).toBe('2024-03-01T00:00:00.000000Z');
    expect(cells.totals__n.value).toBe(4);
  });

  it('at one instant: the one put later wins', async () => {
    const user_id = newUser();
    const at = '2024-01-01T00:00:00.000001Z';
    await store.putFeatures(view, [
      { user_id, at, amount: 1 },
      { user_id, at, amount: 2 },
    ]);
    expect((await read(user_id)).last_purchase__amount.value).toBe(2);
    await store.putFeatures(view, [{ user_id, at, amount: 3 }]);
    expect((await read(user_id)).last_purchase__amount.value).toBe(3);
  });

  it('of the future wait until they are due', async () => {
    const user_id = newUser();
    await store.putFeatures(view, [
      { user_id, at: '2024-01-01', amount: 1 },
      { user_id, at: '2100-01-01', amount: 9 },
    ]);
    expect((await read(user_id)).last_purchase__amount.value).toBe(1);
    const spine = [{ user_id, event_timestamp: '2100-01-02' }];
    const { rows } = await store.getHistoricalFeatures({ features: [view], spine });
    expect(rows[0]!.last_purchase__amount).toBe(9);
  });

  it('put twice under one key count once', async () => {
    const user_id = newUser();
    const idempotencyKey = randomUUID();
    const put = () => store.putFeatures(view, [{ user_id, amount: 1, items: 2 }], { idempotencyKey });
    const [first, second] = [await put(), await put()];
    expect(second).toEqual(first);
    const cells = await read(user_id);
    expect([cells.totals__n.value, cells.totals__items.value]).toEqual([1, 2n]);
    const more = store.putFeatures(view, [{ user_id }, { user_id }], { idempotencyKey });
    await expect(more).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  });

  it('put at once by two programs are all there', async () => {
    const user_id = newUser();
    const other = await fixture.open();
    const puts = Array.from({ length: 12 }, (_, index) =>
      (index % 3 === 0 ? other : store).putFeatures(view, [
        { user_id, at: `2024-01-${String(index + 10)}`, amount: index, items: 1 },
      ]),
    );
    await Promise.all(puts);
    for (const reader of [store, other]) {
      const cells = await read(user_id, reader);
      expect(cells.last_purchase__amount).toMatchObject({ value: 11, servedFrom: 'online' });
      expect(cells.totals__n).toMatchObject({ value: 12, servedFrom: 'online' });
    }
  });

  it.each([
    [
      'an unknown column',
      [
        { user_id: 1, amount: 1 },
        { user_id: 1, amuont: 1 },
      ],
      'row 2: source purchases has no column "amuont"',
    ],
    ['a wrong type', [{ user_id: 1, items: 1.5 }], 'row 1: column "items": 1.5 is not a valid int64'],
    ['a missing key', [{ amount: 1 }], 'row 1: key "user_id" is missing'],
    ['no rows', [], 'view last_purchase: no rows'],
  ])('with %s are refused, and nothing is written', async (_, rows, message) => {
    const before = await snapshot();
    const refused = store.putFeatures(view, rows);
    await expect(refused).rejects.toMatchObject({
      code: 'INVALID_VALUE',
      message: expect.stringContaining(message) as string,
    });
    expect(await snapshot()).toBe(before);
  });

  it('of an unknown view are refused', async () => {
    await expect(store.putFeatures('last_purchse', [{}])).rejects.toMatchObject({ code: 'UNKNOWN_NAME' });
  });
});

describe('rules', () => {
  it('set bad rows aside, and name every one that is broken', async () => {
    const [good, bad, warned] = [newUser(), newUser(), newUser()];
    const result = await store.putFeatures(ruled, [
      { user_id: good, age: 30, tier: 'a' },
      { user_id: bad, age: -1, tier: 'a' },
      { user_id: bad, tier: 'c' },
      { user_id: warned, age: 150, tier: 'c' },
    ]);
    expect(result).toMatchObject({ committed: 2, quarantined: 2 });
    expect(
      result.violations.map((one) => [one.row, one.feature_name, one.rule_type, one.threshold, one.actual_value]),
    ).toEqual([
      [1, 'age', 'min_value', 0, -1n],
      [2, 'tier', 'expect_column_values_to_be_in_set', { value_set: ['a', 'b'] }, 'c'],
      [2, 'age', 'null_check', true, null],
      [3, 'tier', 'expect_column_values_to_be_in_set', { value_set: ['a', 'b'] }, 'c'],
    ]);
    const entities = [good, bad, warned].map((user_id) => ({ user_id }));
    const { rows } = await store.getFeatures({ features: [ruled], entities });
    expect(rows.map(({ ruled__age }) => ruled__age)).toEqual([30n, null, 150n]);
  });

  it('that fail the batch refuse it whole', async () => {
    const user_id = newUser();
    const refused = store.putFeatures(ruled, [
      { user_id, age: 1 },
      { user_id, age: 1, score: 1e7 },
    ]);
    await expect(refused).rejects.toMatchObject({ code: 'QUALITY_GATE' });
    const { rows } = await store.getFeatures({ features: [ruled], entities: [{ user_id }] });
    expect(rows[0]!.ruled__age).toBeNull();
  });
});

describe('values', () => {
  const everything = featureView('everything', {
    entities: [user],
    source: pushSource('typed', {
      timestamp: 'at',
      created: 'seen',
      timezone: 'America/New_York',
      schema: {
        at: 'timestamp',
        seen: 'timestamp[ms]',
        user_id: 'int64',
        big: 'int64',
        ratio: 'float64',
        text: 'string',
        when: 'timestamp',
        tags: 'string[]',
      },
    }),
    online: true,
    features: {
      big: numeric(),
      ratio: numeric(),
      text: categorical(),
      when: timestamp(),
      tags: categorical(),
      seen: timestamp(),
    },
  });

  it('come back as they were put, online and from the lake, wall clocks read in their zone', async () => {
    await store.registerFeature(everything);
    const user_id = 2n ** 62n;
    const text = 'a "quoted" text\nof two lines, \\ and 🛫';
    await store.putFeatures(everything, [
      {
        user_id,
        at: '2024-03-10T02:30:00',
        seen: new Date(Date.UTC(2024, 0, 1)),
        big: -(2n ** 63n),
        ratio: Number.NaN,
        text,
        when: '2024-11-03T01:30:00.123456',
        tags: ['x', null],
      },
    ]);
    const request = { features: [everything], entities: [{ user_id }] } as const;
    const online = await store.getFeatures(request);
    const past = await store.getFeatures({ ...request, at: '2024-03-10T07:30:00Z' });
    const tooEarly = await store.getFeatures({ ...request, at: '2024-03-10T07:29:59.999999Z' });
    const expected = {
      user_id,
      everything__big: -(2n ** 63n),
      everything__ratio: Number.NaN,
      everything__text: text,
      everything__when: Timestamp.from('2024-11-03T06:30:00.123456Z'),
      everything__tags: ['x', null],
      everything__seen: Timestamp.from('2024-01-01T00:00:00Z'),
    };
    expect(online.rows).toEqual([expected]);
    expect(online.cells[0]!.everything__big.servedFrom).toBe('online');
    expect(past.rows).toEqual([expected]);
    expect(tooEarly.cells[0]!.everything__big.status).toBe('MISSING');
  });
});

describe('the lake afterwards', () => {
  it('holds what the catalog says, quarantined rows included', async () => {
    const { project, directory } = fixture;
    const settings = settingsFor(directory, { project });
    const lake = await openLake(settings);
    const engine = await openEngine({
      ...settings.engine,
      tempDirectory: `${directory}/spill`,
      allowedDirectories: lake.directories,
    });
    try {
      const { problems, rows } = await checkLake({ catalog, lake, engine, project, deep: true });
      expect(problems).toEqual([]);
      expect(rows).toBeGreaterThan(20);
    } finally {
      await engine.close();
    }
  });
});
