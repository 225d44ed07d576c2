/** `runStream` on real workers, a real broker and a real Redis: it brings values online, whatever dies beside it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { StreamStatus } from '../../../contracts/streams.ts';
import { clockNow } from '../../../contracts/time.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import { readFreshness } from '../../../online/freshness.ts';
import { readOnlineVectors } from '../../../online/online-reads.ts';
import { createRecordedPositions } from '../../../online/recorded-positions.ts';
import { openRedisClient, type RedisClient } from '../../../online/redis-client.ts';
import { setStreamConsumers, startRun, stopRun, waitForRun, type RunHandle } from '../../../workers/starter.ts';
import { projectPrefix } from '../../../online/store-keys.ts';
import { readStreamStatus } from '../../../workers/stream-status.ts';
import { startKafka, type KafkaBroker } from '../../support/kafka.ts';
import { NO_RUNTIME } from '../online/online-fixture.ts';
import { keysOf, valueKeysOf } from '../online/raw-redis.ts';
import { openPlatform, type Platform } from './platform.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../../bin/asof');
const MINUTE_MILLIS = 60_000;
const KEYS = ['a', 'b', 'c', 'd', 'e'];
const PARTITIONS = 3;

vi.setConfig({ testTimeout: 5 * MINUTE_MILLIS, hookTimeout: 2 * MINUTE_MILLIS });

let broker: KafkaBroker;
let platform: Platform;
let redis: RedisClient;
let emptier: Redis;
let workers: ChildProcess[];

beforeAll(async () => {
  broker = await startKafka();
  platform = await openPlatform(['orchestration', 'compute'], { kafkaBrokers: broker.brokers });
  platform.writeConfig();
  redis = openRedisClient({ url: platform.settings.redisUrl!, readDeadlineMillis: 2000 });
  emptier = new Redis(platform.settings.redisUrl!);
  workers = [await spawnServing('first')];
});
afterAll(async () => {
  for (const worker of workers ?? []) worker.kill('SIGKILL');
  emptier?.disconnect();
  await redis?.close();
  await platform?.close();
  await broker?.close();
});

let open: RunHandle<'runStream'>[] = [];
afterEach(async () => {
  for (const run of open) {
    await stopRun(run).catch(() => undefined);
    await waitForRun(run).catch(() => undefined);
  }
  open = [];
});

/** A serving worker as a process of its own, once it polls. */
async function spawnServing(name: string): Promise<ChildProcess> {
  const { directory, settings } = platform;
  const readyFile = path.join(directory, `${name}.ready`);
  const child = spawn(process.execPath, [PROGRAM, '-C', directory, 'worker', '--kind', 'serving'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      ASOF_READY_FILE: readyFile,
      ASOF_CATALOG_URL: settings.catalogUrl ?? '',
      REDIS_URL: settings.redisUrl ?? '',
      KAFKA_BROKERS: broker.brokers.join(','),
      TEMPORAL_ADDRESS: settings.temporal.address ?? '',
      TEMPORAL_NAMESPACE: settings.temporal.namespace,
      ASOF_MEMORY_LIMIT: '1GB',
    },
  });
  await vi.waitUntil(() => existsSync(readyFile), { timeout: MINUTE_MILLIS, interval: 100 });
  return child;
}

const definitionsOn = (topic: string): string => `
import { count, entity, featureView, kafkaSource, last, sum } from 'asof';
export const user = entity('user', { keys: { key: 'string' } });
export const clicks = kafkaSource('clicks_${topic.replaceAll('-', '_')}', {
  topic: '${topic}', timestamp: 'ts', schema: { ts: 'timestamp', key: 'string', n: 'int64' },
});
export const totals = featureView('totals', {
  entities: [user], source: clicks, online: true,
  features: { seen: count({ window: 'all' }), total: sum('n', { window: 'all' }), newest: last('n', { last: 1 }) },
});
`;

const START = Date.now() - 3_600_000;

/** Messages of a second each, in turn over keys and partitions. */
async function send(topic: string, from: number, to: number): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const numbers = Array.from({ length: to - from }, (_, index) => from + index);
    const own = numbers.filter((n) => n % PARTITIONS === partition);
    const messages = own.map((n) => ({ ts: new Date(START + n * 1000).toISOString(), key: KEYS[n % KEYS.length]!, n }));
    await broker.send(topic, messages, partition);
  }
}

