/** Spines as they come from the world: empty, wide, in many time zones, with values that are no numbers. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { entity, featureView, fileSource, mean, numeric } from '../../../definitions/language.ts';
import { literalText } from '../../../engine/sql.ts';
import { allRows, openDatasetRows } from '../../../offline/dataset-rows.ts';
import { describeColumns } from '../../../offline/dataset-statistics.ts';
import {
  ingest,
  openFixture,
  readParquet,
  retrieve,
  retrieveLines,
  writeParquet,
  writeText,
  type OfflineFixture,
} from './offline-fixture.ts';

const user = entity('user', { keys: { user: 'int64' } });
const buys = fileSource('buys', {
  path: 'buys.parquet',
  timestamp: 'ts',
  schema: { ts: 'timestamp', user: 'int64', price: 'float64' },
});
const last = featureView('last', { entities: [user], source: buys, features: { price: numeric() } });
const spending = featureView('spending', {
  entities: [user],
  source: buys,
  features: { mean_1h: mean('price', { window: '1h', resolution: 'exact' }) },
});
const request = { features: ['last', 'spending'] };

let fixture: OfflineFixture;
beforeAll(async () => {
  fixture = await openFixture({ user, buys, last, spending });
  const rows = [
    `'2024-03-31 00:00:00', 1, '10'`,
    `'2024-03-31 01:00:00', 1, '20'`,
    `'2024-10-27 00:00:00', 1, '30'`,
    `'2024-10-27 01:00:00', 1, '40'`,
    `'2024-01-01', 2, 'nan'`,
    `'2024-01-01', 3, '-inf'`,
    `'0001-01-01', 4, '1'`,
    `'9999-12-31 23:59:59.999999', 4, '2'`,
  ];
  await ingest(fixture, 'buys', rows, 1);
});
afterAll(() => fixture.close());

const lines = (name: string, text: string) =>
  retrieveLines(fixture, { spine: writeText(fixture, name, text), request, output: 'out.csv' });

test('a spine of no rows gives no rows, with every column and its type', async () => {
  expect(await lines('empty.csv', 'user,event_timestamp,label\n')).toEqual([
    'user,event_timestamp,label,last__price,spending__mean_1h',
  ]);
  const spine = await writeParquet(
    fixture,
    'empty.parquet',
    `SELECT 1::BIGINT AS user, now() AS event_timestamp WHERE false`,
  );
  const { path, rows } = await retrieve(fixture, { spine, request, output: 'empty-out.parquet' });
  expect([rows, await readParquet(fixture, path)]).toEqual([0, []]);
  const described = await fixture.engine.session((session) =>
    session.rows(`DESCRIBE SELECT * FROM read_parquet(${literalText(path)})`),
  );
  expect(described.map((row) => row['column_type'])).toEqual([
    'BIGINT',
    'TIMESTAMP WITH TIME ZONE',
    'DOUBLE',
    'DOUBLE',
  ]);
});

describe('instants', () => {
  test('of several zones in one column are compared as instants, and come back as they were', async () => {
    const rows = [
      '2024-03-31T02:30:00+02:00',
      '2024-03-31 00:30:00Z',
      '2024-03-30T19:30:00-05:00',
      '2024-03-31T00:30:00',
    ];
    expect(await lines('zones.csv', ['user,event_timestamp', ...rows.map((at) => `1,${at}`)].join('\n'))).toEqual([
      'user,event_timestamp,last__price,spending__mean_1h',
      ...rows.map((at) => `1,${at},10.0,10.0`),
    ]);
  });

  test('of the nights when clocks change are what their offsets say', async () => {
    const rows = [
      // half past one and, an hour later, half past three: there is no half past two
      ['2024-03-31T01:30:00+01:00', '10.0'],
      ['2024-03-31T03:30:00+02:00', '20.0'],
      // half past two, twice
      ['2024-10-27T02:30:00+02:00', '30.0'],
      ['2024-10-27T02:30:00+01:00', '40.0'],
    ];
    const [, ...found] = await lines(
      'night.csv',
      ['user,event_timestamp', ...rows.map(([at]) => `1,${at}`)].join('\n'),
    );
    expect(found).toEqual(rows.map(([at, price]) => `1,${at},${price},${price}`));
  });

  test('of years 1 and 9999 count to the microsecond', async () => {
    const [, ...found] = await lines(
      'ends.csv',
      ['user,event_timestamp', '4,0001-01-01', '4,9999-12-31T23:59:59.999998Z', '4,9999-12-31T23:59:59.999999Z'].join(
        '\n',
      ),
    );
    expect(found.map((line) => line.split(',')[2])).toEqual(['1.0', '1.0', '2.0']);
  });

  test.each(['infinity', 'soon', '2024-02-30', ''])('that are none end with the row: "%s"', async (text) => {
    const spine = writeText(fixture, 'none.csv', `user,event_timestamp\n1,2024-01-01\n1,${text}\n`);
    await expect(retrieve(fixture, { spine, request, output: 'none.csv.out.csv' })).rejects.toMatchObject({
      code: 'INPUT_VALUE_INVALID',
      details: { row: 2n, column: 'event_timestamp' },
    });
  });

  test('that are infinite in a Parquet file end with the row', async () => {
    const spine = await writeParquet(
      fixture,
      'infinite.parquet',
      `SELECT 1::BIGINT AS user, TIMESTAMP 'infinity' AS event_timestamp`,
    );
    await expect(retrieve(fixture, { spine, request, output: 'infinite.csv' })).rejects.toMatchObject({
      code: 'INPUT_VALUE_INVALID',
    });
  });
});

test.each([
  ['after', `TIMESTAMP '10000-01-01'`, '10000-01-01 00:00:00'],
  ['before', `TIMESTAMP '0002-12-31 (BC)'`, '0002-12-31 (BC) 00:00:00'],
])('instants %s the years that four digits can write are refused', async (_, sql, value) => {
  const spine = await writeParquet(fixture, 'far.parquet', `SELECT 1::BIGINT AS user, ${sql} AS event_timestamp`);
  await expect(retrieve(fixture, { spine, request, output: 'far.csv' })).rejects.toMatchObject({
    code: 'INPUT_VALUE_INVALID',
    details: { row: 1n, column: 'event_timestamp', value: JSON.stringify(value) },
  });
});

test('nested columns of a spine come back as valid JSON with every digit', async () => {
  const spine = await writeParquet(
    fixture,
    'nested.parquet',
    `SELECT 1::BIGINT AS user, TIMESTAMP '2024-12-01' AS event_timestamp,
      {'n': 'nan'::DOUBLE, 'a "b", c': [9007199254740993, 1], 'at': TIMESTAMP '2024-01-01', 'none': NULL::STRUCT(x INTEGER)} AS s,
      [['inf'::DOUBLE, 0.5], NULL] AS l, MAP {1: 9223372036854775807, 2: NULL} AS m, NULL::MAP(VARCHAR, DOUBLE) AS empty,
      1.10::DECIMAL(38, 2) AS short, -99999999999999999999999999999.123456789::DECIMAL(38, 9) AS long,
      [12345678901234567890.5::DECIMAL(30, 1)] AS longs`,
  );
  const expected = {
    user: 1,
    event_timestamp: '2024-12-01T00:00:00.000000Z',
    s: { n: 'NaN', 'a "b", c': ['9007199254740993', 1], at: '2024-01-01T00:00:00.000000Z', none: null },
    l: [['Infinity', 0.5], null],
    m: { 1: '9223372036854775807', 2: null },
    empty: null,
    short: 1.1,
    long: '-99999999999999999999999999999.123456789',
    longs: ['12345678901234567890.5'],
    last__price: 40,
  };
  const asked = { spine, request: { features: ['last'] } };
  const [line] = await retrieveLines(fixture, { ...asked, output: 'nested.jsonl' });
  expect(JSON.parse(line!)).toEqual(expected);
  // a column of a CSV file that holds a nested value holds that JSON
  const [, row] = await retrieveLines(fixture, { ...asked, output: 'nested.csv' });
  expect(row).toContain(`"${JSON.stringify(expected.s).replaceAll('"', '""')}"`);
  expect(row).toContain(',-99999999999999999999999999999.123456789,');
});

test('NaN and infinities go through the spine, the features and the statistics', async () => {
  const spine = await writeParquet(
    fixture,
    'numbers.parquet',
    `SELECT * FROM (VALUES (2, 'nan'::DOUBLE), (3, 'inf'::DOUBLE), (1, -0.5), (9, NULL)) t(user, label)
     CROSS JOIN (SELECT TIMESTAMP '2024-12-01' AS event_timestamp)`,
  );
  const found = await retrieveLines(fixture, { spine, request: { features: ['last'] }, output: 'numbers.csv' });
  expect(found.slice(1).map((line) => line.split(','))).toEqual([
    ['2', 'NaN', '2024-12-01T00:00:00.000000Z', 'NaN'],
    ['3', 'Infinity', '2024-12-01T00:00:00.000000Z', '-Infinity'],
    ['1', '-0.5', '2024-12-01T00:00:00.000000Z', '40.0'],
    ['9', '', '2024-12-01T00:00:00.000000Z', ''],
  ]);
  const { path } = await retrieve(fixture, { spine, request: { features: ['last'] }, output: 'numbers-out.parquet' });
  const uri = 'datasets/numbers/1/part.parquet';
  const { engine, lake } = fixture;
  const staged = await lake.stagingPath(uri);
  await engine.session((session) =>
    session.run(`COPY (SELECT * FROM read_parquet(${literalText(path)})) TO ${literalText(staged)} (FORMAT parquet)`),
  );
  const { bytes, checksum } = await lake.publish(uri);
  const statistics = await engine.session(async (session) =>
    describeColumns(session, await openDatasetRows(session, lake, [{ uri, rows: 4, bytes, checksum }]), 4),
  );
  expect(statistics.find(({ name }) => name === 'label')).toMatchObject({
    ...{ count: 3, nulls: 1, nonFinite: 2, mean: -0.5, min: -0.5, max: -0.5, std: null },
  });
  expect(statistics.find(({ name }) => name === 'last__price')).toMatchObject({
    ...{ count: 3, nulls: 1, nonFinite: 2, mean: 40, min: 40, max: 40 },
  });
});

test('statistics are those of the columns, for many rows and every kind of type', async () => {
  const { engine, lake } = fixture;
  const rows = 5000;
  const select = `SELECT range % 10 = 0 AS flag, range::BIGINT AS n, CASE WHEN range % 4 > 0 THEN range / 3.0 END AS x,
    'v' || (range % 7) AS t, TIMESTAMP '2024-01-01' + range * INTERVAL 1 SECOND AS at, [range] AS l, 1e300 * (range % 3 - 1) AS huge,
    9007199254740993 + range AS big FROM range(${rows})`;
  const uri = 'datasets/kinds/1/part.parquet';
  const staged = await lake.stagingPath(uri);
  await engine.session((session) => session.run(`COPY (${select}) TO ${literalText(staged)} (FORMAT parquet)`));
  const { bytes, checksum } = await lake.publish(uri);
  const { statistics, oracle } = await engine.session(async (session) => {
    const opened = await openDatasetRows(session, lake, [{ uri, rows, bytes, checksum }]);
    expect(await session.rows(`SELECT count(*) AS n, max(__row) AS last FROM ${allRows(opened)}`)).toEqual([
      { n: BigInt(rows), last: BigInt(rows - 1) },
    ]);
    return { statistics: await describeColumns(session, opened, rows), oracle: await session.rows(select) };
  });
  const of = (name: string) => statistics.find((one) => one.name === name)!;
  const x = oracle.map((row) => row['x']).filter((value) => value !== null) as number[];
  const average = x.reduce((sum, value) => sum + value, 0) / x.length;
  const deviation = Math.sqrt(x.reduce((sum, value) => sum + (value - average) ** 2, 0) / (x.length - 1));
  const sorted = [...x].sort((a, b) => a - b);
  expect(of('x')).toMatchObject({ count: 3750, nulls: 1250, min: sorted[0], max: sorted.at(-1) });
  expect(of('x').mean).toBeCloseTo(average, 6);
  expect(of('x').std).toBeCloseTo(deviation, 6);
  for (const [name, share] of [
    ['p05', 0.05],
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    expect(of('x').quantiles?.[name]).toBe(sorted[Math.ceil(share * sorted.length) - 1]);
  }
  expect(Math.abs((of('n').distinct ?? 0) - rows) / rows).toBeLessThan(0.25);
  expect(of('flag').top).toEqual([
    { value: false, count: 4500 },
    { value: true, count: 500 },
  ]);
  expect(of('t').top).toHaveLength(7);
  expect(of('t')).toMatchObject({ min: 'v0', max: 'v6', distinct: 7, mean: null, quantiles: null });
  expect(of('at')).toMatchObject({ min: '2024-01-01T00:00:00.000000Z', max: '2024-01-01T01:23:19.000000Z' });
  expect(of('at').quantiles).toMatchObject({ p50: '2024-01-01T00:41:39.000000Z' });
  expect(of('l')).toMatchObject({ count: rows, nulls: 0, distinct: null, min: null, top: null });
  expect(of('huge')).toMatchObject({ std: null, min: -1e300, max: 1e300 });
  expect(of('big')).toMatchObject({ min: '9007199254740993', max: '9007199254745992' });
});

test('columns of the same name are refused, but for case too', async () => {
  for (const header of ['user,event_timestamp,label,label', 'user,event_timestamp,label,LABEL']) {
    const spine = writeText(fixture, 'twins.csv', `${header}\n1,2024-01-01,a,b\n`);
    await expect(retrieve(fixture, { spine, request, output: 'twins-out.csv' })).rejects.toMatchObject({
      code: 'NAME_COLLISION',
    });
  }
});

test('a key of another type is named with its row', async () => {
  const spine = writeText(fixture, 'types.csv', 'user,event_timestamp\n1,2024-01-01\n1.5,2024-01-01\n');
  await expect(retrieve(fixture, { spine, request, output: 'types-out.csv' })).rejects.toMatchObject({
    code: 'KEY_TYPE_MISMATCH',
    message: expect.stringContaining('types.csv, row 2') as unknown,
  });
});

/** A spine of this many label columns, and what must come back. */
function wideSpine(columns: number): { readonly spine: string; readonly expected: string } {
  const names = Array.from({ length: columns }, (_, index) => `label_${index}`);
  const values = (row: number): string => names.map((_, index) => index * row).join(',');
  const lines = (header: string, ends: readonly string[]): string =>
    [`${header}`, `1,2024-12-01,${values(1)}${ends[0]}`, `9,2024-12-01,${values(2)}${ends[1]}`].join('\n');
  const header = `user,event_timestamp,${names.join(',')}`;
  return {
    spine: writeText(fixture, `wide-${columns}.csv`, lines(header, ['', ''])),
    expected: `${lines(`${header},last__price`, [',40.0', ','])}\n`,
  };
}

test('a spine of 1,500 columns comes back with all of them', async () => {
  const { spine, expected } = wideSpine(1500);
  const { path } = await retrieve(fixture, { spine, request: { features: ['last'] }, output: 'wide-out.csv' });
  expect(readFileSync(path, 'utf8')).toBe(expected);
});

test('a spine of 10,000 columns comes back, or ends for want of memory and leaves no file', async () => {
  const { spine, expected } = wideSpine(10_000);
  const output = 'widest-out.csv';
  const failure = await retrieve(fixture, { spine, request: { features: ['last'] }, output }).then(
    ({ path }) => expect(readFileSync(path, 'utf8')).toBe(expected),
    (error: unknown) => error,
  );
  if (failure === undefined) return;
  expect(failure).toMatchObject({
    code: 'ENGINE_OUT_OF_MEMORY',
    message: expect.stringContaining('ASOF_MEMORY_LIMIT') as unknown,
  });
  expect(existsSync(join(fixture.directory, output))).toBe(false);
}, 180_000);
