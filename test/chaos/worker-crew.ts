/** The workers of one chaos run: two that compute, so that one can take over, and one of each other kind. */
import type { WorkerKind } from '../../workers/worker-kind.ts';
import { startWorkerProcess, type WorkerPlace, type WorkerProcess } from './worker-process.ts';

const CREW: readonly { readonly name: string; readonly kind: WorkerKind }[] = [
  { name: 'compute-1', kind: 'compute' },
  { name: 'compute-2', kind: 'compute' },
  { name: 'orchestration', kind: 'orchestration' },
  { name: 'serving', kind: 'serving' },
];

export interface WorkerCrew {
  readonly names: readonly string[];
  get(name: string): WorkerProcess;
  /** Starts a worker again that has ended. */
  revive(name: string): Promise<void>;
  close(): Promise<void>;
}

export async function startCrew(place: WorkerPlace): Promise<WorkerCrew> {
  const workers = new Map<string, WorkerProcess>();
  const start = async ({ name, kind }: (typeof CREW)[number]): Promise<void> => {
    workers.set(name, await startWorkerProcess(place, kind, name));
  };
  const close = async (): Promise<void> => {
    for (const worker of workers.values()) if (!worker.hasEnded()) worker.signal('SIGKILL');
    await Promise.all([...workers.values()].map(({ ended }) => ended));
  };
  // the first builds the workflow bundle, which the others find
  const started = await Promise.allSettled(CREW.map(start));
  const failed = started.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') {
    await close();
    throw failed.reason;
  }
  return {
    names: CREW.map(({ name }) => name),
    get: (name) => workers.get(name)!,
    async revive(name) {
      await workers.get(name)!.ended;
      await start(CREW.find((one) => one.name === name)!);
    },
    close,
  };
}
