/**
 * Real workflows on the real server with activities that a test writes itself: for what orchestration alone decides, such
 * as the order of steps, what a failure stops and what a cancellation leaves behind.
 */
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { mapActivityFailures } from '../../activities/failure-interceptor.ts';
import type { RunActivities, RunEnd, RunIdentity } from '../../activities/run-activities.ts';
import { TASK_QUEUES } from '../../contracts/config.ts';
import { installTemporalRuntime } from '../../workers/temporal-runtime.ts';
import { deploymentOptions } from '../../workers/worker-version.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';

/** What the run activities were told. */
export interface RunBook {
  readonly begun: readonly RunIdentity[];
  readonly ended: readonly RunEnd[];
}

export interface Orchestra {
  readonly client: Client;
  /** Runs `work` while workers with these activities poll all task queues, without a version unless one is given. */
  perform<T>(activities: object, work: (book: RunBook) => Promise<T>, buildId?: string): Promise<T>;
  close(): Promise<void>;
}

export async function connectOrchestra(address: string, namespace: string): Promise<Orchestra> {
  installTemporalRuntime('ERROR');
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const bundle = await workflowBundle('.asof');
  const client = new Client({ connection, namespace });

  return {
    client,
    async perform(activities, work, buildId) {
      const begun: RunIdentity[] = [];
      const ended: RunEnd[] = [];
      const records: RunActivities = {
        beginRun: async (run) => void begun.push(run),
        endRun: async (end) => void ended.push(end),
      };
      const base = {
        ...{ connection: native, namespace, identity: 'orchestra' },
        ...(buildId !== undefined && { workerDeploymentOptions: deploymentOptions({ deployment: 'asof', buildId }) }),
      };
      const workers = await Promise.all([
        Worker.create({ ...base, taskQueue: TASK_QUEUES.orchestration, workflowBundle: bundle }),
        ...[TASK_QUEUES.compute, TASK_QUEUES.backfill, TASK_QUEUES.serving, TASK_QUEUES.streaming].map((taskQueue) =>
          Worker.create({
            ...base,
            taskQueue,
            activities: { ...records, ...activities },
            maxHeartbeatThrottleInterval: '200ms',
            defaultHeartbeatThrottleInterval: '200ms',
            interceptors: { activity: [mapActivityFailures] },
          }),
        ),
      ]);
      const running = Promise.all(workers.map((worker) => worker.run()));
      try {
        return await work({ begun, ended });
      } finally {
        for (const worker of workers) worker.shutdown();
        await running;
      }
    },
    async close() {
      await connection.close();
      await native.close();
    },
  };
}
