/** The row types that the compiler infers from definitions. */
import { describe, expectTypeOf, it } from 'vitest';
import {
  aggregate,
  approxCountDistinct,
  approxQuantile,
  boolean,
  bucketize,
  categorical,
  categoricalEncode,
  clip,
  collectDistinct,
  count,
  derivedView,
  embedding,
  entity,
  featureService,
  featureView,
  fileSource,
  first,
  hashEncode,
  lastN,
  log1p,
  max,
  mean,
  min,
  mostFrequent,
  numeric,
  requestSource,
  standardize,
  stddev,
  sum,
  text,
  timestamp,
  variance,
  type RowOf,
  type Timestamp,
} from '../../index.ts';

const airport = entity('airport', { keys: { origin: 'string' } });
const flights = fileSource('flights', {
  path: 'data/flights/*.parquet',
  timestamp: 'date',
  created: 'loaded',
  schema: {
    date: 'timestamp',
    loaded: 'timestamp[ms]',
    delay: 'int64',
    distance: 'float64',
    origin: 'string',
    cancelled: 'boolean',
    stops: 'string[]',
    legs: 'int64[]',
    vector: 'float32[8]',
  },
});

const latest = featureView('flight_latest', {
  entities: [airport],
  source: flights,
  ttl: '7d',
  features: {
    delay: numeric({ default: 0 }),
    miles: numeric({ column: 'distance' }),
    delay_z: numeric({ column: 'delay', transform: standardize() }),
    origin: categorical(),
    origin_code: categorical({ column: 'origin', transform: categoricalEncode({ mapping: { ORD: 0 } }) }),
    label: text({ column: 'origin' }),
    stops: categorical(),
    leg_mean: numeric({ column: 'legs', transform: aggregate({ function: 'mean' }) }),
    leg_sum: numeric({ column: 'legs', transform: aggregate({ function: 'sum' }) }),
    delay_clipped: numeric({ column: 'delay', transform: clip({ min: 0, max: 60 }) }),
    miles_log: numeric({ column: 'distance', transform: log1p() }),
    delay_bucket: numeric({ column: 'delay', transform: bucketize({ boundaries: [0, 15] }) }),
    origin_bucket: categorical({ column: 'origin', transform: hashEncode({ buckets: 64 }) }),
    vector: embedding(8),
    cancelled: boolean(),
    loaded: timestamp(),
  },
});

const _halves = featureView('halves', {
  entities: [airport],
  source: flights,
  sql: 'SELECT origin, date, delay / 2 AS half, delay::VARCHAR AS delay FROM flights',
  schema: { half: 'float64', delay: 'string' },
  features: { half: numeric(), delay: categorical(), origin: categorical(), whole: numeric({ column: 'distance' }) },
});

const _doubled = featureView('doubled', {
  entities: [airport],
  source: flights,
  schema: { twice: 'int64' },
  map: (row) => {
    expectTypeOf(row.delay).toEqualTypeOf<bigint | null>();
    return { ...row, twice: (row.delay ?? 0n) * 2n };
  },
  features: { twice: sum('twice', { window: 'all' }), delay: sum('delay', { window: 'all' }) },
});

const delays = featureView('airport_delays', {
  entities: [airport],
  source: flights,
  features: {
    flights_1h: count({ window: '1h', where: { stops: ['JFK'] } }),
    delay_sum: sum('delay', { last: 10 }),
    delay_sum_or_zero: sum('delay', { window: 'all', default: 0 }),
    miles_sum: sum('distance', { window: '1d' }),
    delay_mean: mean('delay', { window: '1d', resolution: 'exact' }),
    delay_spread: stddev('delay', { window: '1d' }),
    delay_max: max('delay', { window: '1d' }),
    first_loaded: first('loaded', { window: '1d' }),
    origins: approxCountDistinct('origin', { window: '1d' }),
    delay_variance: variance('delay', { window: '1d' }),
    delay_p95: approxQuantile('delay', 0.95, { window: '1d' }),
    delay_p95_or_zero: approxQuantile('delay', 0.95, { last: 20, default: 0 }),
    usual_origin: mostFrequent('origin', { window: '1d', where: { delay: 0 } }),
    usual_delay: mostFrequent('delay', { last: 5 }),
    origins_seen: collectDistinct('origin', { window: '1d', limit: 10 }),
    delays_seen: collectDistinct('delay', { window: 'all', default: [] }),
    any_cancelled: max('cancelled', { window: '1d' }),
    all_cancelled: min('cancelled', { window: '1d', default: false }),
    recent: lastN('delay', 5),
    recent_mean: lastN('delay', 5, { transform: aggregate({ function: 'mean' }) }),
  },
});

