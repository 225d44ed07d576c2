/** Every aggregate function over the types it takes, from the language to each output format. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  approxQuantile,
  collectDistinct,
  entity,
  featureView,
  fileSource,
  first,
  last,
  lastN,
  max,
  min,
  mostFrequent,
  stddev,
  variance,
} from '../../../definitions/language.ts';
import { ingest, openFixture, readParquet, retrieve, retrieveLines, writeText } from './offline-fixture.ts';
import type { OfflineFixture } from './offline-fixture.ts';

const ALL = { window: 'all' } as const;
const shop = entity('shop', { keys: { shop: 'string' } });
const sales = fileSource('sales', {
  path: 'sales.parquet',
  timestamp: 'ts',
  schema: { ts: 'timestamp', shop: 'string', item: 'string', size: 'int64', price: 'float64', paid: 'boolean' },
});
const spread = featureView('spread', {
  entities: [shop],
  source: sales,
  features: {
    size_variance: variance('size', ALL),
    price_deviation: stddev('price', ALL),
    size_median: approxQuantile('size', 0.5, ALL),
    price_p95: approxQuantile('price', 0.95, { window: 'all', where: { paid: true }, default: -1 }),
    price_lower_of_two: approxQuantile('price', 0, { last: 2 }),
  },
});
const values = featureView('values', {
  entities: [shop],
  source: sales,
  features: {
    usual_item: mostFrequent('item', { window: 'all', default: 'none' }),
    usual_size: mostFrequent('size', ALL),
    usual_paid: mostFrequent('paid', { last: 3 }),
    items: collectDistinct('item', { window: 'all', limit: 2 }),
    sizes: collectDistinct('size', ALL),
    prices: collectDistinct('price', ALL),
    times: collectDistinct('ts', { last: 2, default: [] }),
    paids: collectDistinct('paid', ALL),
  },
});
const edges = featureView('edges', {
  entities: [shop],
  source: sales,
  features: {
    least_item: min('item', ALL),
    greatest_ts: max('ts', ALL),
    any_paid: max('paid', ALL),
    all_paid: min('paid', ALL),
    first_paid: first('paid', ALL),
    last_item: last('item', ALL),
    last_ts: last('ts', ALL),
    last_paids: lastN('paid', 3),
    last_items: lastN('item', 2),
  },
});

let fixture: OfflineFixture;
beforeAll(async () => {
  fixture = await openFixture({ shop, sales, spread, values, edges });
  await ingest(
    fixture,
    'sales',
    [
      `'2024-01-01 00:00:00', 'A', 'tea', 9007199254740993, 1000, false`,
      `'2024-01-01 00:00:01', 'A', NULL, 3, 'nan'::DOUBLE, true`,
      `'2024-01-01 00:00:02', 'A', 'a,"b"', 3, '-inf'::DOUBLE, NULL`,
      `'2024-01-01 00:00:03', 'A', 'zoo', NULL, -0.0, true`,
      `'2024-01-01 00:00:04', 'A', 'tea', 5, 0.0, true`,
      `'2024-01-01 00:00:04', 'B', 'one', 7, 200, true`,
    ],
    1,
  );
});
afterAll(() => fixture.close());

const spine = 'shop,event_timestamp\nA,2024-01-01T01:00:00Z\nB,2024-01-01T01:00:00Z\nC,2024-01-01T01:00:00Z\n';

describe('aggregate functions', () => {
  it('of spread come as numbers, null for too few values', async () => {
    const path = writeText(fixture, 'spread.csv', spine);
    const lines = await retrieveLines(fixture, { spine: path, request: { features: ['spread'] }, output: 's.jsonl' });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        shop: 'A',
        event_timestamp: '2024-01-01T01:00:00Z',
        spread__size_variance: expect.closeTo(2.028240960365167e31, -18) as number,
        spread__price_deviation: 'NaN',
        spread__size_median: 3,
        spread__price_p95: 'NaN',
        spread__price_lower_of_two: 0,
      },
      {
        shop: 'B',
        event_timestamp: '2024-01-01T01:00:00Z',
        spread__size_variance: null,
        spread__price_deviation: null,
        spread__size_median: 7,
        spread__price_p95: 200,
        spread__price_lower_of_two: 200,
      },
      {
        shop: 'C',
        event_timestamp: '2024-01-01T01:00:00Z',
        spread__size_variance: null,
        spread__price_deviation: null,
        spread__size_median: null,
        spread__price_p95: -1,
        spread__price_lower_of_two: null,
      },
    ]);
  });

  it('of values come as JSON without loss', async () => {
    const path = writeText(fixture, 'values.csv', spine);
    const lines = await retrieveLines(fixture, { spine: path, request: { features: ['values'] }, output: 'v.jsonl' });
    const common = { event_timestamp: '2024-01-01T01:00:00Z' };
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        ...common,
        shop: 'A',
        values__usual_item: 'tea',
        values__usual_size: 3,
        values__usual_paid: true,
        values__items: ['a,"b"', 'tea'],
        values__sizes: [3, 5, '9007199254740993'],
        values__prices: ['-Infinity', 0, 1000, 'NaN'],
        values__times: ['2024-01-01T00:00:03.000000Z', '2024-01-01T00:00:04.000000Z'],
        values__paids: [false, true],
      },
      {
        ...common,
        shop: 'B',
        values__usual_item: 'one',
        values__usual_size: 7,
        values__usual_paid: true,
        values__items: ['one'],
        values__sizes: [7],
        values__prices: [200],
        values__times: ['2024-01-01T00:00:04.000000Z'],
        values__paids: [true],
      },
      {
        ...common,
        shop: 'C',
        values__usual_item: 'none',
        values__usual_size: null,
        values__usual_paid: null,
        values__items: null,
        values__sizes: null,
        values__prices: null,
        values__times: [],
        values__paids: null,
      },
    ]);
  });

  it('of values come as lists in Parquet', async () => {
    const path = writeText(fixture, 'lists.csv', spine);
    const asked = { spine: path, request: { features: ['values'] }, output: 'lists.parquet' };
    const [a] = await readParquet(fixture, (await retrieve(fixture, asked)).path);
    expect(a).toMatchObject({
      values__usual_size: 3n,
      values__sizes: [3n, 5n, 9_007_199_254_740_993n],
      values__times: [1_704_067_203_000_000n, 1_704_067_204_000_000n],
      values__paids: [false, true],
    });
  });

  it('of order take text, booleans and instants', async () => {
    const path = writeText(fixture, 'edges.csv', spine);
    const lines = await retrieveLines(fixture, { spine: path, request: { features: ['edges'] }, output: 'e.csv' });
    expect(lines[1]).toBe(
      'A,2024-01-01T01:00:00Z,"a,""b""",2024-01-01T00:00:04.000000Z,true,false,false,tea,2024-01-01T00:00:04.000000Z,' +
        '"[true,true]","[""tea"",""zoo""]"',
    );
    expect(lines[3]).toBe('C,2024-01-01T01:00:00Z,,,,,,,,,');
  });
});
