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

/** Waits for a line before it becomes the program: when the parent dies first, the program never starts. */
const GATE = 'read -r line && exec "$@" </dev/null';

/**
 * Starts the program as the leader of a process group of its own, with its output in `log`; the log of the run before
 * is kept as `<log>.previous`. The program begins after `known` has been called with its process, so that whoever keeps
 * a record of it knows every process that ever runs. Throws `COMPONENT_FAILED` when it cannot be executed.
 */
export async function launch(
  name: string,
  command: CommandLine,
  log: string,
  known: (process: ProcessIdentity) => void,
): Promise<Launched> {
  mkdirSync(path.dirname(log), { recursive: true });
  keepPrevious(log);
  const output = openSync(log, 'a');
  let exit: string | undefined;
  const child = spawn('/bin/sh', ['-c', GATE, 'sh', command.program, ...command.args], {
    cwd: command.directory,
    env: command.env,
    detached: true,
    stdio: ['pipe', output, output],
  });
  closeSync(output);
  child.once('exit', (code, signal) => {
    exit = signal === null ? `it exited with code ${code}` : `it died of ${signal}`;
  });
  const failure = await new Promise<Error | undefined>((resolve) => {
    child.once('spawn', () => resolve(undefined));
    child.once('error', resolve);
  });
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
  if (identity === undefined) {
    throw new AsofError('COMPONENT_FAILED', { component: name, problem: messageOf(failure) }, failure);
  }
  known(identity);
  child.stdin?.on('error', () => undefined).end('start\n');
  child.unref();
  return { process: identity, exit: () => exit };
}

/** The lines of a log that tell what went wrong: from a panic on, otherwise the last ones. */
export function excerptLog(log: string, lines = 15): string {
  const all = readLog(log).trimEnd().split('\n');
  const panic = all.findIndex((line) => line.startsWith('panic:'));
  return (panic === -1 ? all.slice(-lines) : all.slice(panic, panic + lines)).join('\n');
}

export function readLog(log: string): string {
  try {
    return readFileSync(log, 'utf8');
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
