/**
 * The definitions that packed worlds are asked through: as-of views and windows of every kind over one source. A pack
 * differs from the next in what its source says of its rows, in when they happened and in how they are read.
 */
import {
  approxCountDistinct,
  approxQuantile,
  boolean,
  categorical,
  collectDistinct,
  count,
  embedding,
  entity,
  featureView,
  fileSource,
  first,
  kafkaSource,
  last,
  lastN,
  max,
  mean,
  min,
  mostFrequent,
  numeric,
  stddev,
  sum,
  timestamp,
  variance,
} from 'asof';
import type { Micros } from '../../../contracts/time.ts';

/** What a pack's source says of its rows: when they were created, and which event they are of. */
export const PACK_SOURCES = ['journal', 'undated', 'changes'] as const;
export type PackSource = (typeof PACK_SOURCES)[number];

/** What makes a pack. */
export interface PackKind {
  readonly name: string;
  readonly source: PackSource;
  /** The hour around which its rows happen: a multiple of a day. */
  readonly base: Micros;
  /** Whether the request asks for values as known. */
  readonly asKnown: boolean;
}

const DAY = 86_400_000_000n;
const YEAR_1970 = 0n;
const YEAR_2024 = 19_813n * DAY;
const YEAR_1 = -719_100n * DAY;
const YEAR_9999 = 2_932_800n * DAY;

export const PACK_KINDS: readonly PackKind[] = [
  { name: 'plain', source: 'journal', base: YEAR_2024, asKnown: false },
  { name: 'as known', source: 'journal', base: YEAR_2024, asKnown: true },
  { name: 'without created', source: 'undated', base: YEAR_1, asKnown: false },
  { name: 'corrected', source: 'changes', base: YEAR_9999, asKnown: false },
  { name: 'corrected, as known', source: 'changes', base: YEAR_1970, asKnown: true },
];

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

const SOURCE_OPTIONS: Readonly<Record<PackSource, object>> = {
  journal: { created: 'loaded' },
  undated: {},
  changes: { created: 'loaded', eventId: 'id', operation: 'action' },
};

/** Of a streamed pack's source. */
const STREAM_LATENESS = '10m';

const SHORT = {
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
  price_variance: variance('price', { window: '2s' }),
  price_median: approxQuantile('price', 0.5, { window: '2s' }),
  amount_high: approxQuantile('amount', 0.9, { window: '3s', resolution: '1s' }),
  label_usual: mostFrequent('label', { window: '2s' }),
  amount_usual: mostFrequent('amount', { window: '3s', resolution: '1s' }),
  labels_seen: collectDistinct('label', { window: '2s' }),
  prices_seen: collectDistinct('price', { window: '3s', resolution: '1s', limit: 2 }),
};

const LONG = {
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
  amount_variance_1h: variance('amount', { window: '1h' }),
  price_median_1d: approxQuantile('price', 0.5, { window: '1d', resolution: '1h' }),
  label_usual_1d: mostFrequent('label', { window: '1d', resolution: '1h' }),
  flags_ever: collectDistinct('flag', { window: 'all' }),
  seen_last_ever: last('seen', { window: 'all', where: { label: 'x' } }),
};

const RECENT = {
  one: lastN('label', 1),
  three: lastN('amount', 3),
  three_of_x: lastN('price', 3, { where: { label: 'x' } }),
  sum_of_two: sum('amount', { last: 2 }),
  least_of_two: min('label', { last: 2 }),
  mean_of_three: mean('price', { last: 3 }),
  count_of_two: count({ last: 2 }),
  first_of_three: first('flag', { last: 3 }),
  usual_of_three: mostFrequent('label', { last: 3 }),
  seen_of_three: collectDistinct('amount', { last: 3 }),
  median_of_three: approxQuantile('amount', 0.5, { last: 3 }),
};

const thing = entity('thing', { keys: { name: 'string', code: 'int64' } });

/** Where the rows of the source stand, from the project's directory. */
export function packDirectory(source: PackSource): string {
  return `rows/${source}`;
}

/** What a definitions file of the source exports. */
export function packDefinitions(source: PackSource): Readonly<Record<string, unknown>> {
  const path = `${packDirectory(source)}/*.parquet`;
  const rows = fileSource(source, { path, timestamp: 'happened', schema: PACK_COLUMNS, ...SOURCE_OPTIONS[source] });
  return { thing, [source]: rows, ...packViews(source, { entities: [thing], source: rows }) };
}

/** Most of the same views over the messages of a topic, online, and all their windows in one: each has consumers of its own. */
export function streamedPackDefinitions(source: PackSource, topic: string): Readonly<Record<string, unknown>> {
  const rows = kafkaSource(source, {
    topic,
    timestamp: 'happened',
    allowedLateness: STREAM_LATENESS,
    schema: PACK_COLUMNS,
    contract: { types: 'quarantine' },
    ...SOURCE_OPTIONS[source],
  });
  const common = { entities: [thing], source: rows, online: true } as const;
  const views = packViews(source, common);
  const kept = ['fresh', 'published', 'known', 'published_events', 'known_events'].map((name) => `${source}_${name}`);
  return {
    ...{ thing, [source]: rows },
    ...Object.fromEntries(kept.map((name) => [name, views[name]])),
    [`${source}_events`]: featureView(`${source}_events`, { ...common, features: { ...SHORT, ...LONG, ...RECENT } }),
  };
}

interface ViewCommons {
  readonly entities: readonly [typeof thing];
  readonly source:
    | ReturnType<typeof fileSource<PackSource, typeof PACK_COLUMNS>>
    | ReturnType<typeof kafkaSource<PackSource, typeof PACK_COLUMNS>>;
  readonly online?: boolean;
}

function packViews(source: PackSource, common: ViewCommons): Readonly<Record<string, unknown>> {
  const columns = {
    amount: numeric(),
    price: numeric({ default: 7.5 }),
    label: categorical(),
    flag: boolean(),
    seen: timestamp(),
    vector: embedding(2),
  };
  const views = [
    featureView(`${source}_newest`, { ...common, features: columns }),
    featureView(`${source}_fresh`, { ...common, ttl: '2s', features: columns }),
    featureView(`${source}_published`, {
      ...common,
      ttl: '3s',
      delay: '1s',
      features: { amount: numeric({ default: -1 }), label: categorical() },
    }),
    featureView(`${source}_known`, { ...common, asKnown: true, ttl: '1h', features: { amount: numeric() } }),
    featureView(`${source}_short`, { ...common, features: SHORT }),
    featureView(`${source}_long`, { ...common, features: LONG }),
    featureView(`${source}_recent`, { ...common, features: RECENT }),
    featureView(`${source}_published_events`, {
      ...common,
      delay: '1s',
      features: {
        events: count({ window: '2s' }),
        events_second: count({ window: '3s', resolution: '1s' }),
        amount_sum_1h: sum('amount', { window: '1h' }),
        two: lastN('amount', 2),
      },
    }),
    featureView(`${source}_known_events`, {
      ...common,
      asKnown: true,
      features: {
        events: count({ window: '2s' }),
        price_sum_1m: sum('price', { window: '1m' }),
        label_most_1h: max('label', { window: '1h' }),
        two: lastN('label', 2),
      },
    }),
  ];
  return Object.fromEntries(views.map((view) => [view.name, view]));
}

/** The definitions of all sources: their names do not meet. */
export function allPackDefinitions(): Readonly<Record<string, unknown>> {
  return Object.fromEntries(PACK_SOURCES.flatMap((source) => Object.entries(packDefinitions(source))));
}
