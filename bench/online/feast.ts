/** Feast, by its Python SDK and by its feature server, over the same Redis. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { findPort } from '../../stack/ports.ts';
import { rowsOfResults, serve, type BenchServer } from './servers.ts';
import { itemsOf, type OnlineTask } from './task.ts';

const run = promisify(execFile);
const REPOSITORY = path.join(tmpdir(), 'asof-bench-feast-');
const SCRIPT = path.resolve(import.meta.dirname, '../peers/online_feast.py');
/** Ends of workers that have answered many, refreshes of the registry and logs only cost. */
const TUNING = ['--no-access-log', '--workers', '2', '--registry_ttl_sec', '3600', '--max-requests', '1000000000'];

interface FeastResult {
  readonly seconds: number;
  readonly rows: number;
  readonly checksum: number;
}

/** Writes the values, and measures reads by the SDK. */
export async function measureFeastInProcess(task: OnlineTask, redisUrl: string): Promise<FeastResult> {
  const repository = await mkdtemp(REPOSITORY);
  try {
    const items = JSON.stringify(Array.from({ length: 200 }, (_, read) => itemsOf(read, task.entities)));
    const { stdout } = await runScript(repository, task, redisUrl, ['read', items]);
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as FeastResult;
  } finally {
    await rm(repository, { recursive: true, force: true });
  }
}

/** Writes the values, and starts the feature server with its best tuning. */
export async function serveFeast(task: OnlineTask, redisUrl: string): Promise<BenchServer> {
  const repository = await mkdtemp(REPOSITORY);
  await runScript(repository, task, redisUrl, ['write']);
  const port = await findPort(null);
  const program = path.join(path.dirname(task.python!), 'feast');
  const server = await serve({
    command: [program, '-c', repository, 'serve', '-p', String(port), ...TUNING],
    environment: { FEAST_USAGE: 'False', PYTHONUNBUFFERED: '1' },
    urlIn: (line) => (/startup complete/i.test(line) ? `http://127.0.0.1:${port}` : undefined),
    path: '/get-online-features',
    bodyOf: (items) => JSON.stringify({ features: task.features, entities: { key: items } }),
    rowsOf: rowsOfResults,
  });
  return {
    ...server,
    async stop() {
      await server.stop();
      await rm(repository, { recursive: true, force: true });
    },
  };
}

function runScript(
  repository: string,
  { python, files, features }: OnlineTask,
  redisUrl: string,
  words: readonly string[],
): Promise<{ readonly stdout: string }> {
  const input = JSON.stringify({ repository, redis: redisUrl, files, features });
  return run(python!, [SCRIPT, input, ...words], { maxBuffer: 2 ** 26 });
}
