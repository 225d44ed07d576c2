/**
 * One dataset build, as a contender: by workflow, or the same steps as calls in this process. Prints the seconds from the request to the
 * published dataset, without the start of servers, workers and stores.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { DatasetActivities } from '../../activities/dataset-activities.ts';
import type { Settings } from '../../contracts/config.ts';
import type { BuildTrainingDatasetInput, BuildTrainingDatasetResult } from '../../contracts/runs.ts';
import { loadSettings } from '../../definitions/loading.ts';
import { literalText } from '../../engine/sql.ts';
import { openEngine } from '../../engine/duckdb.ts';
import { openLake } from '../../lake/open.ts';
import { registerSearchAttributes } from '../../stack/temporal-api.ts';
import { withComponents } from '../../stack/with-components.ts';
import { openActivities } from '../../workers/activity-set.ts';
import { startWorker } from '../../workers/start-worker.ts';
import { startRun, waitForRun } from '../../workers/starter.ts';
import { ACTIVITY_QUEUES, WORKER_KINDS } from '../../workers/worker-kind.ts';
import { TASK_QUEUES } from '../../contracts/config.ts';

const [directory = '', mode = '', text = ''] = process.argv.slice(2);
const request = JSON.parse(text) as BuildTrainingDatasetInput;

interface Timed {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly result: BuildTrainingDatasetResult;
}

async function timed(work: () => Promise<BuildTrainingDatasetResult>): Promise<Timed> {
  const [started, startedCpu] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(startedCpu);
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6, result };
}

async function byWorkflow(settings: Settings): Promise<Timed> {
  const { address, namespace } = settings.temporal;
  await registerSearchAttributes(address ?? '', namespace);
  const workers = await Promise.all(WORKER_KINDS.map((kind) => startWorker(kind, settings)));
  const running = Promise.all(workers.map((worker) => worker.run()));
  const connection = await Connection.connect({ address: address ?? '' });
  try {
    // until all of them poll
    await sleep(1000);
    const client = new Client({ connection, namespace });
    return await timed(async () => waitForRun(await startRun(client, 'buildTrainingDataset', request)));
  } finally {
    for (const worker of workers) worker.shutdown();
    await running;
    await connection.close();
  }
}

/** As many steps at once as a compute worker takes. */
async function inProcess(settings: Settings): Promise<Timed> {
  const { activities, close } = await openActivities('compute', settings);
  const steps = activities as DatasetActivities;
  const slots = ACTIVITY_QUEUES.compute.find(({ taskQueue }) => taskQueue === TASK_QUEUES.compute)?.slots ?? 1;
  const call = <I, O>(step: (input: I) => Promise<O>, input: I): Promise<O> =>
    new MockActivityEnvironment().run(step, input);
  const each = async (count: number, work: (index: number) => Promise<unknown>): Promise<void> => {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < count) await work(next++);
    };
    await Promise.all(Array.from({ length: slots }, lane));
  };
  try {
    return await timed(async () => {
      const runId = randomUUID();
      const { planUri, units, ranges } = await call((input) => steps.planDataset(input), { ...request, runId });
      const step = { project: request.project, planUri };
      await each(units, (unit) => call((input) => steps.computeUnits(input), { ...step, units: [unit] }));
      await each(ranges, (range) => call((input) => steps.assembleRanges(input), { ...step, ranges: [range] }));
      return call((input) => steps.publishDataset(input), { ...step, runId });
    });
  } finally {
    await close();
  }
}

/** Of the values that were published. */
async function checksumOf(settings: Settings, { files }: BuildTrainingDatasetResult, column: string): Promise<number> {
  const lake = await openLake(settings);
  const engine = await openEngine({
    ...settings.engine,
    tempDirectory: `${settings.stateDirectory}/spill`,
    allowedDirectories: lake.directories,
  });
  try {
    const paths = await Promise.all(files.map(async ({ uri }) => literalText(await lake.localPath(uri))));
    const query = `SELECT coalesce(sum(${column}), 0) AS checksum FROM read_parquet([${paths.join(', ')}])`;
    const [total] = await engine.session((session) => session.rows(query));
    return Number(total?.['checksum']);
  } finally {
    await engine.close();
  }
}

const settings = await loadSettings({ directory });
await withComponents(settings, ['catalog', 'redis', 'temporal'], async (connected) => {
  const { seconds, cpuSeconds, result } = await (mode === 'workflow' ? byWorkflow(connected) : inProcess(connected));
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const checksum = await checksumOf(connected, result, `${request.features?.[0]}__f0`);
  console.log(JSON.stringify({ seconds, cpuSeconds, peakBytes, rows: result.rows, checksum }));
});
