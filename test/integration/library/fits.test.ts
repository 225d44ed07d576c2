/** Fits: what is learned from which rows, who is answered with which fit, and that history and online agree. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import {
  categorical,
  categoricalEncode,
  entity,
  featureService,
  featureView,
  last,
  mean,
  normalize,
  numeric,
  pushSource,
  standardize,
  type Store,
} from '../../../index.ts';
import { startRedis, type TestRedis } from '../online/redis-server.ts';
import { openFixture, type StoreFixture } from './store-fixture.ts';

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

const rider = entity('rider', { keys: { rider_id: 'int64' } });
const rides = pushSource('rides', {
  timestamp: 'at',
  schema: { at: 'timestamp', rider_id: 'int64', fare: 'float64', city: 'string', stars: 'int64' },
});
const ride = featureView('ride', {
  entities: [rider],
  source: rides,
  online: true,
  features: {
    fare: numeric({ transform: standardize() }),
    stars: numeric({ transform: normalize() }),
    city: categorical({ transform: categoricalEncode() }),
    plain: numeric({ column: 'fare' }),
  },
});
const habits = featureView('habits', {
  entities: [rider],
  source: rides,
  online: true,
  features: {
    typical: mean('fare', { window: 'all', transform: normalize() }),
    last_city: last('city', { window: 'all', transform: categoricalEncode() }),
  },
});
const offers = featureService('offers', { features: [ride.pick('fare', 'city')] });
const prices = featureService('prices', { features: [ride.pick('plain')] });

beforeAll(async () => {
  store = await fixture.open({ redis: server.url });
  await store.registerFeature(offers, prices, habits);
  await store.putFeatures(ride, [
    { rider_id: 1, at: '2024-01-01T00:00:00Z', fare: 10, city: 'Oslo', stars: 1 },
    { rider_id: 2, at: '2024-01-02T00:00:00Z', fare: 20, city: '__proto__', stars: 5 },
    { rider_id: 1, at: '2024-01-03T00:00:00Z', fare: 30, city: 'Oslo', stars: 3 },
    { rider_id: 3, at: '2024-01-04T00:00:00Z', fare: Number.POSITIVE_INFINITY, city: null, stars: null },
    { rider_id: 4, at: '2024-02-01T00:00:00Z', fare: 1000, city: 'a\0b', stars: 9 },
  ]);
});

const RIDERS = [{ rider_id: 1n }, { rider_id: 2n }, { rider_id: 4n }, { rider_id: 9n }];
const read = async (choice: { features: readonly string[] } | { service: string }) =>
  (await store.getFeatures({ ...choice, entities: RIDERS })).rows;
const history = async (features: readonly string[], event_timestamp = '2024-03-01T00:00:00Z') =>
  store.getHistoricalFeatures({ features, spine: RIDERS.map((keys) => ({ ...keys, event_timestamp })) });

describe('before a fit', () => {
  it.each([
    ['online', () => read({ features: ['ride:fare'] })],
    ['of a service', () => read({ service: 'offers' })],
    ['historical', () => history(['ride:city'])],
  ])('a read %s says how to make one', async (_title, ask) => {
    const refused = expect(ask()).rejects;
    await refused.toMatchObject({ code: 'NOT_FITTED' });
    await refused.toThrow(/view ride, feature .*its parameters are not fitted yet; run `asof fit ride --until/);
  });

  it('features without a transform are read', async () => {
    expect(await read({ features: ['ride:plain'] })).toMatchObject([{ ride__plain: 30 }, {}, {}, {}]);
  });
});

describe('a fit', () => {
  it.each([
    [
      'an empty range',
      'ride',
      { from: '2024-01-02T00:00:00Z', until: '2024-01-02T00:00:00Z' },
      /"from" must be before/,
    ],
    ['nothing to learn from', 'ride', { until: '2023-01-01T00:00:00Z' }, /no value to learn from in rows until 2023/],
    ['nothing finite', 'ride', { from: '2024-01-04T00:00:00Z', until: '2024-01-05T00:00:00Z' }, /feature fare/],
    ['an unknown view', 'rid', { until: '2024-01-05T00:00:00Z' }, /no view named rid; known: ride/],
    ['an unknown service', 'ride', { until: '2024-01-05T00:00:00Z', services: ['prices'] }, /no service named prices/],
  ])('of %s is refused, and nothing is stored', async (_title, view, options, message) => {
    await expect(store.fit(view, options)).rejects.toThrow(message);
    await expect(read({ features: ['ride:fare'] })).rejects.toMatchObject({ code: 'NOT_FITTED' });
  });

  it('learns from the rows of its range, and numbers categories as they first appear', async () => {
    const fitted = await store.fit(ride, { until: '2024-02-01T00:00:00Z' });
    expect(fitted).toMatchObject({
      view: 'ride',
      version: 1,
      rows: 4,
      isNew: true,
      from: null,
      services: { offers: 1 },
    });
    expect(fitted.features).toEqual({
      fare: { mean: 20, std: 10 },
      stars: { min: 1, max: 5 },
      city: {
        mapping: Object.fromEntries([
          ['Oslo', 0],
          ['__proto__', 1],
        ]),
      },
    });
  });

  it('answers alike in history, online and from the lake', async () => {
    const features = ['ride:fare', 'ride:stars', 'ride:city'];
    const expected = [
      { ride__fare: 1, ride__stars: 0.5, ride__city: 0 },
      { ride__fare: 0, ride__stars: 1, ride__city: 1 },
      { ride__fare: 98, ride__stars: 2, ride__city: -1 },
      { ride__fare: null, ride__stars: null, ride__city: null },
    ];
    expect(await read({ features })).toMatchObject(expected);
    const { rows, fits } = await history(features);
    expect(rows).toMatchObject(expected);
    expect(fits).toEqual({ ride: { version: 1, until: '2024-02-01T00:00:00.000000Z', rowsBefore: 0 } });
    const { rows: lake } = await store.getFeatures({ features, entities: RIDERS, at: '2024-01-02T12:00:00Z' });
    expect(lake).toMatchObject([{ ride__fare: -1 }, { ride__city: 1 }, { ride__fare: null }, {}]);
  });

  it('says how many requests are older than what was learned', async () => {
    const { fits } = await history(['ride:fare'], '2024-01-15T00:00:00Z');
    expect(fits).toEqual({ ride: { version: 1, until: '2024-02-01T00:00:00.000000Z', rowsBefore: 4 } });
    expect((await history(['ride:plain'])).fits).toEqual({});
  });

  it('is made once, unless it is asked for again', async () => {
    expect(await store.fit(ride, { until: '2024-03-01T00:00:00Z' })).toMatchObject({ version: 1, isNew: false });
  });

  it('of an aggregate learns from its values at the time of each row', async () => {
    const fitted = await store.fit(habits, { from: '2024-01-02T00:00:00Z', until: '2024-02-02T00:00:00Z' });
    // rider 1 had one fare of 10 before the 3rd; riders 2, 3 and 4 had none
    expect(fitted).toMatchObject({
      rows: 4,
      features: { typical: { min: 10, max: 10 }, last_city: { mapping: { Oslo: 0 } } },
    });
    expect((await read({ features: ['habits:last_city', 'habits:typical'] })).slice(0, 2)).toMatchObject([
      { habits__last_city: 0, habits__typical: null },
      { habits__last_city: -1, habits__typical: null },
    ]);
  });
});

describe('a later fit', () => {
  it('is read by plain requests at once, and by no service that holds another', async () => {
    const fitted = await store.fit(ride, { until: '2024-03-01T00:00:00Z', refit: true });
    expect(fitted).toMatchObject({ version: 2, rows: 5, services: { offers: 1 } });
    expect(await read({ features: ['ride:city'] })).toMatchObject([{}, {}, { ride__city: 2 }, {}]);
    expect(await read({ service: 'offers' })).toMatchObject([{ ride__fare: 1 }, {}, { ride__city: -1 }, {}]);
    const { fits } = await store.getHistoricalFeatures({
      service: 'offers',
      spine: [{ rider_id: 1n, event_timestamp: '2024-03-01T00:00:00Z' }],
    });
    expect(fits).toMatchObject({ ride: { version: 1 } });
  });

  it('reaches other readers within a second', async () => {
    const other = await fixture.open({ redis: server.url });
    const city = async () => (await other.getFeatures({ features: ['ride:city'], entities: RIDERS })).rows[1]!;
    expect(await city()).toMatchObject({ ride__city: 1 });
    await store.fit(ride, { from: '2024-01-02T00:00:00Z', until: '2024-01-04T00:00:00Z', refit: true });
    await vi.waitFor(async () => expect(await city()).toMatchObject({ ride__city: 0 }), {
      timeout: 5000,
      interval: 50,
    });
    await other.close();
  });

  it('is taken over by the services that are named', async () => {
    expect(await store.fit(ride, { until: '2024-03-01T00:00:00Z', services: ['offers'] })).toMatchObject({
      version: 3,
      isNew: false,
      services: { offers: 3 },
    });
    expect(await read({ service: 'offers' })).toMatchObject([{ ride__city: 1 }, { ride__city: 0 }, {}, {}]);
    await store.fit(ride, { until: '2024-03-01T00:00:00Z', refit: true, services: 'all' });
    expect(await read({ service: 'offers' })).toMatchObject([{ ride__city: 0 }, {}, { ride__city: 2 }, {}]);
  });
});
