/** A source's own retention in the tables of its views. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { foldLedger } from '../../../catalog/ledger.ts';
import { isTileFile, type CommittedFile, type TimeRange } from '../../../contracts/lake.ts';
import { requireInstant } from '../../../contracts/time.ts';
import { count, entity, featureView, fileSource, numeric, sum } from '../../../definitions/language.ts';
import { expireViewRows } from '../../../offline/expire-view-rows.ts';
import { viewTable } from '../../../offline/view-coverage.ts';
import { backfillView, featureViewOf } from './backfilled-view.ts';
import { ingest, openFixture, retrieveLines, writeText, type OfflineFixture } from './offline-fixture.ts';

const keyed = entity('keyed', { keys: { user_id: 'int64' } });
const visits = fileSource('visits', {
  path: 'visits.parquet',
  timestamp: 'ts',
  schema: { ts: 'timestamp', user_id: 'int64', size: 'int64' },
});
const sums = featureView('sums', {
  entities: [keyed],
  source: visits,
  features: { n: count({ window: 'all' }), size: sum('size', { window: '3d', resolution: '1d' }) },
});
const last = featureView('last', { entities: [keyed], source: visits, features: { size: numeric() } });

let fixture: OfflineFixture;
beforeAll(async () => {
  fixture = await openFixture({ keyed, visits, sums, last });
  const rows = ['01', '02', '03', '04', '05', '06'].flatMap((day) => [
    `'2024-01-${day} 10:00', 1, ${Number(day)}`,
    `'2024-01-${day} 20:00', 2, ${Number(day) * 10}`,
  ]);
  await ingest(fixture, 'visits', rows, 1);
});
afterAll(() => fixture.close());
beforeEach(async () => {
  for (const name of ['sums', 'last']) {
    await backfillView(fixture, name, days('01', '03'));
    await backfillView(fixture, name, days('03', '06'));
    await backfillView(fixture, name, days('06', '07'));
  }
});

const at = (day: string): bigint => requireInstant(`2024-01-${day}`, 'day');
const days = (from: string, to: string): TimeRange => ({ from: at(from), to: at(to) });

async function expire(name: string, before: string, tables = fixture.catalog.tables): Promise<number> {
  const { lake, engine, project } = fixture;
  const input = { project, view: featureViewOf(fixture, name), before: at(before), runId: 'run' };
  return expireViewRows({ tables, lake, engine }, input);
}

async function filesOf(name: string): Promise<readonly CommittedFile[]> {
  return (await fixture.catalog.tables.files(viewTable(fixture.project, featureViewOf(fixture, name)))).files;
}

async function doneRanges(name: string): Promise<readonly TimeRange[]> {
  const { fingerprint } = featureViewOf(fixture, name);
  const key = { project: fixture.project, view: name, fingerprint, store: 'offline' } as const;
  return foldLedger(await fixture.catalog.intervals.entries(key)).done;
}

test('rows go file by file, and the rest of a file that is cut stays in order', async () => {
  expect(await expire('last', '04')).toBe(6);
  const files = await filesOf('last');
  expect(files.map(({ rows, minEvent }) => [rows, minEvent])).toEqual([
    [4, at('04') + 36_000_000_000n],
    [2, at('06') + 36_000_000_000n],
  ]);
  const local = await fixture.lake.localPath(files[0]!.path);
  const rows = await fixture.engine.session((session) =>
    session.rows(`SELECT user_id, size, __seq FROM read_parquet('${local}')`),
  );
  expect(rows.map((row) => Object.values(row))).toEqual([
    [1n, 4n, 7n],
    [1n, 5n, 9n],
    [2n, 40n, 8n],
    [2n, 50n, 10n],
  ]);
  expect(await doneRanges('last')).toEqual([days('04', '07')]);
});

test('tiles go with the time that they stand for, those across the boundary too', async () => {
  expect((await filesOf('sums')).filter(isTileFile)).toHaveLength(3);
  expect(await expire('sums', '04')).toBe(6);
  const tiles = (await filesOf('sums')).filter(isTileFile);
  expect(tiles.map(({ rows }) => rows)).toEqual([4]);
  expect(await expire('sums', '04')).toBe(0);
});

test('again changes nothing, and neither does a boundary before every row', async () => {
  await expire('last', '04');
  const head = () => fixture.catalog.tables.head(viewTable(fixture.project, featureViewOf(fixture, 'last')));
  const before = await head();
  expect(await expire('last', '04')).toBe(0);
  expect(await expire('last', '02')).toBe(0);
  expect(await head()).toBe(before);
});

test('everything may go', async () => {
  expect(await expire('sums', '09')).toBe(12);
  expect(await filesOf('sums')).toEqual([]);
  expect(await doneRanges('sums')).toEqual([]);
});

test('a backfill that comes between is seen', async () => {
  const { tables } = fixture.catalog;
  let waiting = true;
  const between: typeof tables = {
    ...tables,
    async commit(commit) {
      if (waiting) {
        waiting = false;
        await backfillView(fixture, 'last', days('02', '05'));
      }
      return tables.commit(commit);
    },
  };
  expect(await expire('last', '04', between)).toBe(6);
  expect((await filesOf('last')).reduce((sum, { rows }) => sum + rows, 0)).toBe(6);
  expect(await doneRanges('last')).toEqual([days('04', '07')]);
});

test('answers stay those of the source, which the table no longer stands in for', async () => {
  const times = ['02', '03', '04', '05', '06', '07'].flatMap((day) => [
    `1,2024-01-${day}T12:00Z`,
    `2,2024-01-${day}T12:00Z`,
  ]);
  const spine = writeText(fixture, 'spine.csv', ['user_id,event_timestamp', ...times].join('\n'));
  const asked = { spine, request: { features: ['sums', 'last'] }, output: 'out.csv' };
  const before = await retrieveLines(fixture, asked);
  for (const name of ['sums', 'last']) await expire(name, '04');
  for (const tiles of [true, false]) {
    expect(await retrieveLines(fixture, { ...asked, viewTables: true, options: { tiles } })).toEqual(before);
  }
});
