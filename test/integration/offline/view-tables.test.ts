import { afterAll, beforeAll, expect, test } from 'vitest';
import { count, entity, featureView, fileSource, max, numeric, sum } from '../../../definitions/language.ts';
import type { FeatureViewManifest } from '../../../contracts/manifest.ts';
import type { TimeRange } from '../../../contracts/lake.ts';
import { requireInstant } from '../../../contracts/time.ts';
import { sourceTable, viewCoverage } from '../../../offline/view-coverage.ts';
import { usableTiles } from '../../../offline/tiles/view-tiles.ts';
import { backfillView, featureViewOf, ledgerChange } from './backfilled-view.ts';
import { ingest, openFixture, retrieveLines, storedSource, writeText, type OfflineFixture } from './offline-fixture.ts';

const clicks = fileSource('clicks', {
  path: 'clicks.parquet',
  timestamp: 'ts',
  eventId: 'event',
  schema: { ts: 'timestamp', event: 'string', user_id: 'int64', size: 'int64' },
});
const keyed = entity('keyed', { keys: { user_id: 'int64' } });
const last = featureView('last', { entities: [keyed], source: clicks, features: { size: numeric() } });
const total = featureView('total', { entities: [keyed], source: clicks, features: { n: count({ window: 'all' }) } });
const changes = fileSource('changes', {
  path: 'changes.parquet',
  timestamp: 'ts',
  eventId: 'event',
  operation: 'op',
  schema: { ts: 'timestamp', event: 'string', user_id: 'int64', size: 'int64', op: 'string' },
});
const current = featureView('current', { entities: [keyed], source: changes, features: { size: numeric() } });
const net = featureView('net', {
  entities: [keyed],
  source: changes,
  features: { n: count({ window: 'all' }), size: sum('size', { window: 'all' }) },
});

const visits = fileSource('visits', {
  path: 'visits.parquet',
  timestamp: 'ts',
  schema: { ts: 'timestamp', user_id: 'int64', size: 'int64', price: 'float64' },
});
const sums = featureView('sums', {
  entities: [keyed],
  source: visits,
  features: {
    n: count({ window: '3d', resolution: '1d' }),
    size: sum('size', { window: '3d', resolution: '1d' }),
    dearest: max('price', { window: '36h', resolution: '6h' }),
  },
});

let fixture: OfflineFixture;
let spine: string;

beforeAll(async () => {
  fixture = await openFixture({ keyed, clicks, last, total, changes, current, net, visits, sums });
  await ingest(
    fixture,
    'clicks',
    [
      `'2024-01-01 10:00', 'e1', 1, 10`,
      `'2024-01-01 11:00', 'e1', 1, 11`,
      `'2024-01-02 10:00', 'e2', 1, 12`,
      `'2024-01-02 23:59:59.999999', 'e3', 2, 20`,
      `'2024-01-03 00:00', 'e4', 2, 21`,
    ],
    1,
  );
  const times = ['2024-01-01T12:00Z', '2024-01-02T12:00Z', '2024-01-03T00:00Z', '2024-01-04T00:00Z'];
  const lines = times.flatMap((time) => [`1,${time}`, `2,${time}`]);
  spine = writeText(fixture, 'spine.csv', ['user_id,event_timestamp', ...lines].join('\n'));
});
afterAll(() => fixture.close());

const view = (name: string): FeatureViewManifest => featureViewOf(fixture, name);

function days(from: string, to: string): TimeRange {
  return { from: requireInstant(`2024-01-${from}`, 'from'), to: requireInstant(`2024-01-${to}`, 'to') };
}

const backfill = (name: string, range: TimeRange): Promise<void> => backfillView(fixture, name, range);

function ledger(name: string, range: TimeRange, operation: 'done' | 'dirty', inputSnapshot: number) {
  return ledgerChange(fixture, { view: name, range, operation, inputSnapshot });
}

async function answers(viewTables: boolean, snapshots?: Record<string, number>): Promise<readonly string[]> {
  return retrieveLines(fixture, {
    spine,
    request: { features: ['last', 'total'] },
    output: 'out.csv',
    viewTables,
    options: snapshots ? { snapshots } : {},
  });
}

async function covered(name: string, snapshot: number): Promise<readonly TimeRange[]> {
  const { project, catalog } = fixture;
  const source = storedSource(fixture, 'clicks');
  const found = await viewCoverage(catalog, { project, view: view(name), source, snapshot });
  return found.ranges;
}

test('view tables stand in for the source with equal answers', async () => {
  const before = await answers(false);
  expect(before.slice(1)).toEqual([
    '1,2024-01-01T12:00Z,11,1',
    '2,2024-01-01T12:00Z,,0',
    '1,2024-01-02T12:00Z,12,2',
    '2,2024-01-02T12:00Z,,0',
    '1,2024-01-03T00:00Z,12,2',
    '2,2024-01-03T00:00Z,21,1',
    '1,2024-01-04T00:00Z,12,2',
    '2,2024-01-04T00:00Z,21,2',
  ]);
  for (const name of ['last', 'total']) {
    await backfill(name, days('01', '02'));
    await backfill(name, days('02', '03'));
  }
  expect(await covered('last', 1)).toEqual([days('01', '03')]);
  expect(await answers(true)).toEqual(before);

  // wider than what was there: the earlier files are replaced
  await backfill('last', days('02', '04'));
  // narrower: the rest of the earlier file is kept
  await backfill('last', days('03', '04'));
  expect(await covered('last', 1)).toEqual([days('01', '04')]);
  expect(await answers(true)).toEqual(before);
});

