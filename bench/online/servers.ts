/** The servers of the rows over HTTP: each a process of its own, that is stopped by who started it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { OnlineTask } from './task.ts';

export interface BenchServer {
  readonly url: string;
  readonly path: string;
  bodyOf(items: readonly number[]): string;
  /** One read: rows of numbers, by item. */
  ask(items: readonly number[]): Promise<readonly (readonly number[])[]>;
  stop(): Promise<void>;
}

export interface ServedProgram {
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
  /** Finds the address in a line of its output. */
  readonly urlIn: (line: string) => string | undefined;
  readonly path: string;
  readonly bodyOf: (items: readonly number[]) => string;
  readonly rowsOf: (answer: unknown) => readonly (readonly number[])[];
}

const SERVING = ['--port', '0', '--processes', '1'];
const ROOT = path.resolve(import.meta.dirname, '../..');

/** Two processes, as Feast has two workers. */
export async function serveAsof(task: OnlineTask): Promise<BenchServer> {
  const { features, at } = task;
  return serve({
    command: [process.execPath, path.join(ROOT, 'bin/asof'), '-C', task.directory, 'serve', ...SERVING],
    urlIn: (line) => /^serving (\S+)$/.exec(line)?.[1],
    path: '/v1/online-features',
    bodyOf: (items) => JSON.stringify({ features, entities: { key: items }, at }),
    rowsOf: rowsOfResults,
  });
}

export async function serveBare(_task: OnlineTask, redisUrl: string): Promise<BenchServer> {
  return serve({
    command: [process.execPath, '--import', 'tsx', path.join(import.meta.dirname, 'bare-server.ts'), redisUrl],
    urlIn: (line) => (/^\d+$/.test(line) ? `http://127.0.0.1:${line}` : undefined),
    path: '/',
    bodyOf: (items) => JSON.stringify({ items }),
    rowsOf: (answer) => answer as readonly (readonly number[])[],
  });
}

/** Of Asof's document and Feast's alike: the key is the first result. */
export function rowsOfResults(answer: unknown): readonly (readonly number[])[] {
  const [keys, ...results] = (answer as { readonly results: readonly { readonly values: readonly number[] }[] })
    .results;
  return keys!.values.map((_, index) => results.map(({ values }) => values[index]!));
}

/** Runs the program until it says where it serves. Throws with its words when it ends first. */
export async function serve(program: ServedProgram): Promise<BenchServer> {
  const [file, ...args] = program.command;
  const environment = { ...process.env, ...program.environment };
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  const exited = once(child, 'exit');
  const words: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        words.push(line);
        const found = program.urlIn(line);
        if (found !== undefined) resolve(found);
      });
    }
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`${file} ended before it served: ${words.slice(-5).join(' ')}`)));
  });
  return {
    url,
    path: program.path,
    bodyOf: program.bodyOf,
    async ask(items) {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${url}${program.path}`, { method: 'POST', headers, body: program.bodyOf(items) });
      if (answer.status !== 200) throw new Error(`${url} answers ${answer.status}: ${await answer.text()}`);
      return program.rowsOf(await answer.json());
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
