/** Mistakes in definitions that the compiler refuses. */
import { describe, it } from 'vitest';
import {
  approxQuantile,
  boolean,
  categorical,
  collectDistinct,
  count,
  derivedView,
  embedding,
  entity,
  featureService,
  featureView,
  fileSource,
  mean,
  mostFrequent,
  numeric,
  requestSource,
  sum,
  text,
} from '../../index.ts';

const airport = entity('airport', { keys: { origin: 'string' } });
const flights = fileSource('flights', {
  path: 'flights.parquet',
  timestamp: 'date',
  schema: { date: 'timestamp', delay: 'int64', origin: 'string', vector: 'float32[8]' },
});
const delays = featureView('delays', {
  entities: [airport],
  source: flights,
  features: { flights: count({ last: 3 }) },
});
const request = requestSource('request', { schema: { budget: 'int64' } });

describe('schedules', () => {
  it('are text or times with rules', () => {
    const source = { path: 'a.csv', timestamp: 'at', schema: { at: 'timestamp' } } as const;
    fileSource('a', { ...source, schedule: '@daily' });
    fileSource('a', { ...source, schedule: { cron: ['0 6 * * *'], timezone: 'Europe/Berlin', window: '2d' } });
    featureService('s', { features: [delays], schedule: { every: '1d', dataset: { spine: { window: '30d' } } } });
    // @ts-expect-error: cron or every, not both
    fileSource('a', { ...source, schedule: { cron: '@daily', every: '1d' } });
    // @ts-expect-error: neither
    fileSource('a', { ...source, schedule: { timezone: 'Europe/Berlin' } });
    // @ts-expect-error: not a duration
    fileSource('a', { ...source, schedule: { every: '1 day' } });
    // @ts-expect-error: not a policy
    fileSource('a', { ...source, schedule: { cron: '@daily', overlap: 'wait' } });
    // @ts-expect-error: a service has no window, its dataset's spine has
    featureService('s', { features: [delays], schedule: { cron: '@daily', window: '30d' } });
  });
});

describe('views that make rows', () => {
  const features = { speed: numeric() };
  const made = { entities: [airport], source: flights, schema: { speed: 'float64' } } as const;

  it('read what they declare, and the columns of their source', () => {
    featureView('sql', { ...made, sql: 'SELECT origin, date, delay / 2 AS speed FROM flights', features });
    featureView('map', { ...made, map: ({ origin, delay }) => ({ origin, speed: Number(delay) / 2 }), features });
    featureView('list', { ...made, map: (row) => [row, { ...row, speed: 1 }], features });
    featureView('none', { ...made, map: () => null, features });
    featureView('both', {
      ...made,
      sql: 'SELECT *, 1.5 AS speed FROM flights',
      features: { ...features, delay: numeric() },
    });
  });

  it('refuse columns that nobody declares, types that do not fit, and rows that are none', () => {
    // @ts-expect-error: the source has no such column, and no schema declares it
    featureView('undeclared', { entities: [airport], source: flights, sql: 'SELECT 1', features });
    // @ts-expect-error: not a column type
    featureView('type', { ...made, schema: { speed: 'double' }, sql: 'SELECT 1', features });
    const speed = { mean: mean('speed', { last: 3 }) };
    const asText = { ...made, schema: { speed: 'string' } } as const;
    // @ts-expect-error: the schema makes text of it
    featureView('text', { ...asText, sql: 'SELECT 1', features: speed });
    // @ts-expect-error: the source has no such column
    featureView('column', { ...made, map: ({ distance }) => ({ speed: distance }), features });
    // @ts-expect-error: a row is an object
    featureView('row', { ...made, map: () => 7, features });
    // @ts-expect-error: it cannot be waited for
    featureView('async', { ...made, map: async (row) => row, features });
    // @ts-expect-error: a query is text
    featureView('query', { ...made, sql: ['SELECT 1'], features });
  });
});

