import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  boolean,
  categorical,
  categoricalEncode,
  count,
  derivedView,
  entity,
  featureView,
  fileSource,
  lastN,
  normalize,
  numeric,
  requestSource,
  sum,
} from '../../../definitions/language.ts';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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

const airport = entity('airport', { keys: { origin: 'string' } });
const route = entity('route', { keys: { a: 'int64', b: 'string' } });
const weather = fileSource('weather', {
  path: 'weather.parquet',
  timestamp: 'ts',
  created: 'loaded',
  schema: { ts: 'timestamp', loaded: 'timestamp', station: 'string', temp: 'float64', wind: 'int64', sky: 'string' },
});
const trips = fileSource('trips', {
  path: 'trips.parquet',
  timestamp: 'ts',
  operation: 'op',
  schema: { ts: 'timestamp', a: 'int64', b: 'string', size: 'int64', op: 'string' },
});
const station = entity('station', { keys: { station: 'string' } });
const latest = featureView('latest', {
  entities: [station],
  source: weather,
  ttl: '1h',
  features: {
    temp: numeric({ default: -1 }),
    wind: numeric(),
    sky: categorical({ transform: categoricalEncode({ mapping: { clear: 0, "o'cast": 1 } }) }),
    scaled: numeric({ column: 'wind', transform: normalize({ min: 0, max: 10 }) }),
  },
});
const delayed = featureView('delayed', {
  entities: [station],
  source: weather,
  delay: '30m',
  features: { wind: numeric() },
});
const counts = featureView('counts', {
  entities: [station],
  source: weather,
  features: {
    n: count({ window: '1h', resolution: 'exact' }),
    wind_sum: sum('wind', { window: 'all', default: 0 }),
  },
});
const recent = featureView('recent', {
  entities: [station],
  source: weather,
  features: { times: lastN('ts', 2), temps: lastN('temp', 2), winds: lastN('wind', 2), skies: lastN('sky', 2) },
});
const routes = featureView('routes', { entities: [route], source: trips, features: { size: numeric() } });
const request = requestSource('request', { schema: { limit: 'int64', when: 'timestamp' } });
const clock = derivedView('clock', {
  inputs: [request, latest, counts],
  features: { windy: boolean(), score: numeric(), facts: categorical() },
  compute: ({ request: asked, latest: now, counts: past }, { at }) => ({
    windy: now.wind === null || asked.limit === null ? null : now.wind > asked.limit,
    score: (past.n ?? 0) + (now.temp ?? 100),
    facts: `${typeof now.wind} ${typeof past.n} ${at.toISOString()} ${asked.when?.toISOString() ?? 'never'}`,
  }),
});

let fixture: OfflineFixture;

beforeAll(async () => {
  fixture = await openFixture({
    airport,
    route,
    station,
    weather,
    trips,
    latest,
    delayed,
    counts,
    recent,
    routes,
    request,
    clock,
  });
  await ingest(
    fixture,
    'weather',
    [
      `'2024-01-01 10:00:00', '2024-01-01 10:05:00', 'A', 1.5, 3, 'clear'`,
      `'2024-01-01 10:00:00', NULL, 'A', 9.5, 9, 'rain'`,
      `'2024-01-01 10:30:00', '2024-01-01 12:00:00', 'A', 'nan'::DOUBLE, 9007199254740993, 'o''cast'`,
      `'2024-01-01 10:00:00', '2024-01-01 10:00:00', 'B', NULL, NULL, NULL`,
      `'2024-01-01 10:00:00.000001', '2024-01-01 10:00:00', 'C,"x"', 4, 4, 'clear'`,
    ],
    1,
  );
  await ingest(fixture, 'weather', [`'2024-01-01 10:00:00', '2024-01-01 10:05:00', 'A', 2.5, 4, 'clear'`], 100);
  await ingest(
    fixture,
    'trips',
    [`'2024-01-01', 1, '23', 10, 'insert'`, `'2024-01-01', 12, '3', 20, 'c'`, `'2024-01-02', 12, '3', NULL, 'd'`],
    1,
  );
});
afterAll(() => fixture.close());

const latestSpine = [
  'station,event_timestamp,note',
  'A,2024-01-01T10:00:00Z,007', // the tie: the greatest created and sequence wins
  'A,2024-01-01T09:59:59.999999Z,"before, none"',
  'A,2024-01-01 12:30:00+02:00,at the last row',
  'A,2024-01-01T11:30:00Z,ttl ends here',
  'A,2024-01-01T11:30:00.000001Z,"one later"',
  ',2024-01-01T11:00:00Z,""',
  'B,2024-01-01T10:00:00,',
  '"C,""x""",2024-01-01T10:00:00.000001Z,quoted key',
  'nowhere,2024-01-01,unknown',
  'A,2024-01-01T10:00:00Z,007',
].join('\n');

