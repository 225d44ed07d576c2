/** A server samples what it answers, and a check finds what does not agree with the lake. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer, type RunningServer } from '../../../api/server.ts';
import type { ConsistencyReport } from '../../../contracts/consistency.ts';
import { clockNow, formatInstant, type Micros } from '../../../contracts/time.ts';
import { runtimeFromBundle } from '../../../definitions/loading.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { Lake } from '../../../lake/lake.ts';
import { openLake } from '../../../lake/open.ts';
import { checkConsistency } from '../../../online/consistency-check.ts';
import { createLakeReader } from '../../../online/lake-reader.ts';
import { viewKeys } from '../../../online/store-keys.ts';
import { viewReader } from '../../../online/view-reader.ts';
import { startRun, waitForRun } from '../../../workers/starter.ts';
import { withRawRedis } from '../online/raw-redis.ts';
import { openPlatform, type Platform } from '../workflows/platform.ts';
import { call } from './served-platform.ts';
import { readMetric } from './served-store.ts';

const FEATURES = ['delays', 'latest', 'lateness'];
const KEYS = ['JFK', 'ORD', 'SFO', 'nobody'];
const EVERY = { share: 1, mostInSecond: 1_000_000, mostQueued: 1_000_000 };
const HOUR = 3_600_000_000n;

let platform: Platform;
let server: RunningServer;
let lake: Lake;
let engine: Engine;
beforeAll(async () => {
  platform = await openPlatform();
  platform.writeConfig();
  lake = await openLake(platform.settings);
  engine = await openEngine({
    ...platform.settings.engine,
    tempDirectory: path.join(platform.directory, 'spill'),
    allowedDirectories: lake.directories,
  });
  const now = clockNow();
  platform.writeInput('a.csv', [
    `${formatInstant(now - 30n * HOUR)},JFK,3`,
    `${formatInstant(now - 3n * HOUR)},JFK,10`,
    `${formatInstant(now - 2n * HOUR)},ORD,20`,
    `${formatInstant(now - HOUR)},SFO,`,
  ]);
  await bring('ingest');
  await bring('materialize');
  server = await startServer(platform.settings, { host: '127.0.0.1', port: 0, sampling: EVERY });
}, 300_000);
afterAll(async () => {
  await server?.close();
  await engine?.close();
  await platform?.close();
});

async function bring(workflow: 'ingest' | 'materialize'): Promise<void> {
  const { client, project } = platform;
  if (workflow === 'ingest') await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
  else await waitForRun(await startRun(client, 'materialize', { project, views: ['delays', 'latest'] }));
}

/** Reads a vector of each key, and waits until all of them are in the log; gives the time right before. */
async function serveVectors(keys: readonly string[]): Promise<Micros> {
  const since = clockNow();
  for (const origin of keys) {
    const read = { features: FEATURES, entities: { origin: [origin] } };
    expect((await call(server, 'POST', '/v1/online-features', read)).status).toBe(200);
  }
  const range = { since, until: 2n ** 62n, limit: 1000 };
  const logged = async () => (await platform.catalog.consistency.samples(platform.project, range)).length;
  await expect.poll(logged, { timeout: 60_000 }).toBe(keys.length);
  return since;
}

async function check(since: Micros): Promise<ConsistencyReport> {
  const { catalog, project } = platform;
  const reader = createLakeReader({ project, catalog, lake, engine });
  return checkConsistency(
    {
      ...{ project, catalog, lake: reader },
      runtimeOf: async ({ bundleHash }) => runtimeFromBundle(await catalog.definitions.bundle(bundleHash)),
    },
    { since },
  );
}

const NONE = { equal: 0, late: 0, different: 0, unsettled: 0, unavailable: 0, denied: 0 };
const ofAll = (counts: Partial<typeof NONE>, changed: Readonly<Record<string, Partial<typeof NONE>>> = {}) =>
  [
    ['delays', 'flights_1d'],
    ['lateness', 'late_flights'],
    ['latest', 'delay'],
  ].map(([view, feature]) => ({ view, feature, ...NONE, ...(changed[view!] ?? counts) }));

/** Puts the state of one key in place of another's for as long as `work` takes. */
async function whileTampered(work: () => Promise<void>): Promise<void> {
  const { project, manifest, settings } = platform;
  const [planned] = resolveFeatures(manifest, { features: ['latest'] }).views;
  const keyOf = (origin: string): Buffer =>
    Buffer.concat([
      viewKeys(project, 'latest', planned!.view.fingerprint).values,
      viewReader(planned!).keys.encode([origin]),
    ]);
  await withRawRedis(settings.redisUrl!, async (redis) => {
    const right = (await redis.getBuffer(keyOf('JFK')))!;
    await redis.set(keyOf('JFK'), (await redis.getBuffer(keyOf('ORD')))!);
    await work();
    await redis.set(keyOf('JFK'), right);
  });
}

