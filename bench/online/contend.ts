/**
 * One contender of an online row: starts the stores and the server that it needs, warms up, measures, and prints the seconds of a
 * read: the median in process, the mean of eight connections over HTTP, and the 99th percentile of the open loop.
 */
import { openStore } from '../../index.ts';
import { loadSettings } from '../../definitions/loading.ts';
import { withComponents } from '../../stack/with-components.ts';
import type { Measurement } from '../contest.ts';
import { openBareStore, packBareStore } from './bare-store.ts';
import { measureFeastInProcess, serveFeast } from './feast.ts';
import { loadClosed, loadOpen } from './http-load.ts';
import { serveAsof, serveBare, type BenchServer } from './servers.ts';
import { itemsOf, KEYS, type OnlineTask } from './task.ts';

const task = JSON.parse(process.argv[2] ?? '') as OnlineTask;

/** A read long enough that a busy moment does not weigh: a fifth of it warms up. */
const READ_MILLIS = 4000;
const CONNECTIONS = 8;
const OPEN_LOOP_RATE = 2000;

type Read = (items: readonly number[]) => Promise<readonly (readonly number[])[]>;

interface Result {
  readonly seconds: number;
  readonly rows: number;
  readonly checksum: number;
}

/** Rows of numbers, by item, in this process. */
async function openReader(redisUrl: string): Promise<{ readonly read: Read; close(): Promise<void> }> {
  const store = await openStore(task.directory);
  const columns = task.features.map((name) => name.replace(':', '__'));
  const readAsof: Read = async (items) => {
    const { rows } = await store.getFeatures({
      features: task.features,
      entities: items.map((key) => ({ key })),
      ...(task.at !== undefined && { at: task.at }),
    });
    return rows.map((row) => columns.map((column) => Number(row[column])));
  };
  if (task.kind === 'asof') return { read: readAsof, close: () => store.close() };
  const values = await readAsof(itemsOf(0, KEYS));
  await store.close();
  await packBareStore(redisUrl, values);
  return openBareStore(redisUrl);
}

async function measureInProcess(redisUrl: string): Promise<Result> {
  const reader = await openReader(redisUrl);
  try {
    const millis: number[] = [];
    const started = performance.now();
    for (let count = 0; performance.now() - started < READ_MILLIS; count++) {
      const items = itemsOf(count, task.entities);
      const asked = performance.now();
      await reader.read(items);
      millis.push(performance.now() - asked);
    }
    const measured = millis.slice(Math.floor(millis.length / 5)).sort((a, b) => a - b);
    const first = await reader.read(itemsOf(0, task.entities));
    const median = measured[Math.floor(measured.length / 2)]!;
    return { seconds: median / 1000, rows: first.length, checksum: first.flat().reduce((sum, value) => sum + value) };
  } finally {
    await reader.close();
  }
}

async function measureOverHttp(redisUrl: string): Promise<Result> {
  const server = await startServer(redisUrl);
  try {
    const rows = await server.ask(itemsOf(0, task.entities));
    const checksum = rows.flat().reduce((sum, value) => sum + value);
    const load = {
      url: new URL(server.url),
      path: server.path,
      bodyOf: (read: number) => server.bodyOf(itemsOf(read, task.entities)),
      connections: CONNECTIONS,
      millis: READ_MILLIS,
    };
    const seconds = task.over === 'http' ? await loadClosed(load) : await loadOpen(load, OPEN_LOOP_RATE);
    return { seconds, rows: rows.length, checksum };
  } finally {
    await server.stop();
  }
}

async function startServer(redisUrl: string): Promise<BenchServer> {
  switch (task.kind) {
    case 'asof':
      return serveAsof(task);
    case 'feast':
      return serveFeast(task, redisUrl);
    case 'mget': {
      // fills the store that the server reads
      await (await openReader(redisUrl)).close();
      return serveBare(task, redisUrl);
    }
  }
}

const settings = await loadSettings({ directory: task.directory });
await withComponents(settings, ['catalog', 'redis'], async ({ redisUrl }) => {
  const peerUrl = `${redisUrl}/1`;
  const result =
    task.over !== 'process'
      ? await measureOverHttp(peerUrl)
      : task.kind === 'feast'
        ? await measureFeastInProcess(task, peerUrl)
        : await measureInProcess(peerUrl);
  const { user, system } = process.cpuUsage();
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ ...result, cpuSeconds: (user + system) / 1e6, peakBytes } satisfies Measurement));
});
