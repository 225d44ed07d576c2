/** Starts one process of the stack and waits until it answers, on another port when its own was taken meanwhile. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessName } from '../contracts/config.ts';
import { AsofError } from '../contracts/errors.ts';
import type { Running, StartOptions } from './component.ts';
import { excerptLog, launch, readLog, type CommandLine, type Launched } from './launch.ts';
import { findPort } from './ports.ts';
import { terminate } from './termination.ts';

export interface ProcessPlan {
  readonly name: ProcessName;
  /** Preferred ports, one for each that the process listens on. */
  readonly ports: readonly number[];
  readonly command: (ports: readonly number[]) => CommandLine;
  /** Where it answers, once it does. Must not take another process on the same port for ours. */
  readonly probe: (
    attempt: Attempt,
  ) => Promise<{ readonly address: string | null; readonly ui: string | null } | undefined>;
  readonly timeoutMillis: number;
}

export interface Attempt {
  readonly pid: number;
  readonly ports: readonly number[];
  readonly log: string;
}

const ATTEMPTS = 5;
const PORT_TAKEN = /address already in use|EADDRINUSE/i;

/** Throws `COMPONENT_FAILED` with the end of the log when the process ends or is not ready in time. */
export async function startProcess(
  plan: ProcessPlan,
  options: Pick<StartOptions, 'directory' | 'ports' | 'launched'>,
): Promise<Running> {
  const log = path.join(options.directory, 'logs', `${plan.name}.log`);
  for (let attempt = 1; ; attempt++) {
    const preferred = attempt === 1 ? preferredPorts(plan, options.ports) : [];
    const ports: number[] = [];
    for (const index of plan.ports.keys()) ports.push(await findPort(preferred[index] ?? null));
    const launched = await launch(plan.name, plan.command(ports), log, (process) =>
      options.launched({ name: plan.name, process, ready: false, address: null, ui: null, ports }),
    );
    const problem = await becomeReady(plan, launched, { pid: launched.process.pid, ports, log });
    if (typeof problem !== 'string') {
      const running = { name: plan.name, process: launched.process, ready: true, ...problem, ports };
      options.launched(running);
      return running;
    }
    await terminate(plan.name, launched.process);
    if (attempt === ATTEMPTS || !PORT_TAKEN.test(readLog(log))) {
      throw new AsofError('COMPONENT_FAILED', {
        component: plan.name,
        problem: `${problem}; ${log} says:\n${excerptLog(log)}`,
      });
    }
  }
}

function preferredPorts(plan: ProcessPlan, choice: StartOptions['ports']): readonly number[] {
  if (choice === 'default') return plan.ports;
  return choice === 'free' ? [] : choice;
}

async function becomeReady(
  plan: ProcessPlan,
  launched: Launched,
  attempt: Attempt,
): Promise<{ readonly address: string | null; readonly ui: string | null } | string> {
  const deadline = performance.now() + plan.timeoutMillis;
  while (performance.now() < deadline) {
    const answer = await plan.probe(attempt);
    const exit = launched.exit();
    if (exit !== undefined) return exit;
    if (answer !== undefined) return answer;
    await sleep(25);
  }
  return `it was not ready within ${plan.timeoutMillis / 1000} s`;
}
