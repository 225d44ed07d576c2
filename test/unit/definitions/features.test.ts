/** What features mean in the manifest: windows, value types, defaults, filters and transforms. */
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../../contracts/time.ts';
import { defaultResolution } from '../../../definitions/normalization/windows.ts';
import {
  aggregate,
  approxCountDistinct,
  approxQuantile,
  boolean,
  categorical,
  categoricalEncode,
  collectDistinct,
  count,
  embedding,
  first,
  last,
  lastN,
  max,
  mean,
  min,
  mostFrequent,
  normalize,
  numeric,
  stddev,
  sum,
  text,
  timestamp,
  Timestamp,
  variance,
} from '../../../index.ts';
import { featureOf, manifestOf, viewWith } from './project.ts';

describe('default resolution', () => {
  it.each([
    ['30s', null],
    ['47s', null],
    ['48s', '1s'],
    ['4m', '5s'],
    ['1h', '1m'],
    ['6h', '5m'],
    ['12h', '15m'],
    ['1d', '15m'],
    ['2d', '1h'],
    ['7d', '1h'],
    ['12d', '6h'],
    ['14d', '6h'],
    ['48d', '1d'],
    ['365d', '1d'],
  ])('of %s is %s', (window, resolution) => {
    const micros = defaultResolution(parseDuration(window)!);
    expect(micros === null ? null : formatDuration(micros)).toBe(resolution);
  });
});

describe('windows', () => {
  it.each([
    [mean('delay', { window: '1h' }), { kind: 'duration', micros: 3_600_000_000, resolutionMicros: 60_000_000 }],
    [
      mean('delay', { window: '1h', resolution: 'exact' }),
      { kind: 'duration', micros: 3_600_000_000, resolutionMicros: null },
    ],
    [
      mean('delay', { window: '1d', resolution: '1d' }),
      { kind: 'duration', micros: 86_400_000_000, resolutionMicros: 86_400_000_000 },
    ],
    [mean('delay', { window: 'all' }), { kind: 'all' }],
    [count({ last: 10 }), { kind: 'last', count: 10 }],
    [lastN('delay', 5), { kind: 'last', count: 5 }],
  ])('%#', (feature, window) => {
    expect(featureOf(feature)).toMatchObject({ kind: 'aggregate', window, maxEvents: 10_000 });
  });

  it('keep as many raw events as declared', () => {
    expect(featureOf(mean('delay', { window: '1h', resolution: 'exact', maxEvents: 50 }))).toMatchObject({
      maxEvents: 50,
    });
  });
});

describe('value types', () => {
  it.each([
    ['int64 column', numeric({ column: 'delay' }), 'numeric', 'int64'],
    ['list column', numeric({ column: 'legs' }), 'numeric', 'int64[]'],
    ['string column', categorical({ column: 'origin' }), 'categorical', 'string'],
    ['text', text({ column: 'origin' }), 'text', 'string'],
    ['boolean column', boolean({ column: 'cancelled' }), 'boolean', 'boolean'],
    ['timestamp column', timestamp({ column: 'loaded' }), 'timestamp', 'timestamp'],
    ['embedding', embedding(4, { column: 'vector' }), 'embedding', 'float32[4]'],
    ['count', count({ window: '1h' }), 'numeric', 'int64'],
    ['distinct count', approxCountDistinct('origin', { window: '1h' }), 'numeric', 'int64'],
    ['sum of integers', sum('delay', { window: '1h' }), 'numeric', 'int64'],
    ['sum of floats', sum('distance', { window: '1h' }), 'numeric', 'float64'],
    ['mean', mean('delay', { window: '1h' }), 'numeric', 'float64'],
    ['deviation', stddev('delay', { window: '1h' }), 'numeric', 'float64'],
    ['variance', variance('distance', { window: '1h' }), 'numeric', 'float64'],
    ['quantile', approxQuantile('delay', 0.5, { window: '1h' }), 'numeric', 'float64'],
    ['most frequent', mostFrequent('origin', { window: '1h' }), 'categorical', 'string'],
    ['distinct instants', collectDistinct('loaded', { window: '1h' }), 'timestamp', 'timestamp[]'],
    ['maximum of booleans', max('cancelled', { window: '1h' }), 'boolean', 'boolean'],
    ['minimum of instants', min('loaded', { window: '1h' }), 'timestamp', 'timestamp'],
    ['maximum of strings', max('origin', { window: '1h' }), 'categorical', 'string'],
    ['first vector', first('vector', { window: '1h' }), 'embedding', 'float32[4]'],
    ['last boolean', last('cancelled', { window: '1h' }), 'boolean', 'boolean'],
    ['last values', lastN('delay', 3), 'numeric', 'int64[]'],
    ['normalized', numeric({ column: 'delay', transform: normalize({ min: 0, max: 1 }) }), 'numeric', 'float64'],
    ['category number', categorical({ column: 'origin', transform: categoricalEncode() }), 'categorical', 'int64'],
    ['mean of a list', numeric({ column: 'legs', transform: aggregate({ function: 'mean' }) }), 'numeric', 'float64'],
    ['sum of last values', lastN('delay', 3, { transform: aggregate({ function: 'sum' }) }), 'numeric', 'int64'],
  ])('%s', (_title, feature, featureType, valueType) => {
    expect(featureOf(feature)).toMatchObject({ featureType, valueType });
  });
});

