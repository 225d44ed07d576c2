/** A project directory of one test, and the command line in it. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import type { DevStack, ProcessName } from '../../../contracts/config.ts';
import { readDocument, startCommand, type Outcome, type RunningCommand } from './command.ts';
import { findProcessesOf } from './leftovers.ts';

const FLIGHTS_EXAMPLE = path.resolve(import.meta.dirname, '../../../examples/flights');

/** What a command with `--json` prints when it fails. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface Project {
  readonly directory: string;
  /** The path of a file of the project. */
  file(name: string): string;
  /** Writes a file of the project, and returns its path. */
  write(name: string, text: string): string;
  /** Runs a command with `--json` in the project's directory; it must succeed. */
  run<T>(...args: readonly string[]): Promise<T>;
  /** Runs a command with `--json` that must end with this exit code, and tell why on both outputs. */
  fail(exitCode: number, ...args: readonly string[]): Promise<Failure>;
  /** Starts a command with `--json`. */
  start(...args: readonly string[]): RunningCommand;
  /** `.asof/dev.json`. */
  stack(): DevStack;
  pidOf(name: ProcessName): number;
  /** `asof down`; fails when it leaves a process behind. Removes the directory in any case. */
  close(): Promise<void>;
}

/** An empty directory in one of mode 0700. */
export function createProject(name = 'project'): Project {
  const root = mkdtempSync(path.join(tmpdir(), 'asof-e2e-'));
  const directory = path.join(root, name);
  mkdirSync(directory);
  const file = (name: string): string => path.join(directory, name);
  const start = (...args: readonly string[]): RunningCommand => startCommand([...args, '--json'], directory);
  const stack = (): DevStack => JSON.parse(readFileSync(file('.asof/dev.json'), 'utf8')) as DevStack;
  return {
    directory,
    file,
    write(name, text) {
      mkdirSync(path.dirname(file(name)), { recursive: true });
      writeFileSync(file(name), text);
      return file(name);
    },
    async run<T>(...args: readonly string[]): Promise<T> {
      return readDocument<T>(await start(...args).outcome, 0);
    },
    async fail(exitCode, ...args) {
      return readFailure(await start(...args).outcome, exitCode);
    },
    start,
    stack,
    pidOf(name) {
      const found = stack().processes.find((one) => one.name === name);
      if (found === undefined) throw new Error(`${name} is not in dev.json`);
      return found.pid;
    },
    async close() {
      const down = await start('-C', directory, 'down').outcome;
      const left = findProcessesOf(directory);
      for (const { pid } of left) process.kill(pid, 'SIGKILL');
      rmSync(root, { recursive: true, force: true });
      expect(left, down.stderr).toEqual([]);
    },
  };
}

/** A project as `asof init` writes it. */
export async function createInitialProject(name?: string): Promise<Project> {
  const project = createProject(name);
  await project.run('init', project.directory);
  return project;
}

/** The flights example with prepared data, which are copied. */
export function createFlightsProject(data: string): Project {
  const project = createProject();
  for (const name of ['asof.config.ts', 'features.ts']) cpSync(path.join(FLIGHTS_EXAMPLE, name), project.file(name));
  cpSync(data, project.file('data'), { recursive: true });
  return project;
}

/** The error of a failed command: once on stdout as JSON, once on stderr in words. */
export function readFailure(outcome: Outcome, exitCode: number): Failure {
  const { error } = readDocument<{ error: Failure }>(outcome, exitCode);
  expect(outcome.stderr).toContain(error.message);
  return error;
}
