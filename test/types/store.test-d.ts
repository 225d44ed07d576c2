/** The row types that a store's answers have. */
import { describe, expectTypeOf, it } from 'vitest';
import {
  categorical,
  count,
  entity,
  featureService,
  featureView,
  fileSource,
  numeric,
  pushSource,
  requestSource,
  type FeatureCell,
  type Store,
  type Timestamp,
} from '../../index.ts';

const user = entity('user', { keys: { user_id: 'int64' } });
const purchases = pushSource('purchases', {
  timestamp: 'at',
  schema: { at: 'timestamp', user_id: 'int64', amount: 'float64', shop: 'string' },
});
const last = featureView('last_purchase', {
  entities: [user],
  source: purchases,
  features: { amount: numeric({ rules: { min_value: 0, null_check: true } }), shop: categorical() },
});
const week = featureView('week', { entities: [user], source: purchases, features: { n: count({ window: '7d' }) } });
const service = featureService('offers', { features: [last.pick('amount'), week] });
declare const store: Store;

describe('pushSource', () => {
  it('refuses what concerns the reading of inputs', () => {
    const schema = { at: 'timestamp', user_id: 'int64' } as const;
    // @ts-expect-error: nothing is scheduled
    pushSource('purchases', { timestamp: 'at', schema, schedule: '@daily' });
    // @ts-expect-error: rows come under our names
    pushSource('purchases', { timestamp: 'at', schema, rename: { user_id: 'USER' } });
    // @ts-expect-error: not a timestamp column
    pushSource('purchases', { timestamp: 'user_id', schema });
    // @ts-expect-error: not a rule
    numeric({ rules: { minimum: 0 } });
  });
});

describe('getFeatures', () => {
  it('gives rows of keys and values, which may be null', async () => {
    const entities = [{ user_id: 7n, note: 'kept' }];
    const { rows, cells } = await store.getFeatures({ service, entities });
    expectTypeOf(rows[0]!.user_id).toEqualTypeOf<bigint>();
    expectTypeOf(rows[0]!.last_purchase__amount).toEqualTypeOf<number | null>();
    expectTypeOf(rows[0]!.week__n).toEqualTypeOf<number | null>();
    expectTypeOf(cells[0]!.week__n).toEqualTypeOf<FeatureCell<number | null>>();
    expectTypeOf(cells[0]!.week__n.eventTimestamp).toEqualTypeOf<Timestamp | null>();
    // @ts-expect-error: not picked
    void rows[0]!.last_purchase__shop;
  });

  it('knows views, picks and aliases', async () => {
    const features = [last.pick('shop'), week.as('friend', { user_id: 'friend_id' })] as const;
    const { rows } = await store.getFeatures({ features, entities: [{ user_id: 7n, friend_id: 8n }] });
    expectTypeOf(rows[0]!.last_purchase__shop).toEqualTypeOf<string | null>();
    expectTypeOf(rows[0]!.friend__n).toEqualTypeOf<number | null>();
  });

  it('takes names, and either features or a service', async () => {
    const { rows } = await store.getFeatures({ features: ['week:n'], entities: [{ user_id: 7 }] });
    expectTypeOf(rows[0]!).toHaveProperty('week__n');
    // @ts-expect-error: not both
    void store.getFeatures({ features: ['week'], service: 'offers', entities: [] });
    // @ts-expect-error: nothing to read
    void store.getFeatures({ entities: [] });
  });
});

describe('getHistoricalFeatures', () => {
  it('gives the rows of the spine with values', async () => {
    const spine = [{ user_id: 7n, event_timestamp: new Date(), label: true }];
    const { rows } = await store.getHistoricalFeatures({ service, spine });
    expectTypeOf(rows[0]!.label).toEqualTypeOf<boolean>();
    expectTypeOf(rows[0]!.week__n).toEqualTypeOf<number>();
    expectTypeOf(rows[0]!.last_purchase__amount).toEqualTypeOf<number | null>();
  });

  it('knows no short names, and gives counts of rows for files', async () => {
    const spine = [{ user_id: 7n, event_timestamp: '2024-01-01' }];
    const { rows } = await store.getHistoricalFeatures({ service, spine, shortNames: true });
    expectTypeOf(rows[0]!).toHaveProperty('n');
    const written = await store.getHistoricalFeatures({ service, spine: 'spine.csv', output: 'out.csv' });
    expectTypeOf(written.rows).toEqualTypeOf<number>();
    // @ts-expect-error: a spine without times
    void store.getHistoricalFeatures({ service, spine: [{ user_id: 7n }] });
  });
});

describe('registerFeature and putFeatures', () => {
  it('take definitions and rows', () => {
    const flights = fileSource('flights', { path: 'f.csv', timestamp: 'at', schema: { at: 'timestamp' } });
    const request = requestSource('request', { schema: { budget: 'int64' } });
    void store.registerFeature(user, purchases, flights, request, last, week, service);
    void store.putFeatures(last, [{ user_id: 7, amount: 1.5 }]);
    void store.putFeatures('last_purchase', [{ user_id: 7 }], { idempotencyKey: 'order 1' });
    // @ts-expect-error: a pick is part of a view
    void store.registerFeature(last.pick('amount'));
    // @ts-expect-error: rows go to views
    void store.putFeatures(purchases, []);
  });
});
