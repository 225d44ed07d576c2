/** What a worker does as a process of its own: tells its figures, and ends when its memory grows above its limit. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startStack, stopStack, readStack } from '../../../stack/dev.ts';
import { findPort } from '../../../stack/ports.ts';
import { startRun, waitForRun, type RunHandle } from '../../../workers/starter.ts';
import { startWorkerProcess, type WorkerPlace, type WorkerProcess } from '../../chaos/worker-process.ts';
import { openPlatform, type Platform } from './platform.ts';

let platform: Platform;
let place: WorkerPlace;
const processes: WorkerProcess[] = [];
beforeEach(async () => {
  platform = await openPlatform(['orchestration', 'serving']);
  platform.writeConfig();
  const { directory, settings } = platform;
  mkdirSync(path.join(directory, 'logs'));
  const environment = {
    ASOF_CATALOG_URL: settings.catalogUrl!,
    REDIS_URL: settings.redisUrl!,
    TEMPORAL_ADDRESS: settings.temporal.address!,
    TEMPORAL_NAMESPACE: settings.temporal.namespace,
  };
  place = { directory, environment };
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const worker of processes.splice(0)) {
    if (!worker.hasEnded()) worker.signal('SIGKILL');
    await worker.ended;
  }
  await stopStack(platform.settings);
  await platform.close();
});

async function startCompute(name: string, environment: Readonly<Record<string, string>> = {}): Promise<WorkerProcess> {
  const worker = await startWorkerProcess(
    { ...place, environment: { ...place.environment, ...environment } },
    'compute',
    name,
  );
  processes.push(worker);
  return worker;
}

/** Samples of one metric: labels to value. */
function samplesOf(text: string, metric: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{`));
  return new Map(
    lines.map((line) => [line.slice(line.indexOf('{'), line.indexOf('}') + 1), Number(line.split(' ').at(-1))]),
  );
}

it('tells its figures to Prometheus: slots, what was done, and its memory', { timeout: 180_000 }, async () => {
  const { client, project } = platform;
  const address = `127.0.0.1:${await findPort(null)}`;
  const worker = await startCompute('metrics', {
    ASOF_METRICS_ADDRESS: address.split(':')[1]!,
    ASOF_BUILD_ID: '',
    ASOF_WORKER_MEMORY_LIMIT: '3GB',
  });
  platform.writeInput('a.csv', ['2001-01-01T10:00:00Z,ORD,1']);
  await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));

  const text = await (await fetch(`http://${address}/metrics`)).text();
  const [resident] = samplesOf(text, 'asof_worker_resident_bytes').entries();
  expect(resident![0]).toContain('kind="compute"');
  const status = readFileSync(`/proc/${worker.pid}/status`, 'utf8');
  const actual = Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024;
  expect(resident![1]).toBeGreaterThan(actual / 4);
  expect(resident![1]).toBeLessThanOrEqual(actual);
  expect([...samplesOf(text, 'asof_worker_memory_limit_bytes').values()]).toEqual([3e9]);

  const slots = [...samplesOf(text, 'temporal_worker_task_slots_available')].filter(([labels]) =>
    labels.includes('worker_type="ActivityWorker"'),
  );
  const available = (queue: string) => slots.find(([labels]) => labels.includes(`task_queue="${queue}"`))?.[1];
  expect([available('asof-compute'), available('asof-backfill')]).toEqual([2, 1]);
  const done = samplesOf(text, 'temporal_activity_execution_latency_seconds_count');
  expect([...done].some(([labels, count]) => labels.includes('asof-compute') && count > 0)).toBe(true);
});