test('a dirty interval is read from the source, a newer view table is not used for an older snapshot', async () => {
  const before = await answers(false);
  const snapshot = await ingest(fixture, 'clicks', [`'2024-01-02 11:00', 'e5', 1, 99`], 100);
  const table = sourceTable(fixture.project, storedSource(fixture, 'clicks'));
  // what publishing does in the commit itself
  await fixture.catalog.intervals.append(
    ['last', 'total'].map((name) => ledger(name, days('02', '03'), 'dirty', snapshot)),
  );
  const after = await answers(false);
  expect(after).not.toEqual(before);
  expect(await covered('total', snapshot)).toEqual([days('01', '02')]);
  expect(await answers(true)).toEqual(after);

  await backfill('last', days('02', '03'));
  expect(await covered('last', snapshot)).toEqual([days('01', '04')]);
  expect(await answers(true)).toEqual(after);
  expect(await covered('last', snapshot - 1)).toEqual([days('01', '02'), days('03', '04')]);
  expect(await answers(true, { clicks: snapshot - 1 })).toEqual(before);
  expect((await fixture.catalog.tables.files(table)).files).toHaveLength(2);
});

test('corrections and deletes count from their own instant on, from either table', async () => {
  await ingest(
    fixture,
    'changes',
    [
      `'2024-01-01 10:00', 'e1', 1, 10, 'insert'`,
      `'2024-01-02 11:00', 'e1', 1, 11, 'update'`,
      `'2024-01-02 11:00', 'e2', 1, 5, 'insert'`,
      `'2024-01-03 00:00', 'e1', 1, NULL, 'delete'`,
    ],
    1,
  );
  const asked = { spine, request: { features: ['current', 'net'] }, output: 'changes.csv' };
  const before = await retrieveLines(fixture, asked);
  expect(before.slice(1).filter((line) => line.startsWith('1,'))).toEqual([
    '1,2024-01-01T12:00Z,10,1,10',
    '1,2024-01-02T12:00Z,5,2,16',
    '1,2024-01-03T00:00Z,,2,16',
    '1,2024-01-04T00:00Z,,1,5',
  ]);
  for (const name of ['current', 'net']) await backfill(name, days('01', '03'));
  expect(await retrieveLines(fixture, { ...asked, viewTables: true })).toEqual(before);
});

test('tiles stand for whole, clean days of an aggregate, with equal answers', async () => {
  const snapshot = await ingest(
    fixture,
    'visits',
    [
      `'2024-01-01 10:00', 1, 10, 0.5::DOUBLE`,
      `'2024-01-01 23:59:59.999999', 1, NULL, 'NaN'::DOUBLE`,
      `'2024-01-02 00:00', 1, 9007199254740993, NULL`,
      `'2024-01-02 05:00', 2, 7, 2.5`,
      `'2024-01-03 11:00', 2, 8, -1`,
      `'2024-01-03 11:00', 2, 8, 3`,
    ],
    1,
  );
  const ask = (tiles: boolean) =>
    retrieveLines(fixture, {
      spine,
      request: { features: ['sums'] },
      output: 'sums.csv',
      viewTables: true,
      options: { tiles },
    });
  const tiledDays = async (at: number): Promise<readonly TimeRange[]> => {
    const source = storedSource(fixture, 'visits');
    const { project, catalog } = fixture;
    const coverage = await viewCoverage(catalog, { project, view: view('sums'), source, snapshot: at });
    return usableTiles({ view: view('sums'), source, range: {} }, coverage)?.ranges ?? [];
  };
  const before = await ask(false);
  await backfill('sums', days('01', '02'));
  await backfill('sums', days('02', '04'));
  expect(await tiledDays(snapshot)).toEqual([days('01', '04')]);
  expect(await ask(true)).toEqual(before);

  // late rows make a day dirty: its tile is not read, and the answers are those of the rows
  const later = await ingest(fixture, 'visits', [`'2024-01-02 12:00', 1, 5, 9`], 100);
  await fixture.catalog.intervals.append([ledger('sums', days('02', '03'), 'dirty', later)]);
  expect(await tiledDays(later)).toEqual([days('01', '02'), days('03', '04')]);
  const after = await ask(false);
  expect(after).not.toEqual(before);
  expect(await ask(true)).toEqual(after);

  // redone: the wider file of tiles goes, and what it said of the other day with it
  await backfill('sums', days('02', '03'));
  expect(await tiledDays(later)).toEqual([days('01', '03')]);
  expect(await ask(true)).toEqual(after);
});