const request = requestSource('request', { schema: { requested_at: 'timestamp', budget: 'int64' } });
const clock = derivedView('clock', {
  inputs: [request, delays, latest.pick('miles'), delays.as('dest_delays', { origin: 'destination' }).pick('recent')],
  features: { is_weekend: boolean(), hour_of_day: numeric(), name: text(), seen: timestamp() },
  compute: (inputs, { at }) => {
    expectTypeOf(at).toEqualTypeOf<Timestamp>();
    expectTypeOf(inputs.request).toEqualTypeOf<{
      readonly requested_at: Timestamp | null;
      readonly budget: bigint | null;
    }>();
    expectTypeOf(inputs.airport_delays.flights_1h).toEqualTypeOf<number | null>();
    expectTypeOf(inputs.airport_delays.delay_sum).toEqualTypeOf<bigint | null>();
    expectTypeOf(inputs.flight_latest).toEqualTypeOf<{ readonly miles: number | null }>();
    expectTypeOf(inputs.dest_delays).toEqualTypeOf<{ readonly recent: readonly bigint[] | null }>();
    return { is_weekend: at.getUTCDay() % 6 === 0, hour_of_day: 3n, name: null, seen: at.toDate() };
  },
});

describe('RowOf a view', () => {
  it('follows the columns that a view makes, and those of its source', () => {
    expectTypeOf<RowOf<typeof _halves>>().toEqualTypeOf<{
      readonly half: number | null;
      readonly delay: string | null;
      readonly origin: string | null;
      readonly whole: number | null;
    }>();
    expectTypeOf<RowOf<typeof _doubled>>().toEqualTypeOf<{
      readonly twice: bigint | null;
      readonly delay: bigint | null;
    }>();
  });

  it('follows the columns of as-of features', () => {
    expectTypeOf<RowOf<typeof latest>>().toEqualTypeOf<{
      readonly delay: bigint | null;
      readonly miles: number | null;
      readonly delay_z: number | null;
      readonly origin: string | null;
      readonly origin_code: number | null;
      readonly label: string | null;
      readonly stops: readonly (string | null)[] | null;
      readonly leg_mean: number | null;
      readonly leg_sum: bigint | null;
      readonly delay_clipped: bigint | null;
      readonly miles_log: number | null;
      readonly delay_bucket: number | null;
      readonly origin_bucket: number | null;
      readonly vector: readonly number[] | null;
      readonly cancelled: boolean | null;
      readonly loaded: Timestamp | null;
    }>();
  });

  it('follows the functions of aggregates; count is never null', () => {
    expectTypeOf<RowOf<typeof delays>>().toEqualTypeOf<{
      readonly flights_1h: number;
      readonly delay_sum: bigint | null;
      readonly delay_sum_or_zero: bigint;
      readonly miles_sum: number | null;
      readonly delay_mean: number | null;
      readonly delay_spread: number | null;
      readonly delay_max: bigint | null;
      readonly first_loaded: Timestamp | null;
      readonly origins: number | null;
      readonly delay_variance: number | null;
      readonly delay_p95: number | null;
      readonly delay_p95_or_zero: number;
      readonly usual_origin: string | null;
      readonly usual_delay: bigint | null;
      readonly origins_seen: readonly string[] | null;
      readonly delays_seen: readonly bigint[];
      readonly any_cancelled: boolean | null;
      readonly all_cancelled: boolean;
      readonly recent: readonly bigint[] | null;
      readonly recent_mean: number | null;
    }>();
  });

  it('follows the declared outputs of a derived view', () => {
    expectTypeOf<RowOf<typeof clock>>().toEqualTypeOf<{
      readonly is_weekend: boolean | null;
      readonly hour_of_day: number | null;
      readonly name: string | null;
      readonly seen: Timestamp | null;
    }>();
  });
});

describe('RowOf a service', () => {
  it('is one flat row of prefixed columns', () => {
    const _ranking = featureService('ranking_v1', {
      features: [
        delays.pick('flights_1h'),
        delays.as('dest_delays', { origin: 'destination' }).pick('delay_sum'),
        latest.pick('miles'),
        clock,
      ],
    });
    expectTypeOf<RowOf<typeof _ranking>>().toEqualTypeOf<{
      readonly airport_delays__flights_1h: number;
      readonly dest_delays__delay_sum: bigint | null;
      readonly flight_latest__miles: number | null;
      readonly clock__is_weekend: boolean | null;
      readonly clock__hour_of_day: number | null;
      readonly clock__name: string | null;
      readonly clock__seen: Timestamp | null;
    }>();
  });
});
