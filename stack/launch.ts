/** Starts a program that outlives its parent and holds none of its descriptors. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { AsofError, messageOf } from '../contracts/errors.ts';
import { identifyProcess, type ProcessIdentity } from './process-identity.ts';

export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
}

export interface Launched {
  readonly process: ProcessIdentity;
  /** How the process ended; undefined while it runs. */
  exit(): string | undefined;
}

/**
 * Starts the program as the leader of a process group of its own, with its output in `log`; the log of the run before
 * is kept as `<log>.previous`. Throws `COMPONENT_FAILED` when the program cannot be executed.
 */
export async function launch(name: string, command: CommandLine, log: string): Promise<Launched> {
  mkdirSync(path.dirname(log), { recursive: true });
  keepPrevious(log);
  const output = openSync(log, 'a');
  let exit: string | undefined;
  const child = spawn(command.program, command.args, {
    cwd: command.directory,
    env: command.env,
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  child.once(
    'exit',
    (code, signal) => (exit = signal === null ? `it exited with code ${code}` : `it died of ${signal}`),
  );
  const failure = await new Promise<Error | undefined>((resolve) => {
    child.once('spawn', () => resolve(undefined));
    child.once('error', resolve);
  });
  if (failure !== undefined || child.pid === undefined) {
    throw new AsofError('COMPONENT_FAILED', { component: name, problem: messageOf(failure) }, failure);
  }
  child.unref();
  // a process that is gone already has no identity; nothing will ever match this one
  const identity = identifyProcess(child.pid) ?? { pid: child.pid, started: 'gone' };
  return { process: identity, exit: () => exit };
}

/** The last lines of a log, for an error message. */
export function logTail(log: string, lines = 15): string {
  try {
    return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

function keepPrevious(log: string): void {
  try {
    renameSync(log, `${log}.previous`);
  } catch {
    // the first run has no log before it
  }
}
