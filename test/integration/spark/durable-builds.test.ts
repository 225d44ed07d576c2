/**
 * Dataset builds by workers under Temporal, with a Spark of this test's own that is down, fails, is told to stop, and dies: people
 * are told by name and in its own words, nothing stands under a final name, and when it is back the work goes on.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DatasetManifest } from '../../../catalog/catalog.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Lake } from '../../../lake/lake.ts';
import { openLake } from '../../../lake/open.ts';
import { newSourceFilePath } from '../../../lake/paths.ts';
import { diffDatasets, haveEqualValues } from '../../../offline/dataset-diff.ts';
import { cancelRun, startRun, waitForRun, type RunHandle } from '../../../workers/starter.ts';
import { startCommand, type Outcome } from '../../e2e/support/command.ts';
import { newCommit } from '../../support/commits.ts';
import { freePort, startOwnSparkServer, type OwnSparkServer } from '../../support/spark-server.ts';
import { openPlatform, type Platform } from '../workflows/platform.ts';

/** Every request meets every earlier row of its key on Spark, since events have ids: as slow as there are requests. */
const VIEWS = `
import { count, entity, featureView, fileSource, numeric } from 'asof';
export const user = entity('user', { keys: { user: 'int64' } });
export const buys = fileSource('buys', {
  path: 'inputs/*.csv', timestamp: 'ts', eventId: 'id', schema: { ts: 'timestamp', id: 'int64', user: 'int64', price: 'int64' },
});
export const last = featureView('last', { entities: [user], source: buys, engine: 'spark', features: { price: numeric() } });
export const spoiled = fileSource('spoiled', {
  path: 'inputs/*.csv', timestamp: 'ts', schema: { ts: 'timestamp', id: 'int64', user: 'int64', price: 'int64' },
});
export const lastSpoiled = featureView('last_spoiled', {
  entities: [user], source: spoiled, engine: 'spark', features: { price: numeric() },
});
export const slow = featureView('slow', {
  entities: [user], source: buys, engine: 'spark', features: { n: count({ window: 'all' }) },
});
`;
const EVENTS = 10_000;
/** Requests for some seconds of Spark's work, and for many minutes. */
const SOME = 5000;
const MANY = 400_000;
const MINUTES = 60_000;

let platform: Platform;
let lake: Lake;
let port: number;
let server: OwnSparkServer | undefined;

beforeAll(async () => {
  port = await freePort();
  platform = await openPlatform(undefined, { spark: { url: sparkUrl(), autoAboveBytes: 0 } });
  const { directory, project, client } = platform;
  writeFileSync(file('asof.config.ts'), `export default ${JSON.stringify({ project, definitions: 'features.ts' })};`);
  await platform.applyDefinitions(VIEWS);
  const rows = Array.from({ length: EVENTS }, (_, index) => `${instant(index)},${index},1,${index % 100}`);
  writeFileSync(path.join(directory, 'inputs/buys.csv'), ['ts,id,user,price', ...rows].join('\n'));
  await waitForRun(await startRun(client, 'ingest', { project, source: 'buys' }));
  for (const [name, length] of Object.entries({ few: 3, some: SOME, many: MANY })) {
    const asked = Array.from({ length }, (_, index) => `1,${instant(EVENTS + index)}`);
    writeFileSync(file(`${name}.csv`), ['user,event_timestamp', ...asked].join('\n'));
  }
  lake = await openLake(platform.settings);
});
afterAll(async () => {
  await server?.stop();
  await platform.close();
});

/** The server that the workers know, running. */
async function provideServer(): Promise<OwnSparkServer> {
  server ??= await startOwnSparkServer(port);
  return server;
}

const sparkUrl = (): string => `thrift://127.0.0.1:${port}`;
const file = (name: string): string => path.join(platform.directory, name);
const instant = (second: number): string => new Date(Date.UTC(2024, 0, 1) + second * 1000).toISOString();

