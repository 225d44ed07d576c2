/**
 * A worker of the development stack that ends by itself, above its memory limit, is started again. Nobody watches over the
 * stack's processes, so the one that ends has its successor started, by a process that waits for its end.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Settings } from '../contracts/config.ts';
import { startAsofProcess, type AsofProcessName } from './asof-processes.ts';
import { stopProcess } from './components.ts';
import { rewriteStackProcesses } from './dev.ts';
import { withLock } from './lock.ts';
import { isRunning } from './process-identity.ts';
import { readRecords, runLock, writeRecord } from './run-records.ts';

const LOCK_WAIT_MILLIS = 300_000;
const END_WAIT_MILLIS = 20_000;

/** Does nothing in a process that no stack started: its own supervisor knows the exit code. */
export function requestSuccessor({ stateDirectory, projectDirectory }: Settings): void {
  const name = process.env['ASOF_STACK_PROCESS'];
  if (name === undefined) return;
  const script = fileURLToPath(new URL('start-successor.ts', import.meta.url));
  const loader = createRequire(import.meta.url).resolve('tsx');
  const log = openSync(path.join(stateDirectory, 'logs', 'successor.log'), 'a');
  // a group of its own: what is left of the group of a process that has ended is ended too
  spawn(process.execPath, ['--import', loader, script, projectDirectory, name, String(process.pid)], {
    detached: true,
    stdio: ['ignore', log, log],
  }).unref();
  closeSync(log);
}

/**
 * Starts the process again once `pid`, its predecessor, has ended. Does nothing when that is not the stack's process any
 * more: the stack was stopped meanwhile, or somebody else has started it.
 */
export async function startSuccessor(settings: Settings, name: AsofProcessName, pid: number): Promise<void> {
  const directory = settings.stateDirectory;
  await withLock(runLock(directory), LOCK_WAIT_MILLIS, async () => {
    const record = readRecords(directory).find((one) => one.name === name);
    if (record?.process.pid !== pid) return;
    const deadline = performance.now() + END_WAIT_MILLIS;
    while (isRunning(record.process) && performance.now() < deadline) await sleep(50);
    await stopProcess(directory, name);
    await startAsofProcess(name, settings, {
      ports: record.ports,
      launched: (running) => writeRecord(directory, { ...running, owner: record.owner }),
    });
    rewriteStackProcesses(settings);
  });
}
