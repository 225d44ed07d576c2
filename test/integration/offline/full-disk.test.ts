/**
 * Every piece of work on a disk that is full from the start, or fills up on the way: the error says so and what to do,
 * nothing half stands under a final name, the process goes on, and with room again the same work succeeds.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DatasetManifest } from '../../../catalog/catalog.ts';
import type { FeatureViewManifest } from '../../../contracts/manifest.ts';
import { requireInstant } from '../../../contracts/time.ts';
import { categorical, count, entity, featureView, fileSource, max, numeric } from '../../../definitions/language.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import { literalText } from '../../../engine/sql.ts';
import { compactSource } from '../../../ingestion/compact-source.ts';
import { checkLake } from '../../../lake/fsck.ts';
import { collectGarbage } from '../../../lake/gc.ts';
import { withLeases } from '../../../lake/leases.ts';
import { openLake } from '../../../lake/open.ts';
import { exportDataset } from '../../../offline/dataset-export.ts';
import { writeSplit } from '../../../offline/dataset-split.ts';
import { planRetrieval, type RetrievalPlan } from '../../../offline/staged-retrieval.ts';
import { sourceTable } from '../../../offline/view-coverage.ts';
import { writeViewInterval } from '../../../offline/view-table.ts';
import { materializeView } from '../../../online/materialization.ts';
import { openRedisClient, type RedisClient } from '../../../online/redis-client.ts';
import { settingsFor } from '../../support/settings.ts';
import { testStack } from '../../support/stack.ts';
import { publishBuilt, takeSteps } from './built-dataset.ts';
import { ingestQuery, openFixture, retrieve, storedSource, writeText, type OfflineFixture } from './offline-fixture.ts';

/** Mounting a small disk takes root. */
const mounts = process.getuid?.() === 0 && process.platform === 'linux';
if (!mounts) process.stdout.write('full disks are not tested: mounting a small one takes Linux and root\n');
const DISK_MEGABYTES = 256;
const ROWS = 40_000;
const KILOBYTE = 1024;

const user = entity('user', { keys: { user: 'int64' } });
const visits = fileSource('visits', {
  path: 'visits.parquet',
  timestamp: 'ts',
  schema: { ts: 'timestamp', user: 'int64', size: 'int64', page: 'string' },
});
const latest = featureView('latest', {
  entities: [user],
  source: visits,
  online: true,
  features: { size: numeric(), page: categorical() },
});
const sums = featureView('sums', {
  entities: [user],
  source: visits,
  features: { n: count({ window: '3d', resolution: '1d' }), most: max('page', { window: 'all' }) },
});

/** More in memory than on the disk. */
const texts = fileSource('texts', {
  path: 'texts.parquet',
  timestamp: 'ts',
  schema: { ts: 'timestamp', user: 'int64', text: 'string' },
});
const newest = featureView('newest', {
  entities: [user],
  source: texts,
  online: true,
  features: { text: categorical() },
});
const TEXTS = 400_000;
const TEXT_USERS = 20_000;

let whole: OfflineFixture;
/** With lake and work on the small disk. */
let fixture: OfflineFixture;
let redis: RedisClient;
let disk: string;
let spine: string;
let dataset: DatasetManifest;
let planned: RetrievalPlan;