/** By key [seen, total, newest], of the messages before `to`. */
function expected(to: number): readonly unknown[] {
  return KEYS.map((_, key) => {
    const own = Array.from({ length: to }, (_unused, n) => n).filter((n) => n % KEYS.length === key);
    return [own.length, BigInt(own.reduce((sum, n) => sum + n, 0)), BigInt(own.at(-1)!)];
  });
}

async function online(): Promise<readonly unknown[]> {
  const { project, catalog } = platform;
  const { manifest } = (await catalog.definitions.current(project))!;
  const read = await readOnlineVectors(
    { project, redis, positions: createRecordedPositions(catalog.intervals), lake: null },
    {
      plan: resolveFeatures(manifest, { features: ['totals'] }),
      runtime: NO_RUNTIME,
      entities: { key: KEYS },
      at: clockNow(),
    },
  );
  return KEYS.map((_, entity) => read.features.map(({ cells }) => cells[entity]!.value));
}

async function startStream(topic: string, more: { readonly consumers?: number } = {}): Promise<RunHandle<'runStream'>> {
  const { client, project } = platform;
  await platform.applyDefinitions(definitionsOn(topic));
  const run = await startRun(client, 'runStream', { project, view: 'totals', landEvery: '2s', ...more });
  open.push(run);
  return run;
}

async function statusOf(run: RunHandle<'runStream'>): Promise<Partial<StreamStatus>> {
  return (await readStreamStatus(run)) ?? {};
}

const patient = { timeout: 2 * MINUTE_MILLIS, interval: 200 };

it('lands and materializes what is there, consumes what comes, lands it too, and ends when it is told to', async () => {
  const topic = await broker.createTopic(PARTITIONS);
  await send(topic, 0, 60);
  const run = await startStream(topic);
  expect(run.workflowId).toBe(`stream/${platform.project}/totals`);
  await expect.poll(online, patient).toEqual(expected(60));
  await expect.poll(async () => (await statusOf(run)).step, patient).toBe('consume');
  const { client, project, catalog } = platform;
  expect((await startRun(client, 'runStream', { project, view: 'totals' })).id).toBe(run.id);

  await send(topic, 60, 160);
  await expect.poll(online, patient).toEqual(expected(160));
  await expect
    .poll(async () => statusOf(run), patient)
    .toMatchObject({
      ...{ applied: 100, late: 0, rejected: 0, lost: '0', problem: null, landingProblem: null, consumers: 1 },
      partitions: [0, 1, 2].map((partition) => ({ partition, lag: '0' })),
    });
  const table = { project, kind: 'source', name: `clicks_${topic.replaceAll('-', '_')}`, version: '' } as const;
  const landed = async (): Promise<number> =>
    (await catalog.tables.files(table)).files.reduce((rows, file) => rows + file.rows, 0);
  await expect.poll(landed, patient).toBe(160);

  expect(await setStreamConsumers(run, 2)).toBe(2);
  await send(topic, 160, 200);
  await expect.poll(online, patient).toEqual(expected(200));

  await stopRun(run);
  expect(await waitForRun(run)).toMatchObject({ view: 'totals', applied: 140, rejected: 0, rebuilt: 0 });
  expect(await catalog.runs.get(run.id)).toMatchObject({ state: 'completed', workflow: 'runStream', target: 'totals' });
});

it('16: a worker that is killed amid its messages is replaced, and each of them counts once', async () => {
  const topic = await broker.createTopic(PARTITIONS);
  const run = await startStream(topic, { consumers: 2 });
  await expect.poll(async () => (await statusOf(run)).step, patient).toBe('consume');
  let sent = 0;
  for (const round of [1, 2]) {
    await send(topic, sent, (sent += 300));
    // in the middle: some of it is in the values, and Temporal has not heard of it
    await expect.poll(async () => seenIn(await online()), { ...patient, interval: 10 }).toBeGreaterThan(sent - 300);
    workers.pop()!.kill('SIGKILL');
    await send(topic, sent, (sent += 300));
    workers.push(await spawnServing(`round-${round}`));
    await expect.poll(online, patient).toEqual(expected(sent));
  }
  await stopRun(run);
  await waitForRun(run);
  const { client, project } = platform;
  await waitForRun(await startRun(client, 'materialize', { project, views: ['totals'], rebuild: true }));
  expect(await online()).toEqual(expected(sent));
});