function asof(...args: readonly string[]): Promise<{ readonly code: number; readonly document: unknown }> {
  const { settings } = platform;
  const env = {
    ...process.env,
    ...{ ASOF_CATALOG_URL: settings.catalogUrl!, REDIS_URL: settings.redisUrl! },
    ...{ TEMPORAL_ADDRESS: settings.temporal.address!, TEMPORAL_NAMESPACE: settings.temporal.namespace },
  };
  const bin = path.resolve(import.meta.dirname, '../../../bin/asof');
  return new Promise((resolve) => {
    execFile(bin, ['-C', platform.directory, '--json', ...args], { env }, (error, stdout) =>
      resolve({ code: error === null ? 0 : Number(error.code), document: JSON.parse(stdout) as unknown }),
    );
  });
}

it('values that agree are all equal: windows, rows, nulls, unknown keys and what is derived from them', async () => {
  const report = await check(await serveVectors(KEYS));
  expect(report).toMatchObject({ vectors: KEYS.length, waiting: 0, unreadable: 0, examples: [] });
  expect(report.features).toEqual(ofAll({ equal: KEYS.length }));
});

it('rows that came after the read make values late, and not different', async () => {
  const since = await serveVectors(KEYS);
  platform.writeInput('late.csv', [`${formatInstant(since - HOUR / 2n)},JFK,77`]);
  await bring('ingest');
  const { features, examples } = await check(since);
  expect(features).toEqual(ofAll({ equal: KEYS.length - 1, late: 1 }));
  expect(examples).toEqual([]);

  // in the lake and not yet in Redis when it is read: just as late
  const again = await check(await serveVectors(['JFK']));
  expect(again.features).toEqual(ofAll({ late: 1 }));
  await bring('materialize');
  expect((await check(await serveVectors(['JFK']))).features).toEqual(ofAll({ equal: 1 }));
});

it(
  'a value that somebody changed in Redis is found by the job, and told by the command line and the metrics',
  { timeout: 300_000 },
  async () => {
    const share = (view: string, feature: string) =>
      readMetric(server, `asof_consistency_equal_ratio{view="${view}",feature="${feature}"}`);
    let since = 0n;
    await whileTampered(async () => {
      since = await serveVectors(KEYS);
    });
    const found = await check(since);
    expect(found.features).toEqual(
      ofAll(
        { equal: KEYS.length },
        {
          latest: { equal: KEYS.length - 1, different: 1 },
          lateness: { equal: KEYS.length - 1, different: 1 },
        },
      ),
    );
    expect(found.examples).toHaveLength(2);

    const { code, document } = await asof('consistency', 'check');
    expect(code).toBe(1);
    expect(document).toMatchObject({ values: { different: 2 }, waiting: 0, unreadable: 0 });
    expect(JSON.stringify(document)).not.toContain('JFK');
    const shown = await asof('consistency', 'show');
    expect(shown.code).toBe(0);
    const changed = {
      view: 'latest',
      feature: 'delay',
      entity: { origin: 'JFK' },
      served: 20,
      lake: 77,
      servedFrom: 'online',
    };
    expect(shown.document).toMatchObject({
      report: { examples: expect.arrayContaining([expect.objectContaining(changed)]) as unknown },
    });
    expect(await share('delays', 'flights_1d')).toBe(1);
    expect(await share('latest', 'delay')).toBeLessThan(1);
    expect(await readMetric(server, 'asof_consistency_values{view="latest",feature="delay",result="different"}')).toBe(
      1,
    );
    expect(await readMetric(server, 'asof_served_samples_total{result="dropped"}')).toBe(0);
    expect(await asof('status')).toMatchObject({ document: { consistency: { different: 2 } } });
  },
);

it('an old version is computed by the definitions that answered', async () => {
  const since = await serveVectors(KEYS);
  await platform.applyDefinitions(`
import { count, entity, featureView, fileSource } from 'asof';
export const airport = entity('airport', { keys: { origin: 'string' } });
export const flights = fileSource('flights', {
  path: 'inputs/*.csv', timestamp: 'date', schema: { date: 'timestamp', origin: 'string', delay: 'int64' },
});
export const delays = featureView('delays', {
  entities: [airport], source: flights, online: true, features: { flights_1d: count({ window: '2d' }) },
});
`);
  expect((await check(since)).features).toEqual(ofAll({ equal: KEYS.length }));
});
