/** Requests at the edges of what there can be: none, very many features, very long keys, the first and last years. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { count, derivedView, entity, featureView, fileSource, max, numeric } from '../../../definitions/language.ts';
import { openEngine } from '../../../engine/duckdb.ts';
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

const thing = entity('thing', { keys: { name: 'string' } });
const source = fileSource('rows', {
  path: 'rows.parquet',
  timestamp: 'ts',
  created: 'loaded',
  schema: { ts: 'timestamp', loaded: 'timestamp', name: 'string', n: 'int64' },
});
const latest = featureView('latest', { entities: [thing], source, ttl: '7d', features: { n: numeric() } });
const delayed = featureView('delayed', { entities: [thing], source, delay: '2h', features: { n: numeric() } });
const windows = featureView('windows', {
  entities: [thing],
  source,
  features: { n: count({ window: '14d', resolution: '1d' }), most: max('n', { window: 'all' }) },
});
const twice = derivedView('twice', {
  inputs: [latest],
  features: { n: numeric() },
  compute: ({ latest: { n } }) => ({ n: n === null ? null : Number(n) * 2 }),
});

const FEATURES = Array.from({ length: 10_000 }, (_, index) => `f${index}`);
const many = fileSource('many', {
  path: 'many.parquet',
  timestamp: 'ts',
  schema: { ts: 'timestamp', name: 'string', f0: 'int64', ...columns(FEATURES.slice(1)) },
});
const wide = featureView('wide', {
  entities: [thing],
  source: many,
  features: { f0: numeric(), ...(Object.fromEntries(FEATURES.slice(1).map((name) => [name, numeric()])) as object) },
});

/** Columns whose names the compiler need not know. */
function columns(names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, 'int64']));
}

const all = { features: ['latest', 'delayed', 'windows', 'twice'] };
const longKey = (last: string): string => 'k'.repeat(2 ** 20) + last;

let fixture: OfflineFixture;
beforeAll(async () => {
  fixture = await openFixture({ thing, source, latest, delayed, windows, twice, many, wide });
  const rows = [
    `'0001-01-01', '0001-01-01', 'old', 1`,
    `'0001-01-03', NULL, 'old', 2`,
    `'9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999', 'new', 3`,
    `'9999-12-31 20:00:00', '9999-12-31 20:00:00', 'new', 4`,
    `'2024-01-01', '2024-01-01', '${longKey('a')}', 5`,
    `'2024-01-01', '2024-01-01', '${longKey('b')}', 6`,
  ];
  await ingest(fixture, 'rows', rows, 1);
});
afterAll(() => fixture.close());

const header = 'name,event_timestamp';
const features = 'latest__n,delayed__n,windows__n,windows__most,twice__n';

describe('a spine', () => {
  test.each(['csv', 'parquet'])('of no rows gives an output of no rows: %s', async (format) => {
    const spine =
      format === 'csv'
        ? writeText(fixture, 'none.csv', `${header}\n`)
        : await writeParquet(
            fixture,
            'none.parquet',
            `SELECT 'a' AS name, now()::TIMESTAMP AS event_timestamp LIMIT 0`,
          );
    const lines = await retrieveLines(fixture, { spine, request: all, output: 'none-out.csv' });
    expect(lines).toEqual([`${header},${features}`]);
    const { path, leakage } = await retrieve(fixture, { spine, request: all, output: 'none-out.parquet' });
    expect(await readParquet(fixture, path)).toEqual([]);
    expect(leakage).toMatchObject({ latest__n: 0, twice__n: 0 });
  });

  test('of no rows in JSON Lines, which name no columns, gives those that the join needs', async () => {
    const spine = writeText(fixture, 'none.jsonl', '');
    const lines = await retrieveLines(fixture, { spine, request: all, output: 'none-lines.csv' });
    expect(lines).toEqual([`name,event_timestamp,${features}`]);
    const bare = retrieve(fixture, { spine: writeText(fixture, 'bare.jsonl', '{}'), request: all, output: 'bare.csv' });
    await expect(bare).rejects.toMatchObject({ code: 'SPINE_COLUMN_MISSING' });
  });

  test('of the years 1 and 9999 is answered to the microsecond', async () => {
    const spine = writeText(
      fixture,
      'years.csv',
      [
        header,
        'old,0001-01-01T00:00:00Z',
        'old,0001-01-02T23:59:59.999999Z',
        'old,0001-01-08T00:00:00.000001Z',
        'new,9999-12-31T23:59:59.999998Z',
        'new,9999-12-31T23:59:59.999999Z',
        'old,9999-12-31T23:59:59.999999Z',
      ].join('\n'),
    );
    const options = { shards: 1 };
    const whole = await retrieveLines(fixture, { spine, request: all, output: 'years-out.csv', options });
    expect(whole.slice(1)).toEqual([
      'old,0001-01-01T00:00:00Z,1,,0,,2.0',
      'old,0001-01-02T23:59:59.999999Z,1,1,1,1,2.0',
      'old,0001-01-08T00:00:00.000001Z,2,2,2,2,4.0',
      'new,9999-12-31T23:59:59.999998Z,4,4,1,4,8.0',
      'new,9999-12-31T23:59:59.999999Z,3,4,1,4,6.0',
      'old,9999-12-31T23:59:59.999999Z,,2,0,2,',
    ]);
    const sharded = await retrieveLines(fixture, { spine, request: all, output: 'y3.csv', options: { shards: 3 } });
    expect(sharded).toEqual(whole);
  });

  test('with keys of a megabyte tells them apart', async () => {
    const keys = [longKey('b'), longKey('a'), longKey('c')];
    const lines = keys.map((key) => `${key},2024-01-02`);
    const spine = writeText(fixture, 'long.csv', [header, ...lines].join('\n'));
    const found = await retrieveLines(fixture, { spine, request: all, output: 'long-out.csv', options: { shards: 2 } });
    expect(found.slice(1).map((line) => line.slice(2 ** 20))).toEqual([
      'b,2024-01-02,6,6,1,6,12.0',
      'a,2024-01-02,5,5,1,5,10.0',
      'c,2024-01-02,,,0,,',
    ]);
  });
});

test('ten thousand features of one view are ten thousand columns', { timeout: 600_000 }, async () => {
  const values = FEATURES.map((_, index) => index);
  const spine = writeText(fixture, 'wide.csv', [header, 'a,2024-01-02', 'b,2024-01-02'].join('\n'));
  const request = { features: ['wide'] };
  const engine = await openEngine({
    memoryLimit: '2GB',
    threads: 2,
    tempDirectory: join(fixture.directory, 'wide-spill'),
    allowedDirectories: [...fixture.lake.directories, fixture.directory],
  });
  try {
    await ingest({ ...fixture, engine }, 'many', [`'2024-01-01', 'a', ${values.join(', ')}`], 1);
    const { path } = await retrieve({ ...fixture, engine }, { spine, request, output: 'wide.parquet' });
    const [known, unknown] = await readParquet({ ...fixture, engine }, path);
    expect(Object.keys(known!)).toHaveLength(2 + FEATURES.length);
    expect([known!['wide__f0'], known!['wide__f9999']]).toEqual([0n, 9999n]);
    expect([unknown!['wide__f0'], unknown!['wide__f9999']]).toEqual([null, null]);
  } finally {
    await engine.close();
  }
});
