/** Runs the command line as a user would, and reads its JSON. */
import { spawn } from 'node:child_process';
import path from 'node:path';

const PROGRAM = path.resolve(import.meta.dirname, '../../bin/asof');

/** Runs `asof ARGS --json` in a project, its progress bar in sight. Throws with the command's words when it fails. */
export async function asof<T>(project: string, ...args: readonly string[]): Promise<T> {
  const child = spawn(process.execPath, [PROGRAM, '-C', project, ...args, '--json'], {
    stdio: ['ignore', 'pipe', process.stderr.isTTY ? 'inherit' : 'pipe'],
  });
  let output = '';
  let log = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`asof ${args.join(' ')} ended with ${code}\n${log || output}`);
  return JSON.parse(output) as T;
}
