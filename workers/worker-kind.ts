import { TASK_QUEUES } from '../contracts/config.ts';

export const WORKER_KINDS = ['orchestration', 'compute', 'serving'] as const;
export type WorkerKind = (typeof WORKER_KINDS)[number];

/** Activities at once, by the task queues that a kind of worker polls. */
export interface QueueSlots {
  readonly taskQueue: string;
  readonly slots: number;
}

/**
 * Compute slots are few, since each holds an engine with its share of the memory. Backfills have their own, so that
 * however long one runs, fresh data finds a slot.
 */
export const ACTIVITY_QUEUES: Readonly<Record<WorkerKind, readonly QueueSlots[]>> = {
  orchestration: [],
  compute: [
    { taskQueue: TASK_QUEUES.compute, slots: 2 },
    { taskQueue: TASK_QUEUES.backfill, slots: 1 },
  ],
  serving: [
    { taskQueue: TASK_QUEUES.serving, slots: 64 },
    { taskQueue: TASK_QUEUES.streaming, slots: 4 },
  ],
};

/** Engines at once in one compute worker. */
export const ENGINE_SLOTS = ACTIVITY_QUEUES.compute.reduce((sum, { slots }) => sum + slots, 0);

/** Consumers of topics at once in one serving worker, each with a small engine of its own. */
export const CONSUMER_SLOTS = ACTIVITY_QUEUES.serving.find(
  ({ taskQueue }) => taskQueue === TASK_QUEUES.streaming,
)!.slots;
