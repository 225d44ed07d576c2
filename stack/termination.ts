/** Ends processes of the stack, and waits until they are gone. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessName } from '../contracts/config.ts';
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity.ts';

interface Manner {
  readonly signal: NodeJS.Signals;
  readonly graceMillis: number;
}

const WORKER: Manner = { signal: 'SIGTERM', graceMillis: 20_000 };

const MANNERS: Readonly<Record<ProcessName, Manner>> = {
  api: { signal: 'SIGTERM', graceMillis: 10_000 },
  'worker-orchestration': WORKER,
  'worker-compute': WORKER,
  'worker-serving': WORKER,
  temporal: { signal: 'SIGTERM', graceMillis: 5_000 },
  redis: { signal: 'SIGTERM', graceMillis: 10_000 },
  s3: { signal: 'SIGTERM', graceMillis: 5_000 },
  kafka: { signal: 'SIGTERM', graceMillis: 15_000 },
  // PostgreSQL waits for its clients on SIGTERM and disconnects them on SIGINT
  catalog: { signal: 'SIGINT', graceMillis: 10_000 },
};

/** Asks the process to end, kills it after its grace, and returns when neither it nor its group exists any more. */
export async function terminate(name: ProcessName, identity: ProcessIdentity): Promise<void> {
  if (askToEnd(name, identity)) {
    if (!(await hasEnded(() => !isRunning(identity), MANNERS[name].graceMillis))) send(-identity.pid, 'SIGKILL');
    await hasEnded(() => !isRunning(identity), 5_000);
  }
  await endGroup(identity);
}

/** Sends the signal that lets the process end in good order. False when it does not run. */
export function askToEnd(name: ProcessName, identity: ProcessIdentity): boolean {
  return isRunning(identity) && send(identity.pid, MANNERS[name].signal);
}

/**
 * Kills what a dead leader left in its group. A group keeps its number from being given to a new process, so a group
 * without a leader can only be the one that the leader left.
 */
async function endGroup({ pid }: ProcessIdentity): Promise<void> {
  const isGone = (): boolean => identifyProcess(pid) !== undefined || !send(-pid, 0);
  if (isGone()) return;
  send(-pid, 'SIGKILL');
  await hasEnded(isGone, 2_000);
}

async function hasEnded(isGone: () => boolean, withinMillis: number): Promise<boolean> {
  const deadline = performance.now() + withinMillis;
  while (!isGone()) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** False when there is nobody to send to. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
