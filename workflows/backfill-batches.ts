import { CancellationScope, condition, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { BackfillActivities, IntervalsWritten } from '../activities/backfill-activities.ts';
import type { Interval } from '../activities/backfill-plan-activities.ts';
import { backfillActivities } from './activity-options.ts';
import type { BackfillControl } from './backfill-control.ts';
import { describeFailure } from './run-failure.ts';

export interface BatchJob {
  readonly project: string;
  readonly view: string;
  readonly definitions: string;
  readonly runId: string;
}

/**
 * Works through batches of intervals with a sliding window: a new one starts as soon as one of `control.parallel` is
 * free, until it is to stop. A batch that fails as a whole is reported as failed intervals, and the rest goes on; only
 * cancellation is thrown, after everything under way has ended.
 */
export async function writeBatches(
  batches: readonly (readonly Interval[])[],
  job: BatchJob,
  control: Readonly<BackfillControl>,
  report: (written: IntervalsWritten) => void,
): Promise<void> {
  let running = 0;
  const start = async (batch: readonly Interval[]): Promise<void> => {
    running++;
    try {
      report(await writeBatch(batch, job));
    } finally {
      running--;
    }
  };
  const started: Promise<void>[] = [];
  try {
    for (const batch of batches) {
      await condition(() => control.stopping || (!control.paused && running < control.parallel));
      if (control.stopping) break;
      started.push(start(batch));
    }
  } finally {
    await CancellationScope.nonCancellable(() => Promise.allSettled(started));
  }
  await Promise.all(started);
}

async function writeBatch(intervals: readonly Interval[], job: BatchJob): Promise<IntervalsWritten> {
  const first = intervals[0]?.from.slice(0, 16) ?? '';
  const summary = intervals.length > 1 ? `${first} and ${intervals.length - 1} more` : first;
  try {
    return await backfillActivities<BackfillActivities>(summary).writeIntervals({ ...job, intervals });
  } catch (error) {
    if (isCancellation(error)) throw error;
    const { code, message } = describeFailure(error, workflowInfo().workflowId);
    return { done: 0, rows: 0, failed: intervals.map((interval) => ({ ...interval, code, message })) };
  }
}

/** Cuts a page into batches; one activity takes several neighbours when there are many intervals in all. */
export function cutBatches(intervals: readonly Interval[], size: number): readonly (readonly Interval[])[] {
  const batches: (readonly Interval[])[] = [];
  for (let start = 0; start < intervals.length; start += size) batches.push(intervals.slice(start, start + size));
  return batches;
}
