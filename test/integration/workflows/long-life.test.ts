/**
 * The life of a project: what was built stays what it was, on disk and on S3, while rows come, are corrected, compacted and
 * given up; and what is read today is what is left.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { recipeOf } from '../../../activities/dataset-manifest.ts';
import type { DatasetManifest } from '../../../catalog/catalog.ts';
import { foldLedger } from '../../../catalog/ledger.ts';
import { isTileFile, type TableKey } from '../../../contracts/lake.ts';
import type { BuildTrainingDatasetInput } from '../../../contracts/runs.ts';
import { clockNow, formatInstant, MICROS_PER_DAY, type Micros } from '../../../contracts/time.ts';
import { runtimeFromBundle } from '../../../definitions/loading.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine } from '../../../engine/engine.ts';
import { literalTextList } from '../../../engine/sql.ts';
import { checkLake } from '../../../lake/fsck.ts';
import type { Lake } from '../../../lake/lake.ts';
import { openLake } from '../../../lake/open.ts';
import { verifyDataset } from '../../../offline/dataset-rebuild.ts';
import { startRun, waitForRun } from '../../../workers/starter.ts';
import { startS3Server, type S3Server } from '../../support/s3.ts';
import { openPlatform, type Platform } from './platform.ts';

const DAY = BigInt(MICROS_PER_DAY);
const TODAY = clockNow() / DAY;
/** So many days that what they leave behind ends inside a week of the backfill: the fourth day of one. */
const RETENTION = Array.from({ length: 7 }, (_, more) => 30 + more).find((days) => (TODAY - BigInt(days)) % 7n === 3n)!;
/** The first day that stays. The two days from here on are empty, so that midnight may pass while the test runs. */
const KEPT = TODAY - BigInt(RETENTION);

const DEFINITIONS = `
import { count, entity, featureView, fileSource, numeric, sum } from 'asof';

export const airport = entity('airport', { keys: { origin: 'string' } });
export const flights = fileSource('flights', {
  path: 'inputs/*.csv', timestamp: 'date', retention: '${RETENTION}d',
  schema: { date: 'timestamp', origin: 'string', delay: 'int64' },
});
export const sums = featureView('sums', { entities: [airport], source: flights, online: true, features: {
  n: count({ window: '3d', resolution: '1d' }), delay: sum('delay', { window: '3d', resolution: '1d' }),
} });
export const latest = featureView('latest', {
  entities: [airport], source: flights, online: true, features: { delay: numeric() },
});
`;
const HOURS = [1, 5, 9, 13, 17, 21];

let server: S3Server;
let open: { readonly platform: Platform; readonly lake: Lake; readonly engine: Engine } | undefined;
beforeAll(async () => {
  server = await startS3Server();
});
afterEach(async () => {
  await open?.engine.close();
  await open?.platform.close();
  open = undefined;
});
afterAll(() => server.close());

async function begin(kind: 'disk' | 'S3'): Promise<NonNullable<typeof open>> {
  const platform = await openPlatform(undefined, kind === 'S3' ? server.settings('long') : {});
  const lake = await openLake(platform.settings);
  const engine = await openEngine({
    ...{ memoryLimit: '256MB', threads: 2, tempDirectory: path.join(platform.directory, 'spill') },
    allowedDirectories: [...lake.directories, platform.directory],
  });
  open = { platform, lake, engine };
  await platform.applyDefinitions(DEFINITIONS);
  return open;
}

const at = (day: bigint, hour: number): Micros => day * DAY + (BigInt(hour) * DAY) / 24n;

/** Six flights a day from two airports. */
function flights(days: readonly number[], shift = 0): string[] {
  return days.flatMap((day) =>
    HOURS.map((hour, index) => {
      const delay = (day + 100) * 10 + index + shift;
      return `${formatInstant(at(KEPT + BigInt(day), hour))},${index % 2 ? 'ORD' : 'JFK'},${delay}`;
    }),
  );
}

/** Each airport at noon of each of these days. */
function spine(platform: Platform, name: string, days: readonly number[]): string {
  const lines = days.flatMap((day) =>
    ['JFK', 'ORD', 'XXX'].map((origin) => `${formatInstant(at(KEPT + BigInt(day), 12))},${origin}`),
  );
  const file = path.join(platform.directory, name);
  writeFileSync(file, ['event_timestamp,origin', ...lines].join('\n'));
  return file;
}

const FEATURES = ['sums', 'latest:delay'];
const OLD_DAYS = [-6, -5, -4, -3, -2, -1];
const NEW_DAYS = [2, 3, 4, 5, 6, 7, 8];