/** A derived view that keeps 40 MB for each row of one airport: what a program of a user's may do to the process it runs in. */
const LEAKING = `
import { derivedView, entity, featureView, fileSource, numeric } from 'asof';
const kept: Uint8Array[] = [];
export const airport = entity('airport', { keys: { origin: 'string' } });
export const flights = fileSource('flights', {
  path: 'inputs/*.csv', timestamp: 'date', schema: { date: 'timestamp', origin: 'string', delay: 'int64' },
});
export const latest = featureView('latest', {
  entities: [airport], source: flights, online: true, features: { delay: numeric() },
});
export const doubled = derivedView('doubled', {
  inputs: [latest], features: { delay: numeric() },
  compute: ({ latest }) => {
    if (Number(latest.delay) < 0) kept.push(new Uint8Array(40_000_000).fill(1));
    return { delay: 2 * Number(latest.delay) };
  },
});
`;
const LEAKS = 40;
const LIMIT = '1GB';

/** Builds a dataset of these airports, and answers the run. */
async function startBuild(name: string, origins: readonly string[]): Promise<RunHandle<'buildTrainingDataset'>> {
  const { client, project, directory } = platform;
  const spine = path.join(directory, `${name}.csv`);
  const lines = origins.map((origin) => `2001-01-02T00:00:00Z,${origin}`);
  writeFileSync(spine, `${['event_timestamp,origin', ...lines].join('\n')}\n`);
  return startRun(client, 'buildTrainingDataset', { project, name, spine, features: ['doubled:delay'] });
}

async function prepareLeak(): Promise<void> {
  await platform.applyDefinitions(LEAKING);
  platform.writeInput('a.csv', ['2001-01-01T10:00:00Z,ORD,7', '2001-01-01T10:00:00Z,LEAK,-1']);
}

/** Process ids of the compute workers that took activities of a run. */
async function computePids({ client, workflowId, id }: RunHandle): Promise<readonly number[]> {
  const { events } = await client.workflow.getHandle(workflowId, id).fetchHistory();
  const identities = (events ?? []).map((event) => event.activityTaskStartedEventAttributes?.identity ?? '');
  return [...new Set(identities.filter((one) => one.startsWith('compute@')).map((one) => Number(one.split('/')[1])))];
}

const leaks = Array<string>(LEAKS).fill('LEAK');

it(
  'ends above its memory limit with a code of its own, and another worker does the rest',
  { timeout: 300_000 },
  async () => {
    const { client, project } = platform;
    await prepareLeak();
    const first = await startCompute('first', { ASOF_WORKER_MEMORY_LIMIT: LIMIT });
    await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
    const leaking = await startBuild('leaking', leaks);
    await first.ended;
    expect(first.exitCode()).toBe(75);
    const second = await startCompute('second', { ASOF_WORKER_MEMORY_LIMIT: '8GB' });
    expect(await waitForRun(leaking)).toMatchObject({ rows: LEAKS });
    const next = await startBuild('next', ['ORD']);
    expect(await waitForRun(next)).toMatchObject({ rows: 1 });
    expect(await computePids(next)).toEqual([second.pid]);
  },
);

it('that the development stack started is started again by it', { timeout: 300_000 }, async () => {
  const { client, project, settings } = platform;
  await prepareLeak();
  vi.stubEnv('ASOF_WORKER_MEMORY_LIMIT', LIMIT);
  const computePid = (): number | undefined =>
    readStack(settings)?.processes.find(({ name }) => name === 'worker-compute')?.pid;
  await startStack(settings, { processes: ['worker-compute'] });
  const first = computePid();
  await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
  await waitForRun(await startBuild('leaking', leaks));
  await expect.poll(() => computePid() ?? first, { timeout: 120_000, interval: 100 }).not.toBe(first);
  const next = await startBuild('next', ['ORD']);
  expect(await waitForRun(next)).toMatchObject({ rows: 1 });
  expect(await computePids(next)).toEqual([computePid()]);
  expect(await stopStack(settings)).toEqual(['worker-compute']);
});

it('does not begin when it is above its limit without any work', { timeout: 180_000 }, async () => {
  await expect(startCompute('small', { ASOF_WORKER_MEMORY_LIMIT: '10MB' })).rejects.toThrow('did not become ready');
  const log = readFileSync(path.join(platform.directory, 'logs', 'small.log'), 'utf8');
  expect(log).toContain('ASOF_WORKER_MEMORY_LIMIT is 10 MB; a worker without work takes up to');
});