describe('sources and entities', () => {
  it('refuse unknown types, columns and options', () => {
    // @ts-expect-error: not a key type
    entity('airport', { keys: { origin: 'text' } });
    // @ts-expect-error: not a column type
    requestSource('request', { schema: { budget: 'integer' } });
    // @ts-expect-error: no such column
    fileSource('flights', { path: 'f.csv', timestamp: 'time', schema: { date: 'timestamp' } });
    // @ts-expect-error: not a timestamp column
    fileSource('flights', { path: 'f.csv', timestamp: 'date', schema: { date: 'string' } });
    // @ts-expect-error: the event time is missing
    fileSource('flights', { path: 'f.csv', schema: { date: 'timestamp' } });
    // @ts-expect-error: misspelt option
    fileSource('flights', { path: 'f.csv', timestamp: 'date', schema: { date: 'timestamp' }, timezon: 'UTC' });
  });
});

describe('features', () => {
  it('are checked against the columns of the source', () => {
    const base = { entities: [airport], source: flights } as const;
    // @ts-expect-error: sum of a string
    featureView('view', { ...base, features: { total: sum('origin', { window: '1d' }) } });
    // @ts-expect-error: quantile of a string
    featureView('view', { ...base, features: { total: approxQuantile('origin', 0.5, { window: '1d' }) } });
    // @ts-expect-error: a vector has no order
    featureView('view', { ...base, features: { all: collectDistinct('vector', { window: '1d' }) } });
    // @ts-expect-error: limit belongs to collectDistinct
    featureView('view', { ...base, features: { most: mostFrequent('origin', { window: '1d', limit: 3 }) } });
    // @ts-expect-error: unknown column
    featureView('view', { ...base, features: { total: sum('dealy', { window: '1d' }) } });
    // @ts-expect-error: unknown column in a filter
    featureView('view', { ...base, features: { total: count({ window: '1d', where: { orign: 'ORD' } }) } });
    // @ts-expect-error: a string is not numeric
    featureView('view', { ...base, features: { origin: numeric() } });
    // @ts-expect-error: a number is not text
    featureView('view', { ...base, features: { label: text({ column: 'delay' }) } });
    // @ts-expect-error: a vector is no category
    featureView('view', { ...base, features: { vector: categorical() } });
    // @ts-expect-error: another number of dimensions
    featureView('view', { ...base, features: { vector: embedding(16) } });
    // @ts-expect-error: no column of the feature's own name
    featureView('view', { ...base, features: { delays: numeric() } });
  });

  it('need one window, well written', () => {
    // @ts-expect-error: neither window nor last
    mean('delay', {});
    // @ts-expect-error: both
    mean('delay', { window: '1d', last: 3 });
    // @ts-expect-error: not a duration
    mean('delay', { window: '1 day' });
    // @ts-expect-error: misspelt option
    mean('delay', { window: '1d', resolutoin: '1m' });
  });
});

describe('references', () => {
  it('name features, keys and inputs that exist', () => {
    // @ts-expect-error: no such feature
    delays.pick('flight');
    // @ts-expect-error: no such key
    delays.as('dest_delays', { destination: 'destination' });
    // @ts-expect-error: an entity has no features
    featureService('service', { features: [airport] });
  });
});

describe('derived views', () => {
  it('know the names and types of inputs and outputs', () => {
    derivedView('view', {
      inputs: [request, delays],
      features: { cheap: boolean() },
      // @ts-expect-error: no such input column
      compute: ({ request }) => ({ cheap: request.price === null }),
    });
    derivedView('view', {
      inputs: [request],
      features: { cheap: boolean() },
      // @ts-expect-error: not a boolean
      compute: ({ request }) => ({ cheap: request.budget }),
    });
    derivedView('view', {
      inputs: [request],
      features: { cheap: boolean(), left: numeric() },
      // @ts-expect-error: an output is missing
      compute: () => ({ cheap: true }),
    });
    derivedView('view', {
      inputs: [request],
      // @ts-expect-error: a derived feature reads no column
      features: { cheap: boolean({ column: 'budget' }) },
      compute: () => ({ cheap: true }),
    });
  });
});