const seenIn = (values: readonly unknown[]): number =>
  values.reduce<number>((sum, cells) => sum + Number((cells as readonly unknown[])[0] ?? 0), 0);

it('values that Redis loses in the middle are made anew, and the stream goes on', async () => {
  const topic = await broker.createTopic(PARTITIONS);
  await send(topic, 0, 50);
  const run = await startStream(topic);
  await expect.poll(async () => (await statusOf(run)).step, patient).toBe('consume');
  await send(topic, 50, 150);
  await expect.poll(online, patient).toEqual(expected(150));
  const named = await keysOf(emptier, projectPrefix(platform.project));
  await emptier.del(...named, ...(await valueKeysOf(emptier, platform.project)));
  await send(topic, 150, 220);
  await expect.poll(online, patient).toEqual(expected(220));
  await expect.poll(async () => (await statusOf(run)).rebuilt, patient).toBe(1);
  await stopRun(run);
  expect(await waitForRun(run)).toMatchObject({ rebuilt: 1 });
});

it('a view is materialized beside its stream, and nothing is lost or counted twice', async () => {
  const topic = await broker.createTopic(PARTITIONS);
  const run = await startStream(topic);
  await expect.poll(async () => (await statusOf(run)).step, patient).toBe('consume');
  const { client, project } = platform;
  let sent = 0;
  for (const rebuild of [false, true]) {
    await send(topic, sent, (sent += 200));
    const materializing = await startRun(client, 'materialize', { project, views: ['totals'], rebuild });
    for (let n = 0; n < 5; n += 1) await send(topic, sent, (sent += 40));
    expect((await waitForRun(materializing)).views).toMatchObject([{ view: 'totals' }]);
    await send(topic, sent, (sent += 40));
    await expect.poll(online, patient).toEqual(expected(sent));
  }
  expect(await statusOf(run)).toMatchObject({ rebuilt: 0 });
});

it('a streamed view is as fresh as its stream, which goes on without messages and grows old when it stands still', async () => {
  const topic = await broker.createTopic(PARTITIONS);
  const run = await startStream(topic);
  const { client, project, catalog } = platform;
  const fresh = (target: string): Promise<void> =>
    platform.applyDefinitions(definitionsOn(topic).replace('online: true,', `online: true, freshness: '${target}',`));
  await fresh('10m');
  const { manifest } = (await catalog.definitions.current(project))!;
  const look = async (now = clockNow()) => (await readFreshness(catalog.intervals, manifest, now))[0]!;
  await expect.poll(async () => (await look()).by, patient).toBe('stream');
  const first = await look();
  // no message has come
  await expect.poll(async () => (await look()).to! > first.to! + 3_000_000n, patient).toBe(true);
  await expect
    .poll(async () => (await waitForRun(await startRun(client, 'monitorFreshness', { project }))).views, patient)
    .toMatchObject([{ view: 'totals', state: 'fresh' }]);

  await stopRun(run);
  await waitForRun(run);
  const statesAround = async (): Promise<readonly unknown[]> => {
    const end = (await look()).to! + 600_000_000n;
    return Promise.all([end, end + 1n].map(async (now) => (await look(now)).state));
  };
  await expect.poll(statesAround, patient).toEqual(['fresh', 'stale']);
  expect((await look()).by).toBe('stream');
  await fresh('1ms');
  const { changes } = await waitForRun(await startRun(client, 'monitorFreshness', { project }));
  expect(changes).toMatchObject([{ view: 'totals', before: 'fresh', state: 'stale' }]);
});

it('a changed view is begun again as its new version', async () => {
  const topic = await broker.createTopic(PARTITIONS);
  await send(topic, 0, 30);
  const run = await startStream(topic);
  await expect.poll(async () => (await statusOf(run)).step, patient).toBe('consume');
  await platform.applyDefinitions(definitionsOn(topic).replace("last('n', { last: 1 })", "last('n', { last: 2 })"));
  const { catalog, project } = platform;
  const { manifest } = (await catalog.definitions.current(project))!;
  await expect
    .poll(() => statusOf(run), patient)
    .toMatchObject({ step: 'consume', fingerprint: manifest.views.find(({ name }) => name === 'totals')!.fingerprint });
  await send(topic, 30, 90);
  await expect.poll(online, patient).toEqual(expected(90));
});
