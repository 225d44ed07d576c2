/** Where programs are looked for, and how one is run to its end. */
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** Programs that Asof built or downloaded for itself, shared by all projects of a user. */
export function cacheDirectory(): string {
  return path.join(homedir(), '.cache', 'asof');
}

/** The absolute path of a program on PATH. */
export function findOnPath(program: string): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(path.delimiter).filter((directory) => directory !== '');
  return directories.map((directory) => path.resolve(directory, program)).find(isExecutable);
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

export interface Finished {
  readonly succeeded: boolean;
  /** Both outputs, the end of them when they are long. */
  readonly output: string;
}

/**
 * Runs a program to its end, without input; it is killed after `timeoutMillis`. Never rejects:
 * a program that cannot be started did not succeed.
 */
export function runToEnd(
  program: string,
  args: readonly string[],
  options: {
    readonly timeoutMillis: number;
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly line?: (line: string) => void;
  },
): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMillis,
      killSignal: 'SIGKILL',
    });
    let output = '';
    const collect = (chunk: string): void => {
      output = (output + chunk).slice(-4_000);
      for (const line of chunk.split('\n')) if (line.trim() !== '') options.line?.(line.trim());
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.once('error', (error) => resolve({ succeeded: false, output: error.message }));
    child.once('close', (code, signal) => {
      const ending = signal === null ? '' : `\nended by ${signal} after at most ${options.timeoutMillis / 1000} s`;
      resolve({ succeeded: code === 0, output: `${output.trim()}${ending}` });
    });
  });
}
