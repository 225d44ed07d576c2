import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { mapActivityFailures } from '../activities/failure-interceptor.ts';
import { holdLakeFiles } from '../activities/lease-interceptor.ts';
import { TASK_QUEUES, type Settings } from '../contracts/config.ts';
import { AsofError, messageOf } from '../contracts/errors.ts';
import { dataConverterFor } from '../security/data-converter.ts';
import { openActivities } from './activity-set.ts';
import { requireAddress } from './required-address.ts';
import { requireRoom, watchProcess } from './process-watch.ts';
import { announceReady } from './ready-file.ts';
import { registerSearchAttributes } from './search-attributes.ts';
import { installTemporalRuntime } from './temporal-runtime.ts';
import { ACTIVITY_QUEUES, type WorkerKind } from './worker-kind.ts';
import { deploymentOptions, identityOf } from './worker-version.ts';
import { workflowBundle } from './workflow-bundle.ts';

/** Why a worker ended: it was asked to, or its memory grew above its limit. */
export type WorkerEnd = 'asked' | 'memory';

export interface RunningWorker {
  /**
   * Polls until `shutdown`, until SIGINT or SIGTERM, or until the process is above its memory limit; resolves when the work
   * under way has ended.
   */
  run(): Promise<WorkerEnd>;
  /** Asks for the end: no new work, a grace for what is under way. Calling it again is harmless. */
  shutdown(): void;
}

/** Cancelled activities get the rest of the stack's 20 seconds to interrupt the engine and leave. */
const GRACE: Pick<WorkerOptions, 'shutdownGraceTime' | 'shutdownForceTime'> = {
  shutdownGraceTime: '8 seconds',
  shutdownForceTime: '18 seconds',
};

/**
 * Connects a worker to Temporal and to the stores of its kind, ready to `run`. It serves every project of the namespace.
 * The file that `ASOF_READY_FILE` names is written once it polls, and removed when it stops. Addresses must be resolved:
 * a null one is `CONFIG_INVALID`. Throws `TEMPORAL_UNAVAILABLE`, or what opening a store throws.
 */
export async function startWorker(kind: WorkerKind, settings: Settings): Promise<RunningWorker> {
  requireRoom(settings.worker);
  installTemporalRuntime('INFO', settings.worker.metricsAddress);
  const address = requireAddress(settings.temporal.address, 'TEMPORAL_ADDRESS');
  const { version } = settings.worker;
  const connection = await reach(address, () => NativeConnection.connect({ address }));
  const closers: (() => Promise<void>)[] = [() => connection.close()];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.reverse()) await close();
  };
  try {
    const base: Omit<WorkerOptions, 'taskQueue'> = {
      connection,
      namespace: settings.temporal.namespace,
      identity: identityOf(kind, version),
      ...(version && { workerDeploymentOptions: deploymentOptions(version) }),
      ...GRACE,
      dataConverter: dataConverterFor(settings.temporal.payloadKeys),
    };
    const workers = await (kind === 'orchestration'
      ? createOrchestration(base, address, settings)
      : createActivityWorkers(kind, base, address, settings, closers));
    let end: WorkerEnd = 'asked';
    const stopWatching = watchProcess(kind, settings.worker, (residentBytes) => {
      if (end === 'memory' || workers.every((worker) => worker.getState() !== 'RUNNING')) return;
      end = 'memory';
      Runtime.instance().logger.warn('above its memory limit: takes no new work and ends', { kind, residentBytes });
      workers.forEach(stop);
    });
    closers.push(async () => stopWatching());
    return {
      run: async () => {
        await runAll(workers, closeAll);
        return end;
      },
      shutdown: () => workers.forEach(stop),
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

type WorkerBase = Omit<WorkerOptions, 'taskQueue'> & { readonly connection?: NativeConnection };

async function createOrchestration(base: WorkerBase, address: string, settings: Settings): Promise<readonly Worker[]> {
  const { connection } = base;
  if (connection) await reach(address, () => registerSearchAttributes(connection, settings.temporal.namespace));
  const worker = await Worker.create({
    ...base,
    taskQueue: TASK_QUEUES.orchestration,
    workflowBundle: await workflowBundle(settings.stateDirectory, settings.temporal.payloadKeys),
    maxConcurrentWorkflowTaskExecutions: 40,
    maxCachedWorkflows: 200,
  });
  return [worker];
}

async function createActivityWorkers(
  kind: 'compute' | 'serving',
  base: WorkerBase,
  address: string,
  settings: Settings,
  closers: (() => Promise<void>)[],
): Promise<readonly Worker[]> {
  const { activities, close } = await openActivities(kind, settings);
  closers.push(close);
  return Promise.all(
    ACTIVITY_QUEUES[kind].map(({ taskQueue, slots }) =>
      reach(address, () =>
        Worker.create({
          ...base,
          taskQueue,
          activities,
          maxConcurrentActivityTaskExecutions: slots,
          // a cancellation comes back with a heartbeat: this is how long it may take
          maxHeartbeatThrottleInterval: '2 seconds',
          defaultHeartbeatThrottleInterval: '2 seconds',
          interceptors: { activity: [mapActivityFailures, holdLakeFiles] },
        }),
      ),
    ),
  );
}

async function runAll(workers: readonly Worker[], closeAll: () => Promise<void>): Promise<void> {
  let withdraw: (() => Promise<void>) | undefined;
  try {
    const running = workers.map((worker) => worker.run());
    withdraw = await announceReady();
    // when one fails the others must not go on polling alone
    for (const one of running) one.catch(() => workers.forEach(stop));
    const failed = (await Promise.allSettled(running)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  } finally {
    await withdraw?.();
    await closeAll();
  }
}

/** The SDK refuses a second shutdown of a worker. */
function stop(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}

async function reach<T>(address: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new AsofError('TEMPORAL_UNAVAILABLE', { address, problem: messageOf(error) }, error);
  }
}
