/** Fault 20 of the reliability table: every workflow is cancelled at each of its steps, then started again. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunHandle } from '../../workers/starter.ts';
import { cancelRun, waitForRun } from '../../workers/starter.ts';
import { poll } from '../e2e/support/polling.ts';
import { createDice } from './dice.ts';
import { VIEWS } from './definitions.ts';
import { openFaultStage, type FaultStage } from './fault-stage.ts';
import { drawQuestions } from './workload.ts';

let stage: FaultStage;
beforeAll(async () => {
  stage = await openFaultStage(20);
  stage.files.add();
  await stage.expectWhole();
});
afterAll(() => stage?.close());

interface Cancelled {
  readonly steps: readonly string[];
  /** New work, and its start. */
  readonly start: () => Promise<RunHandle>;
}

const WORKFLOWS: Readonly<Record<string, Cancelled>> = {
  ingest: {
    steps: ['beginRun', 'planIngestion', 'stageGroups', 'auditIngestion', 'publishIngestion', 'endRun'],
    async start() {
      stage.files.replace();
      return stage.startIngest();
    },
  },
  backfill: {
    steps: ['beginRun', 'planBackfill', 'listIntervals', 'writeIntervals', 'endRun'],
    start: () => stage.startBackfill('latest', { chunk: '3h', restate: true }),
  },
  materialize: {
    steps: ['beginRun', 'planMaterialization', 'materializeView', 'endRun'],
    async start() {
      stage.files.replace();
      await waitForRun(await stage.startIngest());
      return stage.start('materialize', { views: [...VIEWS] });
    },
  },
  buildTrainingDataset: {
    steps: ['beginRun', 'planDataset', 'computeUnits', 'assembleRanges', 'publishDataset', 'endRun'],
    start() {
      const spine = stage.spine('cancelled', drawQuestions(createDice(20, 2), 30));
      return stage.start('buildTrainingDataset', { name: 'cancelled', spine, features: [...VIEWS], shards: 3 });
    },
  },
  maintain: {
    steps: ['beginRun', 'planMaintenance', 'maintainTables', 'expireSnapshots', 'removeGarbage', 'endRun'],
    start: () => stage.start('maintain', { retentionDays: 0, graceDays: 0 }),
  },
};

it.each(Object.keys(WORKFLOWS))(
  '20: %s that is cancelled at each of its steps is whole, and is done when it starts again',
  async (name) => {
    const { steps, start } = WORKFLOWS[name]!;
    const ends: string[] = [];
    for (const step of steps) {
      // steps last long enough to be cancelled in
      stage.proxies.catalog.delay(30);
      const run = await start();
      await untilScheduled(run, step);
      await cancelRun(run).catch(() => undefined);
      const end = await waitForRun(run).then(
        () => 'completed',
        (error: { readonly code: string }) => error.code,
      );
      ends.push(end);
      stage.proxies.catalog.heal();
    }
    // one that is cancelled while its end is recorded has ended
    expect(ends.filter((end) => end !== 'completed' && end !== 'RUN_CANCELLED')).toEqual([]);
    expect(ends.filter((end) => end === 'RUN_CANCELLED').length).toBeGreaterThanOrEqual(2);
    await waitForRun(await start());
    await stage.expectWhole();
  },
);

/** Waits until the run has scheduled this activity, or has ended. */
async function untilScheduled(run: RunHandle, activity: string): Promise<void> {
  const handle = stage.client.workflow.getHandle(run.workflowId, run.id);
  await poll(async () => {
    const { events } = await handle.fetchHistory();
    const names = (events ?? []).map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
    const ended = events?.some((event) => event.workflowExecutionCompletedEventAttributes);
    return names.includes(activity) || ended ? true : undefined;
  });
}
