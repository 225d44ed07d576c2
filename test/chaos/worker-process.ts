/** A worker as a process of its own, to be killed, frozen and asked to end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerKind } from '../../workers/worker-kind.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../bin/asof');
/** A worker starts while others do, on a machine that is busy. */
const READY_MILLIS = 180_000;

export interface WorkerPlace {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface WorkerProcess {
  readonly kind: WorkerKind;
  readonly name: string;
  readonly pid: number;
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void;
  hasEnded(): boolean;
  /** Null while it runs, and when a signal ended it. */
  exitCode(): number | null;
  /** Asks it to end, and answers its exit code; null when a signal ended it. */
  quit(): Promise<number | null>;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
}

/** Starts a worker and waits until it polls. What it prints goes to `<directory>/logs/<name>.log`. */
export async function startWorkerProcess(place: WorkerPlace, kind: WorkerKind, name: string): Promise<WorkerProcess> {
  const readyFile = path.join(place.directory, `${name}.ready`);
  rmSync(readyFile, { force: true });
  const log = openSync(path.join(place.directory, 'logs', `${name}.log`), 'a');
  const child = spawn(process.execPath, [PROGRAM, '-C', place.directory, 'worker', '--kind', kind], {
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      ASOF_MEMORY_LIMIT: '1GB',
      ASOF_THREADS: '2',
      ...place.environment,
      ASOF_READY_FILE: readyFile,
    },
  });
  closeSync(log);
  const worker = workerOf(child, kind, name);
  for (const deadline = performance.now() + READY_MILLIS; !existsSync(readyFile); await sleep(50)) {
    if (!worker.hasEnded() && performance.now() < deadline) continue;
    worker.signal('SIGKILL');
    throw new Error(`worker ${name} did not become ready; see ${place.directory}/logs/${name}.log`);
  }
  return worker;
}

function workerOf(child: ChildProcess, kind: WorkerKind, name: string): WorkerProcess {
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    kind,
    name,
    pid: child.pid ?? 0,
    signal: (signal) => void child.kill(signal),
    hasEnded,
    exitCode: () => child.exitCode,
    async quit() {
      child.kill('SIGTERM');
      await ended;
      return child.exitCode;
    },
    ended,
  };
}
