/** The runs whose histories are recorded: each way that a workflow can go, as short as it shows it. */
import { Context } from '@temporalio/activity';
import { AsofError } from '../../contracts/errors.ts';
import type { ScheduleTimes } from '../../contracts/schedules.ts';
import {
  cancelRun,
  pauseRun,
  resumeRun,
  setRunParallel,
  setStreamConsumers,
  startRun,
  stopRun,
  waitForRun,
  type RunHandle,
} from '../../workers/starter.ts';
import { backfillSchedule, deleteSchedule, setSchedule } from '../../workers/schedules.ts';
import { requireInstant } from '../../contracts/time.ts';
import type { Orchestra } from '../workflow/orchestra.ts';

export interface Scenario {
  readonly name: string;
  readonly activities: object;
  /** Starts the run, steers it, and returns when it has ended. */
  play(orchestra: Orchestra): Promise<RunHandle>;
}

const project = 'flights';

const INGEST = {
  planIngestion: async () => ({ planUri: 'staging/plan.json', groups: 3, rows: 30 }),
  stageGroups: async ({ groups }: { groups: number[] }) => ({ rows: groups.length * 10 }),
  auditIngestion: async () => ({ warnings: [] }),
  publishIngestion: async () => ({ source: 'flights', snapshot: 1, committed: 30 }),
};

const BACKFILL = {
  planBackfill: async () => ({
    ...{ view: 'delays', fingerprint: 'f', definitions: 'd', source: 'flights' },
    ...{ intervals: 4, from: day(1), to: day(5), chunkMicros: 86_400_000_000 },
  }),
  listIntervals: async () => ({ intervals: [1, 2, 4].map(interval), reused: 1, next: null }),
  writeIntervals: async ({ intervals }: { intervals: unknown[] }) => ({
    ...{ done: intervals.length, rows: 10, failed: [] },
  }),
};

/** Pages and batches enough for two executions. It says that they are few, so that a batch is one interval, and its payload short. */
const LONG_BACKFILL = {
  ...BACKFILL,
  planBackfill: async () => ({
    ...{ view: 'delays', fingerprint: 'f', definitions: 'd', source: 'flights' },
    ...{ intervals: 100, from: hour(0), to: hour(250), chunkMicros: 3_600_000_000 },
  }),
  async listIntervals({ from, limit }: { from: string; limit: number }) {
    const first = (Date.parse(from) - Date.parse(day(1))) / 3_600_000;
    const intervals = Array.from({ length: limit }, (_, index) => ({
      from: hour(first + index),
      to: hour(first + index + 1),
    }));
    return { intervals, reused: 0, next: first + limit < 250 ? hour(first + limit) : null };
  },
};

const DATASET = {
  planDataset: async () => ({ planUri: 'plan.json', units: 3, ranges: 2, views: ['delays'] }),
  computeUnits: async () => undefined,
  assembleRanges: async () => ({ rows: 10 }),
  publishDataset: async () => ({ name: 'd', version: 1, rows: 20, columns: 3, leakage: {}, files: [] }),
};

const MATERIALIZE = {
  planMaterialization: async () => ({ definitions: 'd', to: day(5), views: ['delays', 'latest'] }),
  materializeView: async ({ view }: { view: string }) => {
    if (view === 'latest') throw new AsofError('CONFLICT', { where: `view ${view}`, problem: 'a newer run took over' });
    return { view, fingerprint: 'f', snapshot: 1, to: day(5), written: 2, unchanged: 0 };
  },
};

const NOTHING_YET = { partitions: [], applied: 0, late: 0, rejected: 0, lost: '0', newestEvent: null, problem: null };

const NOTHING_COUNTED = { equal: 0, late: 0, different: 0, unsettled: 0, unavailable: 0, denied: 0 };

const STREAM = {
  ...INGEST,
  planMaterialization: async () => ({ definitions: 'd', to: day(5), views: ['delays'], topics: { delays: 'clicks' } }),
  holdStream: async () => ({ held: true }),
  releaseStream: async () => undefined,
  materializeView: async ({ view }: { view: string }) => ({
    ...{ view, fingerprint: 'f', snapshot: 1, to: day(5), written: 2, unchanged: 0 },
  }),
  planStream: async () => ({ definitions: 'd', fingerprint: 'f', source: 'clicks' }),
  observeStream: async () => ({
    applied: 'f',
    report: { ...NOTHING_YET, partitions: [{ partition: 0, next: '7', lag: '0' }] },
  }),
  async consumeTopic() {
    // ends well when it is cancelled, as the real one does
    await waitForCancellation().catch(() => undefined);
    return { contentLost: false, report: { ...NOTHING_YET, applied: 7 } };
  },
};