describe('as-of views', () => {
  test('CSV to CSV: every row once, in order, with its own text', async () => {
    const spine = writeText(fixture, 'latest.csv', `${latestSpine}\n`);
    const lines = await retrieveLines(fixture, { spine, request: { features: ['latest'] }, output: 'latest.out.csv' });
    expect(lines).toEqual([
      'station,event_timestamp,note,latest__temp,latest__wind,latest__sky,latest__scaled',
      'A,2024-01-01T10:00:00Z,007,2.5,4,0,0.4',
      'A,2024-01-01T09:59:59.999999Z,"before, none",-1.0,,,',
      'A,2024-01-01 12:30:00+02:00,at the last row,NaN,9007199254740993,1,900719925474099.2',
      'A,2024-01-01T11:30:00Z,ttl ends here,NaN,9007199254740993,1,900719925474099.2',
      'A,2024-01-01T11:30:00.000001Z,one later,-1.0,,,',
      ',2024-01-01T11:00:00Z,"",-1.0,,,',
      'B,2024-01-01T10:00:00,,,,-1,',
      '"C,""x""",2024-01-01T10:00:00.000001Z,quoted key,4.0,4,0,0.4',
      'nowhere,2024-01-01,unknown,-1.0,,,',
      'A,2024-01-01T10:00:00Z,007,2.5,4,0,0.4',
    ]);
  });

  test('delay moves the upper bound only', async () => {
    const spine = writeText(
      fixture,
      'delay.csv',
      'station,event_timestamp\nA,2024-01-01T10:29:59.999999Z\nA,2024-01-01T10:30:00Z\nA,2024-01-01T11:00:00Z\n',
    );
    const lines = await retrieveLines(fixture, { spine, request: { features: ['delayed'] }, output: 'delay.out.csv' });
    expect(lines.slice(1)).toEqual([
      'A,2024-01-01T10:29:59.999999Z,',
      'A,2024-01-01T10:30:00Z,4',
      'A,2024-01-01T11:00:00Z,9007199254740993',
    ]);
  });

  test('as known: rows created later do not count, nor those without a created time', async () => {
    const spine = writeText(
      fixture,
      'known.csv',
      'station,event_timestamp\nA,2024-01-01T10:04:59Z\nA,2024-01-01T10:05:00Z\nA,2024-01-01T11:00:00Z\nA,2024-01-01T12:00:00Z\n',
    );
    const lines = await retrieveLines(fixture, {
      spine,
      request: { features: ['delayed'] },
      output: 'known.out.csv',
      options: { asKnown: true },
    });
    expect(lines.slice(1).map((line) => line.split(',')[2])).toEqual(['', '', '4', '9007199254740993']);
  });

  test('composite keys are tuples, and a delete is no value', async () => {
    const spine = writeText(
      fixture,
      'routes.csv',
      'b,a,event_timestamp\n23,1,2024-01-01\n3,12,2024-01-01\n3,12,2024-01-02\n,1,2024-01-02\n',
    );
    const lines = await retrieveLines(fixture, { spine, request: { features: ['routes'] }, output: 'routes.out.csv' });
    expect(lines.slice(1)).toEqual(['23,1,2024-01-01,10', '3,12,2024-01-01,20', '3,12,2024-01-02,', ',1,2024-01-02,']);
  });

  test('an alias reads the key from another column; leaks are counted', async () => {
    const spine = await writeParquet(
      fixture,
      'typed.parquet',
      `SELECT 'A' AS station, 1::UTINYINT AS small, TIMESTAMPTZ '2024-01-01 11:00:00+00' AS event_timestamp, [1, 2] AS list`,
    );
    const { path, leakage, rows, columns } = await retrieve(fixture, {
      spine,
      request: { features: ['latest:wind', 'counts', 'routes:size'].slice(0, 2) },
      output: 'typed.out.parquet',
    });
    expect(rows).toBe(1);
    expect(columns).toEqual([
      'station',
      'small',
      'event_timestamp',
      'list',
      'latest__wind',
      'counts__n',
      'counts__wind_sum',
    ]);
    expect(await readParquet(fixture, path)).toEqual([
      {
        station: 'A',
        small: 1,
        event_timestamp: 1_704_106_800_000_000n,
        list: [1, 2],
        latest__wind: 9007199254740993n,
        counts__n: 4n,
        counts__wind_sum: 9007199254741009n,
      },
    ]);
    expect(leakage).toEqual({ latest__wind: 1, counts__n: 1, counts__wind_sum: 1 });
  });
});