describe('parameters of functions', () => {
  it('stand in the manifest, and nowhere else', () => {
    expect(featureOf(approxQuantile('delay', 0.95, { last: 9 }))).toMatchObject({ quantile: 0.95 });
    expect(featureOf(collectDistinct('origin', { window: 'all', limit: 7 }))).toMatchObject({ limit: 7 });
    expect(featureOf(collectDistinct('origin', { window: 'all' }))).toMatchObject({ limit: 100 });
    expect(featureOf(mostFrequent('origin', { window: 'all' }))).not.toHaveProperty('limit');
  });
});

describe('defaults', () => {
  it.each([
    [numeric({ column: 'delay', default: 0 }), '0'],
    [numeric({ column: 'delay', default: 2n ** 62n }), '4611686018427387904'],
    [numeric({ column: 'distance', default: 1 }), 1],
    [numeric({ column: 'distance', default: Number.NaN }), 'NaN'],
    [timestamp({ column: 'loaded', default: '2024-01-01T01:00:00+01:00' }), '2024-01-01T00:00:00.000000Z'],
    [timestamp({ column: 'loaded', default: new Timestamp(1n) }), '1970-01-01T00:00:00.000001Z'],
    [lastN('delay', 2, { default: [1, null] }), ['1', null]],
    [embedding(4, { column: 'vector', default: [0, 0, 0, 1] }), [0, 0, 0, 1]],
    [numeric({ column: 'delay', default: 0.5, transform: normalize({ min: 0, max: 1 }) }), 0.5],
    [numeric({ column: 'delay' }), null],
  ])('%#', (feature, value) => {
    expect(featureOf(feature).default).toEqual(value);
  });
});

describe('filters', () => {
  it('are sorted by column and hold values of the column type', () => {
    const feature = count({ window: '1d', where: { origin: ['ORD', 'JFK', 'ORD'], delay: 5, cancelled: false } });
    expect(featureOf(feature)).toMatchObject({
      where: [
        { column: 'cancelled', values: [false] },
        { column: 'delay', values: ['5'] },
        { column: 'origin', values: ['ORD', 'JFK'] },
      ],
    });
  });
});

describe('views', () => {
  it('of aggregates accept a ttl without effect', () => {
    const [view] = manifestOf({ view: viewWith({ n: count({ window: '1h' }) }, { ttl: '7d' }) }).views;
    expect(view).toMatchObject({ mode: 'aggregate', ttlMicros: null });
  });

  it('read durations and flags', () => {
    const [view] = manifestOf({
      view: viewWith({ delay: numeric() }, { ttl: '2w', delay: '2h', asKnown: true }),
    }).views;
    expect(view).toMatchObject({
      mode: 'asof',
      ttlMicros: 14 * 86_400_000_000,
      delayMicros: 7_200_000_000,
      asKnown: true,
      online: false,
      offline: true,
      keys: [{ name: 'origin', type: 'string', column: 'origin' }],
    });
  });
});
