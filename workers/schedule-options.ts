/** A schedule in Temporal's terms. Every policy is stated: none is left to a default of the server or the client. */
import { ScheduleOverlapPolicy, type ScheduleOptions } from '@temporalio/client';
import { TASK_QUEUES } from '../contracts/config.ts';
import type { WorkflowName } from '../contracts/run-messages.ts';
import type { ScheduledWork, ScheduleOverlap, ScheduleTimes } from '../contracts/schedules.ts';
import { MICROS_PER_DAY, MICROS_PER_SECOND } from '../contracts/time.ts';
import { describeSchedule, describeWork } from '../definitions/declared-schedules.ts';
import { labelScheduled } from './run-labels.ts';

/** What a schedule was made from, kept with it: Temporal itself forgets how cron expressions were written. */
export interface ScheduleRecord {
  readonly work: ScheduledWork;
  readonly times: ScheduleTimes;
}

/** The least that Temporal takes. */
const LEAST_CATCHUP_MICROS = 10 * MICROS_PER_SECOND;

interface Policy {
  readonly overlap: ScheduleOverlap;
  readonly catchupMicros: number;
}

/**
 * An ingestion and a materialization take everything up to their time, so of those that are due meanwhile one is enough, but
 * that one must come. Ranges and datasets are each wanted: they wait in line. Maintenance can wait for the next time.
 */
const POLICIES: { readonly [W in WorkflowName]: Policy } = {
  ingest: { overlap: 'bufferOne', catchupMicros: MICROS_PER_DAY },
  backfill: { overlap: 'bufferAll', catchupMicros: 30 * MICROS_PER_DAY },
  materialize: { overlap: 'bufferOne', catchupMicros: MICROS_PER_DAY },
  buildTrainingDataset: { overlap: 'bufferAll', catchupMicros: MICROS_PER_DAY },
  maintain: { overlap: 'skip', catchupMicros: MICROS_PER_DAY },
  // a look that is late would see what the next one sees
  monitorFreshness: { overlap: 'skip', catchupMicros: LEAST_CATCHUP_MICROS },
  // what was served stays in the log for the next check
  checkConsistency: { overlap: 'skip', catchupMicros: LEAST_CATCHUP_MICROS },
  // the one that is at work is the one that is wanted
  runStream: { overlap: 'skip', catchupMicros: LEAST_CATCHUP_MICROS },
};

export const OVERLAP_POLICIES = {
  skip: ScheduleOverlapPolicy.SKIP,
  bufferOne: ScheduleOverlapPolicy.BUFFER_ONE,
  bufferAll: ScheduleOverlapPolicy.BUFFER_ALL,
  allowAll: ScheduleOverlapPolicy.ALLOW_ALL,
  cancelOther: ScheduleOverlapPolicy.CANCEL_OTHER,
} as const satisfies { readonly [O in ScheduleOverlap]: ScheduleOverlapPolicy };

/** What holds of a schedule: what was said, and what suits the work where nothing was. */
export function policyOf({ work, times }: ScheduleRecord): Policy {
  const suited = POLICIES[work.workflow];
  // with a window, an ingestion that is left out leaves its rows out
  const isRange = work.workflow === 'ingest' && work.input.window !== undefined;
  const { overlap, catchupMicros } = isRange ? POLICIES.backfill : suited;
  return { overlap: times.overlap ?? overlap, catchupMicros: times.catchupMicros ?? catchupMicros };
}

/** Runs get the time that they are scheduled for behind the id: `ingest/flights/flights/scheduled-2026-01-01T06:00:00Z`. */
export function scheduleOptions(
  scheduleId: string,
  record: ScheduleRecord,
): Pick<ScheduleOptions, 'scheduleId' | 'spec' | 'action' | 'policies'> {
  const { work, times } = record;
  const { overlap, catchupMicros } = policyOf(record);
  const { everyMicros, offsetMicros, cron, timezone, jitterMicros } = times;
  return {
    scheduleId,
    spec: {
      ...(everyMicros === null
        ? { cronExpressions: [...cron], timezone }
        : { intervals: [{ every: everyMicros / 1000, offset: offsetMicros / 1000 }] }),
      jitter: jitterMicros / 1000,
    },
    policies: { overlap: OVERLAP_POLICIES[overlap], catchupWindow: catchupMicros / 1000, pauseOnFailure: false },
    action: {
      type: 'startWorkflow',
      workflowType: work.workflow,
      workflowId: `${scheduleId}/scheduled`,
      taskQueue: TASK_QUEUES.orchestration,
      args: [work.input],
      memo: { schedule: record },
      ...labelScheduled(work, describeWork(work), describeSchedule(record)),
    },
  };
}