test('lists are JSON in CSV and in JSON Lines, their elements written as single values are', async () => {
  const spine = writeText(fixture, 'recent.csv', 'station,event_timestamp\nA,2024-01-01T12:00:00Z\nB,2024-01-02\n');
  const asked = { spine, request: { features: ['recent'] } };
  const lines = await retrieveLines(fixture, { ...asked, output: 'recent.out.jsonl' });
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
    {
      station: 'A',
      event_timestamp: '2024-01-01T12:00:00Z',
      recent__times: ['2024-01-01T10:30:00.000000Z', '2024-01-01T10:00:00.000000Z'],
      recent__temps: ['NaN', 2.5],
      recent__winds: ['9007199254740993', 4],
      recent__skies: ["o'cast", 'clear'],
    },
    {
      station: 'B',
      event_timestamp: '2024-01-02',
      recent__times: ['2024-01-01T10:00:00.000000Z'],
      recent__temps: null,
      recent__winds: null,
      recent__skies: null,
    },
  ]);
  const [, first, second] = await retrieveLines(fixture, { ...asked, output: 'recent.out.csv' });
  expect(first).toContain('"[""2024-01-01T10:30:00.000000Z"",""2024-01-01T10:00:00.000000Z""]","[""NaN"",2.5]"');
  expect(second).toBe('B,2024-01-02,"[""2024-01-01T10:00:00.000000Z""]",,,');
});

test('derived views see typed inputs, and their leaks', async () => {
  const spine = writeText(
    fixture,
    'derived.jsonl',
    [
      '{"when":"2024-01-01T00:00:00.000001Z","station":"A","limit":9007199254740992,"event_timestamp":"2024-01-01T10:45:00Z","x":{"n":1.50}}',
      '{"station":"nowhere","limit":"3","event_timestamp":"2024-01-01T10:45:00Z","when":null}',
    ].join('\n'),
  );
  const asked = { spine, request: { features: ['clock', 'latest:wind', 'latest:temp'] } };
  const lines = await retrieveLines(fixture, { ...asked, output: 'derived.out.jsonl' });
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      when: '2024-01-01T00:00:00.000001Z',
      station: 'A',
      limit: 9007199254740992,
      event_timestamp: '2024-01-01T10:45:00Z',
      x: { n: 1.5 },
      clock__windy: true,
      clock__score: 'NaN',
      clock__facts: 'bigint number 2024-01-01T10:45:00.000000Z 2024-01-01T00:00:00.000001Z',
      latest__wind: '9007199254740993',
      latest__temp: 'NaN',
    },
    {
      when: null,
      station: 'nowhere',
      limit: '3',
      event_timestamp: '2024-01-01T10:45:00Z',
      x: null,
      clock__windy: null,
      // the default of temp, which the output has, is null to the function, which takes 100 for it
      clock__score: 100,
      clock__facts: 'object number 2024-01-01T10:45:00.000000Z never',
      latest__wind: null,
      latest__temp: -1,
    },
  ]);
  const { leakage } = await retrieve(fixture, { ...asked, output: 'derived.out.parquet' });
  expect(leakage).toEqual({ clock__windy: 1, clock__score: 1, clock__facts: 1, latest__wind: 1, latest__temp: 1 });
});

test('entities and a range ask every key at every step', async () => {
  const entities = writeText(fixture, 'entities.csv', 'station\nA\nB\n');
  const lines = await retrieveLines(fixture, {
    spine: {
      kind: 'entities',
      path: entities,
      from: 1_704_103_200_000_000n,
      to: 1_704_106_800_000_001n,
      everyMicros: 30 * 60 * 1_000_000,
    },
    request: { features: ['counts:n'] },
    output: 'entities.out.csv',
    options: { shortNames: true },
  });
  expect(lines).toEqual([
    'station,event_timestamp,n',
    'A,2024-01-01T10:00:00.000000Z,0',
    'A,2024-01-01T10:30:00.000000Z,3',
    'A,2024-01-01T11:00:00.000000Z,4',
    'B,2024-01-01T10:00:00.000000Z,0',
    'B,2024-01-01T10:30:00.000000Z,1',
    'B,2024-01-01T11:00:00.000000Z,1',
  ]);
});

