/** Where activities run, how long they may take and how often they are tried: one place for all workflows. */
import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import { TASK_QUEUES } from '../contracts/config.ts';

/** Catalog look-ups and records: seconds at most, and over in minutes even while the catalog is away. */
const SHORT: ActivityOptions = {
  taskQueue: TASK_QUEUES.serving,
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '15 minutes',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '15 seconds', maximumAttempts: 40 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

/**
 * Work on data. A killed worker is noticed within the heartbeat timeout; the next attempt goes on from what the earlier
 * one left in the lake and the catalog.
 */
const LONG: ActivityOptions = {
  taskQueue: TASK_QUEUES.compute,
  // without a worker nothing else would ever end the wait
  scheduleToStartTimeout: '1 day',
  startToCloseTimeout: '12 hours',
  heartbeatTimeout: '12 seconds',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30 seconds', maximumAttempts: 10 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

/**
 * A consumer of a topic, for as long as its stream runs. A worker that dies is missed within the heartbeat timeout, and another
 * one takes its place, however often: only what cannot pass ends it.
 */
const CONSUMER: ActivityOptions = {
  taskQueue: TASK_QUEUES.streaming,
  // an execution of the stream is shorter, and ends its consumers
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '12 seconds',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '15 seconds' },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

/** Short catalog activities on the serving queue. `summary` is what the Temporal UI shows beside the call. */
export function shortActivities<A extends object>(summary: string) {
  return proxyActivities<A>({ ...SHORT, summary });
}

/** Long activities on the compute queue. */
export function computeActivities<A extends object>(summary: string) {
  return proxyActivities<A>({ ...LONG, summary });
}

/** Long activities on the backfill queue, whose slots are apart from those of fresh data. */
export function backfillActivities<A extends object>(summary: string) {
  return proxyActivities<A>({ ...LONG, taskQueue: TASK_QUEUES.backfill, summary });
}

/** Consumers on the streaming queue. */
export function consumerActivities<A extends object>(summary: string) {
  return proxyActivities<A>({ ...CONSUMER, summary });
}