/** `asof dataset build` as a user runs it, to its end. */
function buildByCommand(name: string, spine: string, features: string): Promise<Outcome> {
  const { settings, directory } = platform;
  const { address, namespace } = settings.temporal;
  return startCommand(['dataset', 'build', name, '--spine', `${spine}.csv`, '--features', features], directory, {
    ASOF_CATALOG_URL: settings.catalogUrl ?? '',
    TEMPORAL_ADDRESS: address ?? '',
    TEMPORAL_NAMESPACE: namespace,
    SPARK_URL: sparkUrl(),
  }).outcome;
}

function build(name: string, spine: string, engine?: 'duckdb'): Promise<RunHandle<'buildTrainingDataset'>> {
  const { client, project } = platform;
  const more = engine && { engine };
  return startRun(client, 'buildTrainingDataset', {
    ...{ project, name, spine: file(`${spine}.csv`), features: ['slow'], shards: 1 },
    ...more,
  });
}

interface PendingActivity {
  readonly details: unknown;
  readonly beatAt: number;
  readonly attempt: number;
  readonly failure: { readonly type: string | undefined; readonly message: string } | undefined;
}

/** The run's activity under way, as Temporal shows it to people. */
async function pending({ workflowId, id }: RunHandle): Promise<PendingActivity | undefined> {
  const { raw } = await platform.client.workflow.getHandle(workflowId, id).describe();
  const activity = raw.pendingActivities?.[0];
  if (!activity) return undefined;
  const [payload] = activity.heartbeatDetails?.payloads ?? [];
  const failure = activity.lastFailure;
  return {
    details: payload ? defaultPayloadConverter.fromPayload(payload) : undefined,
    beatAt: Number(activity.lastHeartbeatTime?.seconds ?? 0),
    attempt: activity.attempt ?? 0,
    failure: failure ? { type: failure.applicationFailureInfo?.type ?? '', message: failure.message ?? '' } : undefined,
  };
}

/** Nothing of a dataset but its plan, and nothing staged for Spark. */
async function expectNothingBuilt(name: string): Promise<void> {
  const paths: string[] = [];
  for await (const object of lake.list('')) paths.push(object.path);
  const ofDataset = paths.filter((one) => one.startsWith(`datasets/${name}/`));
  expect(ofDataset.map((one) => one.split('/').at(-1)).sort()).toEqual(['plan.json', 'spine.parquet']);
  expect(paths.filter((one) => one.startsWith('staging/spark-'))).toEqual([]);
  expect(await platform.catalog.datasets.get(platform.project, name)).toBeUndefined();
}