beforeAll(async () => {
  if (!mounts) return;
  whole = await openFixture({ user, visits, latest, sums, texts, newest });
  disk = join(whole.directory, 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MEGABYTES}m`, 'tmpfs', disk]);
  redis = openRedisClient({ url: testStack().redisUrl, readDeadlineMillis: 2000 });
  const lake = await openLake(settingsFor(disk, { project: whole.project }));
  fixture = {
    ...whole,
    directory: disk,
    lake,
    engine: await engineOn('1GB', [...lake.directories, disk, whole.directory]),
  };
  for (const day of [1, 2, 3]) {
    await ingestQuery(
      fixture,
      'visits',
      `SELECT TIMESTAMP '2024-01-0${day}' + to_seconds(i * 2) AS ts, i % 999 AS user, i AS size,
       uuid()::VARCHAR || uuid()::VARCHAR AS page FROM range(${ROWS}) t(i)`,
      day * ROWS,
    );
  }
  await ingestQuery(
    fixture,
    'texts',
    `SELECT TIMESTAMP '2024-01-01' + to_seconds(i) AS ts, i % ${TEXT_USERS} AS user, repeat(md5(i::VARCHAR), 8) AS text
     FROM range(${TEXTS}) t(i)`,
    1,
  );
  const lines = Array.from(
    { length: 20_000 },
    (_, index) => `${index % 1200},2024-01-0${2 + (index % 3)}T0${index % 10}:00Z`,
  );
  spine = writeText(whole, 'spine.csv', ['user,event_timestamp', ...lines].join('\n'));
  planned = await plan(randomUUID());
  await build(planned);
  dataset = await publishBuilt(whole, dependencies(), 'd', { retrieval: planned, features: ['latest', 'sums'] });
}, 120_000);
afterAll(async () => {
  if (!mounts) return;
  await fixture.engine.close();
  await redis.close();
  execFileSync('umount', [disk]);
  await whole.close();
});

const engineOn = (memoryLimit: string, allowedDirectories: readonly string[], tempDirectory = join(disk, 'spill')) =>
  openEngine({ memoryLimit, threads: 2, tempDirectory, allowedDirectories });
const view = (name: string) => fixture.manifest.views.find((one) => one.name === name) as FeatureViewManifest;
const dependencies = () => {
  const { engine, lake, catalog, directory } = fixture;
  return { engine, lake, tables: catalog.tables, workDirectory: join(directory, 'work') };
};

function plan(id: string): Promise<RetrievalPlan> {
  const { project, manifest } = fixture;
  return planRetrieval(dependencies(), {
    ...{ project, plan: resolveFeatures(manifest, { features: ['latest', 'sums'] }) },
    ...{ asKnown: false, shortNames: false, shards: 2 },
    ...{ spine: { kind: 'spine', path: spine }, directory: `datasets/d/${id}` },
  });
}

const build = (of: RetrievalPlan): Promise<void> => takeSteps(dependencies(), fixture.runtime, of);

/** Work that writes, as its retry would do it again; none of it commits. */
const WORK: Readonly<Record<string, () => Promise<unknown>>> = {
  'a retrieval': () => retrieve(fixture, { spine, request: { features: ['latest', 'sums'] }, output: 'out.parquet' }),
  'a retrieval to CSV': () => retrieve(fixture, { spine, request: { features: ['latest'] }, output: 'out.csv' }),
  'the plan of a dataset': () => plan(randomUUID()),
  'the steps of a dataset': async () => {
    const again = { ...planned, directory: `datasets/d/${randomUUID()}` };
    await build(again);
  },
  'an export': () => {
    const { lake, engine } = fixture;
    return exportDataset({ lake, engine, workDirectory: join(disk, 'work') }, dataset, join(disk, 'export.csv'));
  },
  'a split': () => {
    const rule = { by: 'time', at: ['2024-01-03T00:00:00Z'] } as const;
    return writeSplit(fixture, { dataset, retrieval: planned, rule, names: ['train', 'test'] });
  },
  'a backfill': () =>
    fixture.engine.session(async (session) => {
      const { project, lake, catalog } = fixture;
      const source = storedSource(fixture, 'visits');
      const range = { from: requireInstant('2024-01-01', 'from'), to: requireInstant('2024-01-04', 'to') };
      const snapshot = await catalog.tables.head(sourceTable(project, source));
      return writeViewInterval(
        { session, lake, tables: catalog.tables },
        { project, view: view('latest'), source, snapshot, range },
      );
    }),
  'a compaction': async () => {
    const { catalog, lake, engine, project } = fixture;
    const tables = { ...catalog.tables, commit: () => Promise.reject(new Error('far enough')) };
    const source = storedSource(fixture, 'visits');
    await compactSource({ catalog: { ...catalog, tables }, lake, engine }, { project, source, runId: 'r' }).catch(
      (error: unknown) => {
        if ((error as Error).message !== 'far enough') throw error;
      },
    );
  },
};

const filler = () => join(disk, 'filler');

/** Takes all room but this. */
function fillUp(leaveKilobytes: number): void {
  const { bavail, bsize } = statfsSync(disk);
  const bytes = bavail * bsize - leaveKilobytes * KILOBYTE;
  writeFileSync(filler(), Buffer.alloc(Math.max(0, bytes)));
}

async function listed(): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const { path } of fixture.lake.list('')) paths.push(path);
  return paths;
}

/** Every Parquet file under a name can be read to its end, and every JSON object is whole. */
async function expectWhole(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const local = literalText(await fixture.lake.localPath(path));
    if (path.endsWith('.json')) JSON.parse(Buffer.from(await fixture.lake.read(path)).toString());
    else await fixture.engine.session((session) => session.rows(`SELECT max(hash(t)) FROM read_parquet(${local}) t`));
  }
}

describe.runIf(mounts)('a disk', () => {
  beforeEach(() => mkdirSync(join(disk, 'work'), { recursive: true }));
  afterEach(async () => {
    rmSync(filler(), { force: true });
    for (const name of ['out.parquet', 'out.csv', 'export.csv']) rmSync(join(disk, name), { force: true });
  });

  test.each(Object.entries(WORK))('that is full or fills up: %s', { timeout: 300_000 }, async (name, work) => {
    const before = await listed();
    const failed: number[] = [];
    for (const left of [0, 64, 256, 1024, 4096]) {
      fillUp(left);
      const outcome = await withLeases(work).then(
        () => undefined,
        (error: unknown) => error,
      );
      const shown = readdirSync(disk).filter((entry) => /^(out|export)\.|^\.(out|export)/.test(entry));
      rmSync(filler());
      const news = (await listed()).filter((path) => !before.includes(path));
      expect(
        news.filter((path) => path.startsWith('staging/')),
        name,
      ).toEqual([]);
      await expectWhole(news);
      if (outcome === undefined) break;
      failed.push(left);
      expect(outcome, `${name}, ${left} KiB left`).toMatchObject({ code: 'DISK_FULL', httpStatus: 507 });
      expect((outcome as Error).message).toMatch(/the disk is full: .*; free space/);
      expect(shown, name).toEqual([]);
      expect(readdirSync(join(disk, 'work'))).toEqual([]);
      for (const path of news) await fixture.lake.remove(path);
    }
    expect(failed).toContain(0);
    await work();
    await expectWhole((await listed()).filter((path) => !before.includes(path)));
    for (const path of await listed()) if (!before.includes(path)) await fixture.lake.remove(path);
  });

  test('that is full does not keep gc, fsck and reads from their work', async () => {
    await fixture.lake.write('sources/visits/orphan.parquet', Buffer.alloc(1000));
    fillUp(0);
    const { catalog, lake, engine, project } = fixture;
    expect(await checkLake({ catalog, lake, engine, project })).toMatchObject({
      orphans: ['sources/visits/orphan.parquet'],
    });
    const { removed } = await collectGarbage({ catalog, lake, project, graceMillis: -1000 });
    expect(removed).toContain('sources/visits/orphan.parquet');
    const output = join(dirname(disk), 'elsewhere.csv');
    const workDirectory = join(dirname(disk), 'work');
    await exportDataset({ lake, engine, workDirectory }, dataset, output);
    expect(existsSync(output)).toBe(true);
  });

  test('that is full keeps no materialization from its work; one without memory fails by name, and Redis has no half of it', async () => {
    const { catalog, lake, project, manifest } = fixture;
    const materialize = async (memoryLimit: string): Promise<unknown> => {
      const engine = await engineOn(memoryLimit, lake.directories);
      try {
        return await materializeView(
          { catalog, lake, engine, redis },
          { manifest, view: 'newest', to: requireInstant('2024-01-08', 'to'), runId: randomUUID() },
        );
      } finally {
        await engine.close();
      }
    };
    fillUp(64);
    await expect(materialize('24MB')).rejects.toMatchObject({ code: 'ENGINE_OUT_OF_MEMORY' });
    const { fingerprint } = view('newest');
    expect(
      await catalog.intervals.onlinePosition({ project, view: 'newest', fingerprint, store: 'online' }),
    ).toBeUndefined();
    expect(await materialize('128MB')).toMatchObject({ written: TEXT_USERS });
  });
});
