/**
 * The definitions that packed worlds are asked through: as-of views and windows of every kind over one source. A pack
 * differs from the next in what its source says of its rows, in when they happened and in how they are read.
 */
import {
  approxCountDistinct,
  boolean,
  categorical,
  count,
  embedding,
  entity,
  featureView,
  fileSource,
  first,
  last,
  lastN,
  max,
  mean,
  min,
  numeric,
  stddev,
  sum,
  timestamp,
} from '../../../definitions/language.ts';
import type { Micros } from '../../../contracts/time.ts';

/** What makes a pack. */
export interface PackKind {
  readonly name: string;
  /** The hour around which its rows happen: a multiple of a day. */
  readonly base: Micros;
  /** Whether the source says when its rows were created. */
  readonly hasCreated: boolean;
  /** Whether rows have an event's id and an operation: later rows correct and delete earlier ones. */
  readonly hasIds: boolean;
  /** Whether the request asks for values as known. */
  readonly asKnown: boolean;
}

const DAY = 86_400_000_000n;
const YEAR_1970 = 0n;
const YEAR_2024 = 19_813n * DAY;
const YEAR_1 = -719_100n * DAY;
const YEAR_9999 = 2_932_800n * DAY;

export const PACK_KINDS: readonly PackKind[] = [
  { name: 'plain', base: YEAR_2024, hasCreated: true, hasIds: false, asKnown: false },
  { name: 'as known', base: YEAR_2024, hasCreated: true, hasIds: false, asKnown: true },
  { name: 'without created', base: YEAR_1, hasCreated: false, hasIds: false, asKnown: false },
  { name: 'corrected', base: YEAR_9999, hasCreated: true, hasIds: true, asKnown: false },
  { name: 'corrected, as known', base: YEAR_1970, hasCreated: true, hasIds: true, asKnown: true },
];

export const PACK_FILES = 'rows/*.parquet';

export const PACK_COLUMNS = {
  name: 'string',
  code: 'int64',
  amount: 'int64',
  price: 'float64',
  label: 'string',
  flag: 'boolean',
  seen: 'timestamp',
  vector: 'float32[2]',
  id: 'string',
  action: 'string',
  happened: 'timestamp',
  loaded: 'timestamp',
} as const;

/** What a definitions file of the pack exports. */
export function packDefinitions({ hasCreated, hasIds }: PackKind): Readonly<Record<string, unknown>> {
  const thing = entity('thing', { keys: { name: 'string', code: 'int64' } });
  const rows = fileSource('rows', {
    path: PACK_FILES,
    timestamp: 'happened',
    schema: PACK_COLUMNS,
    ...(hasCreated ? { created: 'loaded' } : {}),
    ...(hasIds ? { eventId: 'id', operation: 'action' } : {}),
  });
  const common = { entities: [thing], source: rows };
  const columns = {
    amount: numeric(),
    price: numeric({ default: 7.5 }),
    label: categorical(),
    flag: boolean(),
    seen: timestamp(),
    vector: embedding(2),
  };
  return {
    thing,
    rows,
    newest: featureView('newest', { ...common, features: columns }),
    fresh: featureView('fresh', { ...common, ttl: '2s', features: columns }),
    published: featureView('published', {
      ...common,
      ttl: '3s',
      delay: '1s',
      features: { amount: numeric({ default: -1 }), label: categorical() },
    }),
    known: featureView('known', { ...common, asKnown: true, ttl: '1h', features: { amount: numeric() } }),
    short: featureView('short', {
      ...common,
      features: {
        events: count({ window: '2s' }),
        events_second: count({ window: '3s', resolution: '1s' }),
        jays: count({ window: '3s', resolution: '1s', where: { label: ['x', "it's"], flag: true } }),
        amount_sum: sum('amount', { window: '2s', default: 0n }),
        amount_sum_second: sum('amount', { window: '3s', resolution: '1s' }),
        price_sum: sum('price', { window: '2s' }),
        price_mean: mean('price', { window: '2s' }),
        amount_mean: mean('amount', { window: '3s', resolution: '1s' }),
        price_deviation: stddev('price', { window: '3s', resolution: '1s' }),
        amount_deviation: stddev('amount', { window: '2s' }),
        price_least: min('price', { window: '2s' }),
        amount_most: max('amount', { window: '2s' }),
        label_most: max('label', { window: '3s', resolution: '1s' }),
        seen_least: min('seen', { window: '3s', resolution: '1s' }),
        label_first: first('label', { window: '2s' }),
        vector_last: last('vector', { window: '2s' }),
        flag_last: last('flag', { window: '3s', resolution: '1s' }),
        labels: approxCountDistinct('label', { window: '2s' }),
        amounts: approxCountDistinct('amount', { window: '3s', resolution: '1s' }),
      },
    }),
    long: featureView('long', {
      ...common,
      features: {
        events_1m: count({ window: '1m' }),
        events_1h: count({ window: '1h' }),
        events_1d: count({ window: '1d', resolution: '1h' }),
        amount_sum_1h: sum('amount', { window: '1h' }),
        price_sum_1m: sum('price', { window: '1m', where: { flag: [true, false] } }),
        price_mean_1d: mean('price', { window: '1d', resolution: '1h' }),
        price_most_1h: max('price', { window: '1h' }),
        amount_least_1d: min('amount', { window: '1d', resolution: '1h' }),
        label_first_1h: first('label', { window: '1h' }),
        prices_1d: approxCountDistinct('price', { window: '1d', resolution: '1h' }),
        events_ever: count({ window: 'all' }),
        price_deviation_ever: stddev('price', { window: 'all' }),
        seen_last_ever: last('seen', { window: 'all', where: { label: 'x' } }),
      },
    }),
    recent: featureView('recent', {
      ...common,
      features: {
        one: lastN('label', 1),
        three: lastN('amount', 3),
        three_of_x: lastN('price', 3, { where: { label: 'x' } }),
        sum_of_two: sum('amount', { last: 2 }),
        least_of_two: min('label', { last: 2 }),
        mean_of_three: mean('price', { last: 3 }),
        count_of_two: count({ last: 2 }),
        first_of_three: first('flag', { last: 3 }),
      },
    }),
    published_events: featureView('published_events', {
      ...common,
      delay: '1s',
      features: {
        events: count({ window: '2s' }),
        events_second: count({ window: '3s', resolution: '1s' }),
        amount_sum_1h: sum('amount', { window: '1h' }),
        two: lastN('amount', 2),
      },
    }),
    known_events: featureView('known_events', {
      ...common,
      asKnown: true,
      features: {
        events: count({ window: '2s' }),
        price_sum_1m: sum('price', { window: '1m' }),
        label_most_1h: max('label', { window: '1h' }),
        two: lastN('label', 2),
      },
    }),
  };
}

/** Every view of a pack. */
export const PACK_VIEWS = [
  'newest',
  'fresh',
  'published',
  'known',
  'short',
  'long',
  'recent',
  'published_events',
  'known_events',
] as const;
