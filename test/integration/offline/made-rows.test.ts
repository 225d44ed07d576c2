/** Views that make rows, beside a source: backfills, shards, and queries that would never end. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FeatureViewManifest } from '../../../contracts/manifest.ts';
import { requireInstant } from '../../../contracts/time.ts';
import { viewSource } from '../../../definitions/view-source.ts';
import { count, entity, featureView, fileSource, numeric, sum } from '../../../definitions/language.ts';
import { queryRows } from '../../../offline/made-rows/query-rows.ts';
import { sourceTable, viewTable } from '../../../offline/view-coverage.ts';
import { writeViewInterval } from '../../../offline/view-table.ts';
import { newCommit } from '../../support/commits.ts';
import { ingest, openFixture, retrieveLines, storedSource, writeText, type OfflineFixture } from './offline-fixture.ts';

const trips = fileSource('trips', {
  path: 'trips.parquet',
  timestamp: 'ts',
  eventId: 'trip',
  schema: { ts: 'timestamp', trip: 'string', car_id: 'int64', metres: 'int64' },
});
const car = entity('car', { keys: { car_id: 'int64' } });
const halved = featureView('halved', {
  entities: [car],
  source: trips,
  sql: 'SELECT car_id, ts, metres / 2 AS half FROM trips WHERE metres > 0',
  schema: { half: 'float64' },
  features: { half: numeric() },
});
const legs = featureView('legs', {
  entities: [car],
  source: trips,
  schema: { leg: 'int64' },
  map: ({ car_id, metres }) => ({ car_id, leg: (metres ?? 0n) * 2n }),
  features: { n: count({ window: 'all' }), leg: sum('leg', { window: 'all' }) },
});
const doubled = featureView('doubled', {
  entities: [car],
  source: trips,
  map: (row) => [row, row],
  features: { n: count({ window: 'all' }) },
});
const everything = featureView('everything', {
  entities: [car],
  source: trips,
  sql: 'SELECT a.car_id, a.ts, b.metres FROM trips a, trips b, trips c, trips d, trips e, trips f, trips g, trips h',
  features: { metres: numeric() },
});

let fixture: OfflineFixture;
let spine: string;

beforeAll(async () => {
  fixture = await openFixture({ car, trips, halved, legs, doubled, everything });
  await ingest(
    fixture,
    'trips',
    [
      `'2024-01-01 10:00', 'a', 1, 10`,
      `'2024-01-01 11:00', 'a', 1, 20`,
      `'2024-01-02 10:00', 'b', 1, -4`,
      `'2024-01-02 12:00', 'c', 2, 7`,
    ],
    1,
  );
  const times = ['2024-01-01T10:30Z', '2024-01-02T00:00Z', '2024-01-03T00:00Z'];
  const lines = times.flatMap((time) => [`1,${time}`, `2,${time}`]);
  spine = writeText(fixture, 'spine.csv', ['car_id,event_timestamp', ...lines].join('\n'));
});
afterAll(() => fixture.close());

const viewOf = (name: string): FeatureViewManifest =>
  fixture.manifest.views.find((candidate) => candidate.name === name) as FeatureViewManifest;

const EXPECTED = [
  '1,2024-01-01T10:30Z,5.0,1,20',
  '2,2024-01-01T10:30Z,,0,',
  '1,2024-01-02T00:00Z,10.0,1,40',
  '2,2024-01-02T00:00Z,,0,',
  '1,2024-01-03T00:00Z,10.0,2,32',
  '2,2024-01-03T00:00Z,3.5,1,14',
];

async function answers(viewTables: boolean, shards = 1): Promise<readonly string[]> {
  const request = { features: ['halved', 'legs'] };
  const lines = await retrieveLines(fixture, { spine, request, output: 'out.csv', viewTables, options: { shards } });
  return lines.slice(1);
}

async function backfill(name: string, from: string, to: string): Promise<void> {
  const { project, catalog, lake, engine, runtime } = fixture;
  const view = viewOf(name);
  const base = storedSource(fixture, 'trips');
  const snapshot = await catalog.tables.head(sourceTable(project, base));
  const range = { from: requireInstant(from, 'from'), to: requireInstant(to, 'to') };
  const input = { project, view, source: viewSource(view, base), base, runtime, snapshot, range };
  const written = await engine.session((session) =>
    writeViewInterval({ session, lake, tables: catalog.tables }, input),
  );
  const key = { project, view: view.name, fingerprint: view.fingerprint, store: 'offline' } as const;
  const done = { ...key, range, operation: 'done', inputSnapshot: snapshot, idempotencyKey: name + from } as const;
  await catalog.tables.commit(
    newCommit({
      table: viewTable(project, view),
      operation: 'replace',
      base: written.base,
      add: written.add,
      remove: written.remove,
      ledger: [{ ...done, runId: 'run', rowsIn: 0, rowsOut: 0 }],
    }),
  );
}

describe('made rows', () => {
  test('are the same in any number of shards', async () => {
    expect(await answers(false)).toEqual(EXPECTED);
    expect(await answers(false, 3)).toEqual(EXPECTED);
  });

  test('are the same from the view’s own table, whole or in part', async () => {
    for (const name of ['halved', 'legs']) await backfill(name, '2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z');
    expect(await answers(true)).toEqual(EXPECTED);
    for (const name of ['halved', 'legs']) await backfill(name, '2024-01-02T00:00:00Z', '2024-01-03T00:00:00Z');
    expect(await answers(true, 2)).toEqual(EXPECTED);
  });
});

test('an event makes one row', async () => {
  const asked = retrieveLines(fixture, { spine, request: { features: ['doubled'] }, output: 'out.csv' });
  await expect(asked).rejects.toThrow(/view doubled, map, row at .*: it makes 2 rows of one event/);
});

describe('a query that would not end', () => {
  const run = async (millis: number): Promise<void> => {
    const base = storedSource(fixture, 'trips');
    const view = viewOf('everything');
    const table = await fixture.catalog.tables.files(sourceTable(fixture.project, base));
    const one = await Promise.all(
      table.files.map(async ({ path, columns }) => ({ localPath: await fixture.lake.localPath(path), columns })),
    );
    // 256 rows, of which eight make 2^64
    const files = Array.from({ length: 64 }, () => one).flat();
    const input = { view, base, files, rows: view.rows! };
    await fixture.engine.session((session) => queryRows(session, input, '"bomb"', millis));
  };

  test('is stopped by time', async () => {
    await expect(run(1)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(await answers(false)).toEqual(EXPECTED);
  });
});