test('a range of more rows than any disk holds is refused before it is begun', async () => {
  const spine = {
    ...{ kind: 'entities' as const, path: writeText(fixture, 'entities.csv', 'station\nA\nB\n') },
    ...{ from: 0n, to: 10n ** 15n, everyMicros: 1_000_000 },
  };
  const failed = retrieve(fixture, { spine, request: { features: ['counts:n'] }, output: 'endless.csv' });
  await expect(failed).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  await expect(failed).rejects.toThrow(/2 keys at 1,000,000,000 instants are more than 1,000,000,000 rows/);
});

describe('refusals', () => {
  const ask = (text: string, features: readonly string[], name = 'bad.csv', options = {}) =>
    retrieve(fixture, { spine: writeText(fixture, name, text), request: { features }, output: 'bad.out.csv', options });

  test.each([
    ['a spine without the key', 'place,event_timestamp\nA,2024-01-01\n', 'SPINE_COLUMN_MISSING', /station/],
    ['a spine without a time', 'station,ts\nA,2024-01-01\n', 'SPINE_COLUMN_MISSING', /event_timestamp/],
    ['a time that is none', 'station,event_timestamp\nA,2024-01-01\nA,soon\n', 'INPUT_VALUE_INVALID', /row 2.*soon/],
    ['a time that is null', 'station,event_timestamp\nA,\n', 'INPUT_VALUE_INVALID', /row 1/],
  ])('%s', async (_, text, code, message) => {
    const failed = ask(text, ['latest']);
    await expect(failed).rejects.toMatchObject({ code });
    await expect(failed).rejects.toThrow(message);
    expect(existsSync(join(fixture.directory, 'bad.out.csv'))).toBe(false);
    expect(readdirSync(join(fixture.directory, 'work'))).toEqual([]);
  });

  test('a key of the wrong type', async () => {
    const text = ask('a,b,event_timestamp\n1,x,2024-01-01\nx2,x,2024-01-01\n', ['routes']);
    await expect(text).rejects.toThrow(/row 2: key "a" is "x2", but entity route declares int64/);
    const number = ask('{"station":7,"event_timestamp":"2024-01-01"}', ['latest'], 'bad.jsonl');
    await expect(number).rejects.toMatchObject({ code: 'KEY_TYPE_MISMATCH' });
    const spine = await writeParquet(fixture, 'bad.parquet', `SELECT 7 AS station, now() AS event_timestamp`);
    const typed = retrieve(fixture, { spine, request: { features: ['latest'] }, output: 'bad.out.csv' });
    await expect(typed).rejects.toThrow(/key "station" is INTEGER/);
  });

  test('names that collide', async () => {
    const spine = 'station,event_timestamp,latest__wind\nA,2024-01-01,1\n';
    await expect(ask(spine, ['latest'])).rejects.toMatchObject({ code: 'NAME_COLLISION' });
    const short = ask('station,event_timestamp\nA,2024-01-01\n', ['latest', 'delayed'], 'bad.csv', {
      shortNames: true,
    });
    await expect(short).rejects.toThrow(/"wind"/);
  });
});

test('the output is never written over the spine', async () => {
  const spine = writeText(fixture, 'own.csv', 'station,event_timestamp\nA,2024-01-01\n');
  const asked = retrieve(fixture, { spine, request: { features: ['latest:wind'] }, output: 'own.csv' });
  await expect(asked).rejects.toMatchObject({ code: 'USAGE' });
  expect(readFileSync(spine, 'utf8')).toBe('station,event_timestamp\nA,2024-01-01\n');
});

test('an empty spine gives an empty file with all columns', async () => {
  const spine = writeText(fixture, 'empty.csv', 'station,event_timestamp\n');
  const lines = await retrieveLines(fixture, {
    spine,
    request: { features: ['latest:wind', 'counts:n'] },
    output: 'empty.out.csv',
  });
  expect(lines).toEqual(['station,event_timestamp,latest__wind,counts__n']);
});

test('a pinned snapshot answers as it did', async () => {
  const spine = writeText(fixture, 'pinned.csv', 'station,event_timestamp\nA,2024-01-01T10:00:00Z\n');
  const asked = { spine, request: { features: ['latest:wind'] }, output: 'pinned.out.csv' };
  const now = await retrieveLines(fixture, asked);
  const before = await retrieveLines(fixture, { ...asked, options: { snapshots: { weather: 1 } } });
  expect([now[1], before[1]]).toEqual(['A,2024-01-01T10:00:00Z,4', 'A,2024-01-01T10:00:00Z,3']);
});
