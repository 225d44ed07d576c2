/** Runs `bin/asof` as a user does: a process of its own, its output, its exit code. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect } from 'vitest';

const PROGRAM = path.resolve(import.meta.dirname, '../../../bin/asof');

/** Settings of whoever runs the tests must not reach them. */
const FOREIGN = /^(ASOF_|REDIS_URL$|TEMPORAL_|KAFKA_BROKERS$|S3_ENDPOINT$|AWS_|NODE_OPTIONS$|VITEST|FORCE_COLOR$)/;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly pid: number;
  /** Resolves when the process has ended and nobody holds its output any more. */
  readonly outcome: Promise<Outcome>;
}

/** `workingDirectory` is what relative arguments are relative to; `variables` come on top of the environment. */
export function startCommand(
  args: readonly string[],
  workingDirectory: string,
  variables: NodeJS.ProcessEnv = {},
): RunningCommand {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: workingDirectory,
    env: { ...commandEnvironment(), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { pid: child.pid ?? 0, outcome };
}

/** The one JSON document of a command with `--json`; fails when the output is anything else or the exit code another. */
export function readDocument<T>({ code, stdout, stderr }: Outcome, exitCode: number): T {
  expect({ code, stderr: code === exitCode ? '' : stderr + stdout }).toEqual({ code: exitCode, stderr: '' });
  const lines = stdout.split('\n').filter((line) => line !== '');
  expect(lines, 'documents on stdout').toHaveLength(1);
  return JSON.parse(lines[0]!) as T;
}

function commandEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  return { ...Object.fromEntries(own), ASOF_MEMORY_LIMIT: '1GB', ASOF_THREADS: '2' };
}
