import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clockNow } from '../../../contracts/time.ts';
import { describeWatch } from '../../../online/freshness-watch.ts';
import { startServer, type RunningServer } from '../../../api/server.ts';
import { reconcileSchedules } from '../../../workers/reconcile-schedules.ts';
import { deleteSchedule, readSchedule, triggerSchedule } from '../../../workers/schedules.ts';
import { startWorker } from '../../../workers/start-worker.ts';
import { WORKER_KINDS } from '../../../workers/worker-kind.ts';
import { startRun, waitForRun } from '../../../workers/starter.ts';
import { DEFINITIONS, openPlatform, type Platform } from './platform.ts';

/** One target that is met by whatever was materialized today, and one that nothing meets. */
const TARGETS = DEFINITIONS.replace(
  'online: true, features: { flights_1d',
  "online: true, freshness: '1d', features: { flights_1d",
).replace('online: true, features: { delay:', "online: true, freshness: '1ms', features: { delay:");

let platform: Platform;
let server: RunningServer;
beforeAll(async () => {
  platform = await openPlatform();
  platform.writeConfig();
  await platform.applyDefinitions(TARGETS);
  server = await startServer(platform.settings, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server?.close();
  await platform?.close();
});

async function asof(...args: readonly string[]): Promise<unknown> {
  const { settings } = platform;
  const env = { ...process.env, ASOF_CATALOG_URL: settings.catalogUrl! };
  const bin = path.resolve(import.meta.dirname, '../../../bin/asof');
  const { stdout } = await promisify(execFile)(bin, ['-C', platform.directory, '--json', ...args], { env });
  return JSON.parse(stdout);
}

const metrics = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text();

it(
  'is told by the command line and by the metrics, and turns with a materialization',
  { timeout: 120_000 },
  async () => {
    const { client, project } = platform;
    const nothing = { to: null, ageSeconds: null, state: 'never' };
    expect(await asof('status')).toMatchObject({
      views: [
        { view: 'delays', target: '1d', ...nothing },
        { view: 'latest', target: '1ms', ...nothing },
      ],
      restatements: [],
    });
    expect(await metrics()).toContain('asof_view_fresh{view="delays"} 0\n');

    platform.writeInput('a.csv', ['2001-01-01T12:00:00Z,JFK,1']);
    await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
    await waitForRun(await startRun(client, 'materialize', { project, views: ['delays', 'latest'] }));
    expect(await asof('status')).toMatchObject({
      views: [
        { view: 'delays', state: 'fresh', ageSeconds: expect.any(Number) as number },
        { view: 'latest', state: 'stale' },
      ],
    });
    expect(await asof('describe', 'delays')).toMatchObject({ freshness: { target: '1d', state: 'fresh' } });
    const text = await metrics();
    expect(text).toContain('asof_view_fresh{view="delays"} 1\n');
    expect(text).toContain('asof_view_fresh{view="latest"} 0\n');
    expect(text).toContain('asof_view_freshness_target_seconds{view="delays"} 86400\n');
    expect(text).toMatch(/^asof_view_online_age_seconds\{view="delays"\} [0-9.]+$/m);
  },
);

it('is watched: apply schedules looks, which keep each change with its time', { timeout: 120_000 }, async () => {
  const { client, project, catalog } = platform;
  const manifest = (await catalog.definitions.current(project))!.manifest;
  const key = { project, name: 'declared/freshness' };
  expect((await reconcileSchedules(client, manifest)).created).toEqual([key.name]);
  // the shortest target is a millisecond
  expect(await readSchedule(client, key)).toMatchObject({ times: { everyMicros: 10_000_000 }, overlap: 'skip' });
  await triggerSchedule(client, key);
  await expect.poll(() => catalog.freshness.states(project), { timeout: 60_000 }).toHaveLength(2);
  await deleteSchedule(client, key);

  const { fingerprint } = manifest.views.find(({ name }) => name === 'latest')!;
  const { to } = (await catalog.intervals.onlinePosition({ project, view: 'latest', fingerprint, store: 'online' }))!;
  expect(await catalog.freshness.states(project)).toMatchObject([
    { view: 'delays', state: 'fresh', before: null },
    // when its target had passed, not when that was noticed
    { view: 'latest', state: 'stale', since: to + 1000n, targetMicros: 1000 },
  ]);
  const first = await asof('status');
  expect(first).toMatchObject({ watch: { every: '10s', isLate: false }, changes: [{}, {}] });

  await platform.applyDefinitions(TARGETS.replace("freshness: '1ms'", "freshness: '1d'"));
  const look = await waitForRun(await startRun(client, 'monitorFreshness', { project }));
  expect(look).toMatchObject({
    views: [
      { view: 'delays', state: 'fresh' },
      { view: 'latest', state: 'fresh' },
    ],
    changes: [{ view: 'latest', before: 'stale', state: 'fresh', target: '1d' }],
  });
  expect(await asof('status')).toMatchObject({
    changes: [{ view: 'latest', before: 'stale', state: 'fresh' }, {}, {}],
  });
  const handle = client.workflow.getHandle(`monitor/${project}`);
  const page = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  expect(page.currentDetails).toContain('| latest | fresh | ');
  expect(page.currentDetails).toContain('- latest: stale → **fresh**, since ');
  expect((await catalog.runs.list(project, 100)).map((run) => run.workflow)).not.toContain('monitorFreshness');
});

it('says so when nobody watches', async () => {
  const none = describeWatch(platform.manifest, undefined, 0n);
  expect(none).toBeUndefined();
  const { manifest } = (await platform.catalog.definitions.current(platform.project))!;
  const at = 1_000_000_000n;
  expect(describeWatch(manifest, undefined, at)).toMatchObject({ isLate: true, lastLook: null });
  const every = BigInt(describeWatch(manifest, at, at)!.everyMicros);
  expect(describeWatch(manifest, at, at + 3n * every)).toMatchObject({ isLate: false });
  expect(describeWatch(manifest, at, at + 3n * every + 1n)).toMatchObject({ isLate: true });
});

it('leaves out looks while no worker is there, and dates what happened meanwhile', { timeout: 120_000 }, async () => {
  const own = await openPlatform([]);
  const { client, project, catalog, settings } = own;
  const at = clockNow();
  try {
    await own.applyDefinitions(TARGETS.replace("freshness: '1ms'", "freshness: '1s'"));
    const { manifest } = (await catalog.definitions.current(project))!;
    const { fingerprint } = manifest.views.find(({ name }) => name === 'latest')!;
    const position = { snapshot: 0, to: at, epoch: 'e', keys: 0 };
    await catalog.intervals.setOnlinePosition({ project, view: 'latest', fingerprint, store: 'online' }, position);
    await catalog.freshness.record(project, at, [
      { view: 'latest', state: 'fresh', since: at, targetMicros: 1_000_000 },
    ]);

    await reconcileSchedules(client, manifest);
    const key = { project, name: 'declared/freshness' };
    // the first look waits for a worker, and those that are due meanwhile are left out
    await expect.poll(async () => (await readSchedule(client, key)).skipped, { timeout: 60_000 }).toBeGreaterThan(0);
    expect(await readSchedule(client, key)).toMatchObject({ started: 1 });
    const workers = await Promise.all(WORKER_KINDS.map((kind) => startWorker(kind, settings)));
    const running = Promise.all(workers.map((worker) => worker.run()));
    try {
      const newest = async () => (await catalog.freshness.states(project)).find(({ view }) => view === 'latest');
      await expect
        .poll(newest, { timeout: 60_000 })
        .toMatchObject({ before: 'fresh', state: 'stale', since: at + 1_000_000n });
      await deleteSchedule(client, key);
    } finally {
      for (const worker of workers) worker.shutdown();
      await running;
    }
  } finally {
    await own.close();
  }
});