const MAINTAIN = {
  planMaintenance: async () => ({
    ...{ definitions: 'd', now: day(5) },
    sources: [{ kind: 'source', name: 'flights', version: '' }],
    views: [{ kind: 'view', name: 'delays', version: 'f' }],
  }),
  maintainTables: async ({ tables }: { tables: { name: string }[] }) =>
    tables.map(({ name }) => ({
      ...{ table: name, expiredRows: 0, filesBefore: 4, filesAfter: 1, rows: 10 },
      ...{ bytesBefore: 9, bytesAfter: 5, files: 1, bytes: 5 },
    })),
  expireSnapshots: async () => ({ snapshots: 2, files: 4, bytes: 9 }),
  removeGarbage: async () => ({ files: 1, bytes: 2 }),
};

const HOURLY: ScheduleTimes = {
  ...{ cron: [], everyMicros: 3_600_000_000, offsetMicros: 0, timezone: 'UTC' },
  ...{ jitterMicros: 0, overlap: 'skip', catchupMicros: null },
};

const backfillInput = { project, view: 'delays', from: day(1), to: day(5) };

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'ingest-published',
    activities: INGEST,
    play: (orchestra) => runToEnd(startRun(orchestra.client, 'ingest', { project, source: 'flights' })),
  },
  {
    name: 'ingest-refused-by-quality-gate',
    activities: {
      ...INGEST,
      auditIngestion: async () => {
        throw new AsofError('QUALITY_GATE', { where: 'source flights', problem: '3 rows have no origin' });
      },
    },
    play: (orchestra) => runToEnd(startRun(orchestra.client, 'ingest', { project, source: 'refused' })),
  },
  {
    name: 'ingest-cancelled-while-staging',
    activities: { ...INGEST, stageGroups: waitForCancellation },
    async play(orchestra) {
      const run = await startRun(orchestra.client, 'ingest', { project, source: 'cancelled' });
      await untilScheduled(orchestra, run, 'stageGroups');
      await cancelRun(run);
      return runToEnd(Promise.resolve(run));
    },
  },
  {
    name: 'backfill-with-a-failed-interval',
    activities: {
      ...BACKFILL,
      writeIntervals: async ({ intervals }: { intervals: { from: string }[] }) => {
        const failed = intervals.filter(({ from }) => from === day(2));
        const reports = failed.map((each) => ({ ...each, code: 'LAKE_WRITE_FAILED', message: 'disk full' }));
        return { done: intervals.length - failed.length, rows: 10, failed: reports };
      },
    },
    play: (orchestra) => runToEnd(startRun(orchestra.client, 'backfill', backfillInput, { fingerprint: 'f' })),
  },
  {
    name: 'backfill-paused-and-widened',
    activities: {
      ...BACKFILL,
      planBackfill: async () => {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        return BACKFILL.planBackfill();
      },
    },
    async play(orchestra) {
      const run = await startRun(orchestra.client, 'backfill', { ...backfillInput, parallel: 1 }, { fingerprint: 'g' });
      await untilScheduled(orchestra, run, 'planBackfill');
      await pauseRun(run);
      await setRunParallel(run, 3);
      await untilScheduled(orchestra, run, 'listIntervals');
      await resumeRun(run);
      return runToEnd(Promise.resolve(run));
    },
  },
  {
    name: 'backfill-continued-as-new',
    activities: LONG_BACKFILL,
    play: (orchestra) => runToEnd(startRun(orchestra.client, 'backfill', backfillInput, { fingerprint: 'h' })),
  },
  {
    name: 'backfill-carried-on',
    activities: LONG_BACKFILL,
    async play({ client }) {
      const run = await runToEnd(startRun(client, 'backfill', backfillInput, { fingerprint: 'i' }));
      const { runId } = await client.workflow.getHandle(run.workflowId).describe();
      return { ...run, id: runId };
    },
  },
  {
    name: 'ingest-scheduled',
    activities: INGEST,
    async play({ client }) {
      const key = { project, name: 'ingest/flights' };
      const work = { workflow: 'ingest', input: { project, source: 'flights', window: '1h' } } as const;
      await setSchedule(client, key, { work, times: HOURLY }, { paused: 'recorded by hand' });
      const due = { from: requireInstant(hour(3), 'from'), to: requireInstant(hour(4), 'to') };
      await backfillSchedule(client, key, due);
      const run = await startedRun(client);
      await deleteSchedule(client, key);
      return runToEnd(Promise.resolve(run));
    },
  },
  {
    name: 'materialize-with-a-failed-view',
    activities: MATERIALIZE,
    play: (orchestra) => runToEnd(startRun(orchestra.client, 'materialize', { project, views: ['delays', 'latest'] })),
  },
  {
    name: 'maintain-compacted',
    activities: MAINTAIN,
    play: (orchestra) => runToEnd(startRun(orchestra.client, 'maintain', { project })),
  },
  {
    name: 'monitor-freshness-changed',
    activities: {
      lookAtFreshness: async () => ({
        lookedAt: day(2),
        views: [{ view: 'latest', state: 'stale', target: '5m', ageSeconds: 360 }],
        changes: [{ view: 'latest', before: 'fresh', state: 'stale', since: day(1), target: '5m' }],
      }),
    },
    play: (orchestra) => runToEnd(startRun(orchestra.client, 'monitorFreshness', { project })),
  },
  {
    name: 'check-consistency-with-a-difference',
    activities: {
      checkServedValues: async () => ({
        ...{ since: day(1), until: day(2), vectors: 3, waiting: 1, unreadable: 0 },
        ...{ values: { ...NOTHING_COUNTED, equal: 2, different: 1 }, equalShare: 2 / 3 },
        features: [{ view: 'latest', feature: 'delay', ...NOTHING_COUNTED, equal: 2, different: 1 }],
      }),
    },
    play: (orchestra) => runToEnd(startRun(orchestra.client, 'checkConsistency', { project, last: '1d' })),
  },
  {
    name: 'run-stream-widened-and-stopped',
    activities: STREAM,
    async play(orchestra) {
      const { client } = orchestra;
      const run = await startRun(client, 'runStream', { project, view: 'delays', landEvery: '1s' });
      await untilScheduled(orchestra, run, 'observeStream');
      await setStreamConsumers(run, 2);
      await untilStarted(orchestra, run, 'consumeTopic', 3);
      await stopRun(run);
      return runToEnd(Promise.resolve(run));
    },
  },
  {
    name: 'materialize-behind-a-stream',
    activities: STREAM,
    play: ({ client }) => runToEnd(startRun(client, 'materialize', { project, views: ['delays'], to: day(4) })),
  },
  {
    name: 'build-training-dataset-published',
    activities: DATASET,
    play: (orchestra) =>
      runToEnd(
        startRun(orchestra.client, 'buildTrainingDataset', {
          project,
          name: 'd',
          spine: '/s.csv',
          features: ['delays'],
        }),
      ),
  },
];

