/** Maintenance of a whole project: what changes is how the lake stands, never what it says. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TableKey } from '../../../contracts/lake.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import { literalTextList } from '../../../engine/sql.ts';
import { checkLake } from '../../../lake/fsck.ts';
import { openLake } from '../../../lake/open.ts';
import type { RunInputs } from '../../../contracts/run-inputs.ts';
import { startRun, waitForRun } from '../../../workers/starter.ts';
import { DEFINITIONS, openPlatform, type Platform } from './platform.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await openPlatform();
});
afterAll(() => platform.close());

const DAYS = ['02', '03', '04', '05', '06', '07'];
const source = (): TableKey => ({ project: platform.project, kind: 'source', name: 'flights', version: '' });

function flights(day: string, shift = 0): string[] {
  return ['06:00', '12:00', '23:59'].map(
    (time, index) => `2001-01-${day}T${time}:00Z,${index ? 'ORD' : 'JFK'},${index + shift}`,
  );
}

async function maintain(input: Partial<RunInputs['maintain']> = {}) {
  return waitForRun(await startRun(platform.client, 'maintain', { project: platform.project, ...input }));
}

async function build(input: Partial<RunInputs['buildTrainingDataset']>) {
  const { client, project } = platform;
  const full = { project, name: 'delays', ...input };
  return waitForRun(await startRun(client, 'buildTrainingDataset', full));
}

async function check() {
  const { settings, catalog, project } = platform;
  const lake = await openLake(settings);
  const tempDirectory = path.join(settings.stateDirectory, 'check');
  const engine = await openEngine({
    ...{ memoryLimit: '256MB', threads: 1, tempDirectory, allowedDirectories: lake.directories },
  });
  try {
    const { problems, orphans } = await checkLake({ catalog, lake, engine, project, deep: true });
    const { files } = await catalog.tables.files(source());
    const paths = await Promise.all(files.map((file) => lake.localPath(file.path)));
    const rows = `SELECT date, origin, delay, __seq FROM read_parquet(${literalTextList(paths)}) ORDER BY __seq`;
    return { problems, orphans, rows: await engine.session((session) => session.rows(rows)) };
  } finally {
    await engine.close();
  }
}

it('compacts tables of sources and views, expires snapshots that nothing needs, and removes their files', async () => {
  const { client, project, catalog, directory, manifest } = platform;
  for (const day of DAYS) {
    platform.writeInput(`${day}.csv`, flights(day));
    await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
  }
  const range = { from: '2001-01-01', to: '2001-01-09' };
  const { fingerprint } = manifest.views.find(({ name }) => name === 'delays')!;
  await waitForRun(await startRun(client, 'backfill', { project, view: 'delays', ...range }, { fingerprint }));
  const view: TableKey = { project, kind: 'view', name: 'delays', version: fingerprint };
  const materialize = async () => {
    const input = { project, views: ['delays', 'latest'], to: '2001-01-12T00:00:00Z' };
    return (await waitForRun(await startRun(client, 'materialize', input))).views;
  };
  await materialize();

  const spine = path.join(directory, 'spine.csv');
  const questions = DAYS.flatMap((day) => [`2001-01-${day}T23:00:00Z,ORD`, `2001-01-${day}T07:00:00Z,JFK`]);
  writeFileSync(spine, ['event_timestamp,origin', ...questions].join('\n'));
  const first = await build({ spine, features: ['delays', 'latest:delay'] });

  // a correction after the dataset
  platform.writeInput('03.csv', flights('03', 100));
  await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
  const before = await check();
  expect(before.problems).toEqual([]);
  const filesBefore = (await catalog.tables.files(source())).files.length;
  const viewFilesBefore = (await catalog.tables.files(view)).files.length;
  expect([filesBefore, viewFilesBefore]).toEqual([6, 6]);

  const result = await maintain({ retentionDays: 0, graceDays: 0 });
  expect(result).toMatchObject({ tables: 2, expiredRows: 0, compacted: { filesBefore: 12, filesAfter: 2 } });
  expect(result.changed.map(({ table, files }) => [table, files])).toEqual([
    ['source flights', 1],
    [`view delays@${fingerprint.slice(0, 12)}`, 1],
  ]);
  const after = await check();
  expect(after.rows).toEqual(before.rows);
  expect(after.problems).toEqual([]);
  expect(after.orphans).toEqual([]);

  // the dataset pins snapshot 6, Redis stands at 6: 1 to 5 are gone, and their files are those of 6
  const expired = (await catalog.tables.snapshots(source())).filter((snapshot) => snapshot.expired);
  expect(expired.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
  await expect(catalog.tables.files(source(), 3)).rejects.toMatchObject({ code: 'SNAPSHOT_EXPIRED' });
  expect((await catalog.tables.files(source(), 6)).files).toHaveLength(6);
  // the view's table had one file of each day, now it is one
  expect(result.removed.files).toBeGreaterThanOrEqual(6);

  const again = await build({ rebuild: 'delays@1' });
  expect(again.version).toBe(2);
  expect(again.files.map(({ checksum }) => checksum)).toEqual(first.files.map(({ checksum }) => checksum));

  // Redis learns the correction alone
  const online = await materialize();
  expect(online.map(({ written }) => written).every((written) => written <= 2)).toBe(true);
  expect((await materialize()).map(({ written }) => written)).toEqual([0, 0]);
  expect(await maintain()).toMatchObject({ compacted: { filesBefore: 0 }, expired: { snapshots: 0 } });
  expect((await check()).problems).toEqual([]);
});

it('removes online versions that nothing reads any more', async () => {
  const { client, project, catalog } = platform;
  await platform.applyDefinitions(DEFINITIONS.replace("window: '1d'", "window: '2d'"));
  // the new version is not online yet: the one before answers
  expect((await maintain({ graceDays: 0 })).removed.online).toEqual({ versions: 0, keys: 0 });
  await waitForRun(await startRun(client, 'materialize', { project, views: ['delays'], to: '2001-01-12T00:00:00Z' }));
  expect((await maintain()).removed.online).toEqual({ versions: 0, keys: 0 });
  expect((await maintain({ graceDays: 0 })).removed.online).toEqual({ versions: 1, keys: 2 });
  expect(await catalog.intervals.onlinePositions(project)).toHaveLength(2);
});