describe('a build by workers', () => {
  test(
    'of a Spark that is down fails by name after its attempts; when it is up, the same command succeeds',
    async () => {
      const failed = await buildByCommand('down', 'few', 'last');
      expect(failed.code).toBe(1);
      expect(failed.stderr).toMatch(/^trying again, attempt \d+ of 10: Spark does not answer at thrift:/m);
      expect(failed.stderr).toContain(`error Spark does not answer at ${sparkUrl()}`);
      expect(failed.stderr).toContain('[SPARK_UNAVAILABLE]');
      await expectNothingBuilt('down');

      await provideServer();
      const built = await buildByCommand('down', 'few', 'last');
      expect(built.stderr + built.stdout).toContain('down@1: 3 rows');
    },
    10 * MINUTES,
  );

  test(
    'beats with view and statement while Spark works, and its cancellation ends Spark’s job',
    async () => {
      const spark = await provideServer();
      const run = await build('cancelled', 'many');
      await expect
        .poll(async () => (await pending(run))?.details, { timeout: 2 * MINUTES })
        .toEqual({ view: 'slow', statement: 1, statements: 1 });
      const first = (await pending(run))!;
      await expect.poll(async () => (await pending(run))!.beatAt, { timeout: MINUTES }).toBeGreaterThan(first.beatAt);
      expect(await spark.runningJobs()).toBe(1);
      expect((await pending(run))!.attempt).toBe(1);

      await cancelRun(run);
      await expect(waitForRun(run)).rejects.toMatchObject({ code: 'RUN_CANCELLED' });
      await expect.poll(() => spark.runningJobs(), { timeout: MINUTES }).toBe(0);
      await expectNothingBuilt('cancelled');
    },
    10 * MINUTES,
  );

  test(
    'that fails in Spark ends with Spark’s own words, for the command and for Temporal',
    async () => {
      const { client } = platform;
      await provideServer();
      await spoil('spoiled');
      const failed = await buildByCommand('broken', 'few', 'last_spoiled');
      expect(failed.code).toBe(1);
      expect(failed.stderr).toMatch(/error Spark at thrift:\S+ failed: .*is not a Parquet file/s);
      expect(failed.stderr).toContain('[SPARK_FAILED]');
      expect(failed.stderr).not.toMatch(/\tat org\.apache/);
      const cause = { type: 'SPARK_FAILED', message: expect.stringContaining('is not a Parquet file') as string };
      await expect(client.workflow.getHandle(await workflowOf('broken')).result()).rejects.toMatchObject({ cause });
      await expectNothingBuilt('broken');
    },
    10 * MINUTES,
  );

  test(
    'whose Spark dies half-way leaves nothing, goes on when it is back, and has the values of DuckDB',
    async () => {
      const spark = await provideServer();
      const run = await build('killed', 'some');
      await expect.poll(() => spark.runningJobs(), { timeout: 2 * MINUTES, interval: 100 }).toBe(1);
      await spark.kill();
      await expect
        .poll(async () => (await pending(run))?.failure, { timeout: MINUTES })
        .toMatchObject({ type: 'SPARK_UNAVAILABLE', message: expect.stringContaining(sparkUrl()) as string });
      await expectNothingBuilt('killed');

      await spark.stop();
      server = undefined;
      await provideServer();
      // where Spark takes longer to start than the attempts go on, the run has ended, and a second one succeeds
      const done = await waitForRun(run).catch(async (error: unknown) => {
        expect(error).toMatchObject({ code: 'SPARK_UNAVAILABLE' });
        return waitForRun(await build('killed', 'some'));
      });
      expect(done).toMatchObject({ name: 'killed', version: 1, rows: SOME });
      const built = await datasetOf('killed');
      await waitForRun(await build('by_duckdb', 'some', 'duckdb'));
      const { directory } = platform;
      const engine = await openEngine({
        ...platform.settings.engine,
        tempDirectory: path.join(directory, 'spill'),
        allowedDirectories: [...lake.directories, directory],
      });
      try {
        const side = (dataset: DatasetManifest) => ({ dataset, keys: ['user'] });
        const difference = await diffDatasets({ engine, lake }, side(built), side(await datasetOf('by_duckdb')));
        expect(haveEqualValues(difference)).toBe(true);
      } finally {
        await engine.close();
      }
    },
    15 * MINUTES,
  );
});

/** Puts a file that is as it was written, and no Parquet, in place of the only one of a source. */
async function spoil(source: string): Promise<void> {
  const { catalog, project, client } = platform;
  await waitForRun(await startRun(client, 'ingest', { project, source }));
  const table = { project, kind: 'source', name: source, version: '' } as const;
  const { addedBy: base, rowsFrom: _, ...old } = (await catalog.tables.files(table)).files[0]!;
  const file = newSourceFilePath(source, 0n);
  const facts = await lake.write(file.path, Buffer.alloc(100, 'x'));
  const add = [{ ...old, ...file, ...facts }];
  await catalog.tables.commit(newCommit({ table, operation: 'replace', base, add, remove: [old.id] }));
}

/** The id of the only run that builds a dataset. */
async function workflowOf(dataset: string): Promise<string> {
  const found: string[] = [];
  const find = async (): Promise<number> => {
    found.length = 0;
    const query = `AsofDataset = "${dataset}"`;
    for await (const { workflowId } of platform.client.workflow.list({ query })) found.push(workflowId);
    return found.length;
  };
  await expect.poll(find, { timeout: MINUTES }).toBe(1);
  return found[0]!;
}

async function datasetOf(name: string): Promise<DatasetManifest> {
  return (await platform.catalog.datasets.get(platform.project, name))!;
}
