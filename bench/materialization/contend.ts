/**
 * One contender of a materialization row: fills an empty Redis of its own with every entity, and says what that took here
 * and there. Of Asof only the run counts, without the start of the process and of its components.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import type { Settings } from '../../contracts/config.ts';
import { loadSettings } from '../../definitions/loading.ts';
import { withComponents } from '../../stack/with-components.ts';
import type { Measurement } from '../contest.ts';
import { openAsofRun } from './asof-run.ts';
import { pipeRows, readPiped } from './bare-pipe.ts';
import { sampledKeys, type MaterializationTask } from './task.ts';

const run = promisify(execFile);
const FEAST = path.resolve(import.meta.dirname, '../peers/materialize_feast.py');

const task = JSON.parse(process.argv[2] ?? '') as MaterializationTask;

/** What a client measured of itself. */
type ClientResult = Pick<Measurement, 'seconds' | 'cpuSeconds' | 'peakBytes' | 'checksum'>;

async function measureHere(
  work: () => Promise<void>,
  read: (keys: readonly number[]) => Promise<readonly number[]>,
): Promise<ClientResult> {
  const [started, startedCpu] = [performance.now(), process.cpuUsage()];
  await work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(startedCpu);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const checksum = (await read(sampledKeys(task))).reduce((sum, value) => sum + value);
  return { seconds, cpuSeconds: (user + system) / 1e6, peakBytes, checksum };
}

async function measureAsof(settings: Settings): Promise<ClientResult> {
  return withComponents(settings, ['catalog'], async (complete) => {
    const own = await openAsofRun(complete);
    try {
      return await measureHere(
        () => own.materialize(),
        (keys) => own.read(keys),
      );
    } finally {
      await own.close();
    }
  });
}

async function measureFeast(redisUrl: string, repository: string): Promise<ClientResult> {
  const input = JSON.stringify({ ...task, redis: redisUrl, repository, sample: sampledKeys(task) });
  const { stdout } = await run(task.python!, [FEAST, input], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as ClientResult;
}

async function askServer(redis: Redis): Promise<{ readonly bytes: number; readonly cpuSeconds: number }> {
  const info = await redis.info();
  const figure = (name: string): number => Number(new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? Number.NaN);
  return {
    // what clients hold of buffers is none of the content
    bytes: figure('used_memory') - figure('mem_clients_normal'),
    cpuSeconds: figure('used_cpu_user') + figure('used_cpu_sys'),
  };
}

async function contend(settings: Settings, directory: string): Promise<Measurement> {
  const redisUrl = settings.redisUrl ?? '';
  const redis = new Redis(redisUrl);
  try {
    const before = await askServer(redis);
    const pipe = { data: path.dirname(task.file), spill: path.join(directory, 'spill') };
    const client =
      task.kind === 'asof'
        ? await measureAsof(settings)
        : task.kind === 'feast'
          ? await measureFeast(redisUrl, directory)
          : await measureHere(
              () => pipeRows(task, redisUrl, pipe),
              (keys) => readPiped(redisUrl, keys),
            );
    const after = await askServer(redis);
    return {
      ...client,
      rows: task.entities,
      serverCpuSeconds: after.cpuSeconds - before.cpuSeconds,
      bytesPerRow: (after.bytes - before.bytes) / task.entities,
    };
  } finally {
    redis.disconnect();
  }
}

const directory = await mkdtemp(path.join(tmpdir(), 'asof-bench-materialize-'));
try {
  const settings = await loadSettings({ directory: task.directory });
  const empty = { ...settings, stateDirectory: directory, redisUrl: null };
  await withComponents(
    empty,
    ['redis'],
    async ({ redisUrl }) => console.log(JSON.stringify(await contend({ ...settings, redisUrl }, directory))),
    { ports: 'free', durable: false },
  );
} finally {
  await rm(directory, { recursive: true, force: true });
}