/** The run that the only schedule of the namespace started. */
async function startedRun(client: Orchestra['client']): Promise<RunHandle> {
  for (;;) {
    for await (const { scheduleId } of client.schedule.list()) {
      const { info } = await client.schedule.getHandle(scheduleId).describe();
      const action = info.recentActions[0]?.action;
      if (action !== undefined) {
        const { workflowId, firstExecutionRunId: id } = action.workflow;
        return { client, workflow: 'ingest', workflowId, id };
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The end of the run counts, not what it is. */
async function runToEnd(starting: Promise<RunHandle>): Promise<RunHandle> {
  const run = await starting;
  await waitForRun(run).catch(() => undefined);
  return run;
}

/** Until workers have begun with so many activities of this name. */
async function untilStarted({ client }: Orchestra, run: RunHandle, activity: string, count: number): Promise<void> {
  const handle = client.workflow.getHandle(run.workflowId, run.id);
  for (;;) {
    const { events } = await handle.fetchHistory();
    const ids = events
      ?.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity)
      .map(({ eventId }) => String(eventId));
    const { raw } = await handle.describe();
    const begun = raw.pendingActivities?.filter(({ activityType, lastStartedTime }) => {
      return activityType?.name === activity && lastStartedTime;
    });
    if ((ids?.length ?? 0) >= count && (begun?.length ?? 0) >= count - 1) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function untilScheduled({ client }: Orchestra, run: RunHandle, activity: string): Promise<void> {
  const handle = client.workflow.getHandle(run.workflowId, run.id);
  for (;;) {
    const { events } = await handle.fetchHistory();
    const names = events?.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
    if (names?.includes(activity)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function waitForCancellation(): Promise<never> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 50);
  try {
    await context.sleep('30 seconds');
  } finally {
    clearInterval(beat);
  }
  throw new AsofError('INTERNAL', { problem: 'nobody cancelled the run' });
}

function hour(number: number): string {
  return new Date(Date.parse(day(1)) + number * 3_600_000).toISOString();
}

function day(number: number): string {
  return `2001-01-0${number}T00:00:00.000000Z`;
}

function interval(number: number): { readonly from: string; readonly to: string } {
  return { from: day(number), to: day(number + 1) };
}
