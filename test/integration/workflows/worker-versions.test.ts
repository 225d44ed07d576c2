/** A rolling deployment on the real server: two versions of all workers side by side. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Client } from '@temporalio/client';
import { pauseRun, readProgress, resumeRun, startRun, waitForRun, type RunHandle } from '../../../workers/starter.ts';
import { startWorker } from '../../../workers/start-worker.ts';
import { WORKER_KINDS } from '../../../workers/worker-kind.ts';
import { openPlatform, type Platform } from './platform.ts';

const DEPLOYMENT = 'asof';
const DAYS = 10;

interface Crew {
  /** Asks all of its workers to end, and waits until they have. */
  end(): Promise<void>;
}

let platform: Platform;
const crews: Crew[] = [];
beforeEach(async () => {
  platform = await openPlatform([]);
});
afterEach(async () => {
  for (const crew of crews.splice(0)) await crew.end();
  await platform.close();
});

/** The three kinds of worker, as one version or without any. */
async function startCrew(buildId: string | null): Promise<Crew> {
  const version = buildId === null ? null : { deployment: DEPLOYMENT, buildId };
  const settings = { ...platform.settings, worker: { ...platform.settings.worker, version } };
  const workers = await Promise.all(WORKER_KINDS.map((kind) => startWorker(kind, settings)));
  const running = Promise.all(workers.map((worker) => worker.run()));
  const crew: Crew = {
    async end() {
      for (const worker of workers) worker.shutdown();
      await running;
    },
  };
  crews.push(crew);
  return crew;
}

/** As `temporal worker deployment set-current-version` does; the server must have seen workers of the version first. */
async function makeCurrent(client: Client, buildId: string): Promise<void> {
  const { namespace } = client.options;
  await expect
    .poll(
      () =>
        client.workflowService
          .setWorkerDeploymentCurrentVersion({ namespace, deploymentName: DEPLOYMENT, buildId, identity: 'test' })
          .then(() => 'current', String),
      { timeout: 60_000, interval: 500 },
    )
    .toBe('current');
}

/** The builds whose workers took the workflow tasks and the activities of a run. */
async function buildsOf({ client, workflowId, id }: RunHandle): Promise<{ tasks: string[]; activities: string[] }> {
  const { events } = await client.workflow.getHandle(workflowId, id).fetchHistory();
  const tasks = new Set<string>();
  const activities = new Set<string>();
  for (const event of events ?? []) {
    const task = event.workflowTaskCompletedEventAttributes?.deploymentVersion?.buildId;
    if (task) tasks.add(task);
    const identity = event.activityTaskStartedEventAttributes?.identity;
    if (identity) activities.add(identity.split('/').at(-1)!);
  }
  return { tasks: [...tasks], activities: [...activities] };
}

const day = (index: number): string => new Date(Date.UTC(2001, 0, 1 + index)).toISOString();

/** Four flights a day. */
function flights(from: number, to: number): string[] {
  return Array.from({ length: (to - from) * 4 }, (_, row) => `${day(from + Math.floor(row / 4))},ORD,${row}`);
}

/** A backfill of all days that is held in its midst. */
async function startHeldBackfill(): Promise<RunHandle<'backfill'>> {
  const { client, project, manifest } = platform;
  const fingerprint = manifest.views.find(({ name }) => name === 'latest')!.fingerprint;
  const input = { project, view: 'latest', from: day(0), to: day(DAYS) };
  const run = await startRun(client, 'backfill', input, { fingerprint });
  await pauseRun(run);
  await expect.poll(async () => (await readProgress(run))?.step, { timeout: 60_000 }).toBe('paused');
  return run;
}

const WHOLE = { intervals: DAYS, failed: [], rows: DAYS * 4 };

it(
  'a run ends on the version that began it, new runs begin on the new one, and the old can go',
  { timeout: 300_000 },
  async () => {
    const { client, project } = platform;
    platform.writeInput('a.csv', flights(0, DAYS));

    const old = await startCrew('v1');
    await makeCurrent(client, 'v1');
    const first = await startRun(client, 'ingest', { project, source: 'flights' });
    expect(await waitForRun(first)).toMatchObject({ inputs: 1 });
    expect(await buildsOf(first)).toEqual({ tasks: ['v1'], activities: ['v1'] });

    // at work on the old version when the new one comes
    const long = await startHeldBackfill();
    await startCrew('v2');
    await makeCurrent(client, 'v2');
    platform.writeInput('b.csv', flights(DAYS, DAYS + 1));
    const second = await startRun(client, 'ingest', { project, source: 'flights' });
    expect(await waitForRun(second)).toMatchObject({ inputs: 1 });
    expect(await buildsOf(second)).toEqual({ tasks: ['v2'], activities: ['v2'] });

    await resumeRun(long);
    expect(await waitForRun(long)).toMatchObject(WHOLE);
    expect(await buildsOf(long)).toEqual({ tasks: ['v1'], activities: ['v1'] });

    // what an operator looks at before the old workers are ended
    const query = `TemporalWorkerDeploymentVersion = "${DEPLOYMENT}:v1" AND ExecutionStatus = "Running"`;
    await expect.poll(async () => (await client.workflow.count(query)).count, { timeout: 60_000 }).toBe(0);
    await old.end();
    const third = await startRun(client, 'materialize', { project, views: ['latest'] });
    expect(await waitForRun(third)).toMatchObject({ views: [{ view: 'latest' }] });
    expect(await buildsOf(third)).toEqual({ tasks: ['v2'], activities: ['v2'] });
  },
);

it('the first version takes over what workers without versions began', { timeout: 300_000 }, async () => {
  const { client, project } = platform;
  platform.writeInput('a.csv', flights(0, DAYS));
  const unversioned = await startCrew(null);
  await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
  const run = await startHeldBackfill();
  await startCrew('v1');
  await makeCurrent(client, 'v1');
  await unversioned.end();
  await resumeRun(run);
  expect(await waitForRun(run)).toMatchObject(WHOLE);
  expect((await buildsOf(run)).tasks).toEqual(['v1']);
});