test.each(['disk', 'S3'] as const)(
  'what was built is built again with the same bytes, on %s',
  { timeout: 300_000 },
  async (kind) => {
    const { platform, lake, engine } = await begin(kind);
    const { client, project, catalog, settings } = platform;
    const source: TableKey = { project, kind: 'source', name: 'flights', version: '' };
    const ingest = async (): Promise<unknown> =>
      waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
    const build = async (input: Omit<BuildTrainingDatasetInput, 'project'>): Promise<DatasetManifest> => {
      const { name, version } = await waitForRun(await startRun(client, 'buildTrainingDataset', { project, ...input }));
      return (await catalog.datasets.get(project, name, version))!;
    };
    const maintain = async () =>
      waitForRun(await startRun(client, 'maintain', { project, retentionDays: 0, graceDays: 0 }));
    const values = async ({ files }: DatasetManifest): Promise<readonly string[]> => {
      const paths = await Promise.all(files.map(({ uri }) => lake.localPath(uri)));
      const list = `epoch_us(event_timestamp::TIMESTAMP) // 86400000000 - ${KEPT} AS day, origin, sums__n, sums__delay, latest__delay`;
      const sql = `SELECT ${list} FROM read_parquet(${literalTextList(paths)})`;
      const rows = await engine.session((session) => session.rows(sql));
      return rows.map((row) => Object.values(row).join(' '));
    };
    const check = () => checkLake({ catalog, lake, engine, project, deep: true });

    // days of one week are in several files, and one file has days on both sides of what the retention leaves
    for (const [name, days] of [
      ['a', [-6, -5, -4]],
      ['b', [-3, -2, -1, 2]],
      ['c', [3, 4, 5]],
      ['d', [6, 7, 8]],
    ] as const) {
      platform.writeInput(`${name}.csv`, flights(days));
      await ingest();
    }
    const manifest = (await catalog.definitions.current(project))!.manifest;
    const view = (name: string): TableKey => {
      const { fingerprint } = manifest.views.find((one) => one.name === name)!;
      return { project, kind: 'view', name, version: fingerprint };
    };
    const range = { from: formatInstant(at(KEPT - 7n, 0)), to: formatInstant(at(KEPT + 8n, 0)) };
    for (const name of ['sums', 'latest']) {
      const input = { project, view: name, ...range, chunk: '7d' };
      await waitForRun(await startRun(client, 'backfill', input, { fingerprint: view(name).version }));
    }
    const tilesOf = async () => (await catalog.tables.files(view('sums'))).files.filter(isTileFile);
    expect(await tilesOf()).toHaveLength(3);
    const first = await build({
      ...{ name: 'delays', features: FEATURES, shards: 2 },
      spine: spine(platform, 'spine.csv', [...OLD_DAYS, 0, ...NEW_DAYS]),
    });
    expect(first.snapshots).toEqual({ flights: 4 });
    const before = await values(first);
    expect(before.slice(0, 3)).toEqual(['-6 JFK 2 1882 942', '-6 ORD 1 941 941', '-6 XXX 0  ']);

    // corrections of old and new days, and a day that comes late
    platform.writeInput('b.csv', flights([-3, -2, -1, 2], 5000));
    await ingest();
    platform.writeInput('c.csv', flights([3, 4, 5, 9], 3000));
    await ingest();

    const done = await maintain();
    expect(done).toMatchObject({ expiredRows: 36 + 2 * 36 });
    expect(done.expired.snapshots).toBeGreaterThan(0);
    expect(done.removed.files).toBeGreaterThan(0);
    // the dataset pins snapshot 4; nothing of what is kept or new names another old one
    const expired = (await catalog.tables.snapshots(source)).filter((snapshot) => snapshot.expired).map(({ id }) => id);
    expect(expired).toContain(5);
    expect(expired).not.toContain(4);
    await expect(catalog.tables.files(source, 5)).rejects.toMatchObject({ code: 'SNAPSHOT_EXPIRED' });

    // no row from before is left in the tables of today, and the ledger says that the time was removed
    const boundary = at(KEPT, 0);
    for (const table of [source, view('sums'), view('latest')]) {
      const { files } = await catalog.tables.files(table);
      expect(files.filter(({ minEvent }) => minEvent !== null && minEvent < boundary)).toEqual([]);
      expect(files.filter((file) => !isTileFile(file))).not.toEqual([]);
    }
    for (const name of ['sums', 'latest']) {
      const key = { project, view: name, fingerprint: view(name).version, store: 'offline' } as const;
      const { done: ranges, dirty } = foldLedger(await catalog.intervals.entries(key));
      const held = [...ranges, ...dirty].filter(({ from, to }) => to > at(KEPT - 6n, 0) && from < boundary);
      expect(held).toEqual([]);
    }
    // tiles of the week across the boundary say what is no longer true, so they went too
    expect(await tilesOf()).toHaveLength(1);
    expect(await check()).toMatchObject({ problems: [], orphans: [] });

    // the dataset, again
    const second = await build({ name: 'delays', rebuild: 'delays@1' });
    expect(second.version).toBe(2);
    expect(second.files.map(({ checksum }) => checksum)).toEqual(first.files.map(({ checksum }) => checksum));
    expect(second.snapshots).toEqual({ flights: 4 });
    const { retrieval } = (await recipeOf(lake, first)).build;
    const runtime = runtimeFromBundle(await catalog.definitions.bundle(first.bundleHash));
    const { tables, intervals } = catalog;
    const dependencies = { engine, lake, tables, intervals, workDirectory: settings.projectDirectory, runtime };
    const verified = await verifyDataset(dependencies, first, retrieval);
    expect(verified).toMatchObject({ damaged: [], values: { columns: [], onlyInFirst: 0, onlyInSecond: 0 } });

    // today's values are those of the rows that are left, from view tables and tiles as from the source alone
    const asked = spine(platform, 'today.csv', [-1, 0, 1, ...NEW_DAYS, 9]);
    const today = await build({ name: 'today', spine: asked, features: FEATURES, shards: 3 });
    const plan = (await recipeOf(lake, today)).build.retrieval;
    const fromSource = await verifyDataset({ ...dependencies, intervals: undefined }, today, plan);
    expect(fromSource).toMatchObject({ damaged: [], values: { columns: [], onlyInFirst: 0, onlyInSecond: 0 } });
    const left = await values(today);
    expect(left.filter((line) => /^(-1|0|1) /.test(line)).map((line) => line.trim())).toEqual(
      ['-1', '0', '1'].flatMap((day) => ['JFK', 'ORD', 'XXX'].map((origin) => `${day} ${origin} 0`)),
    );
    expect(left).toContain('2 JFK 2 12042 6022');

    // again there is nothing to do, but for what the builds of above held back
    expect(await maintain()).toMatchObject({ expiredRows: 0, compacted: { filesBefore: 0 } });
    expect(await check()).toMatchObject({ problems: [], orphans: [] });
  },
);
