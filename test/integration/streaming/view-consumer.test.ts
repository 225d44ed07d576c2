/** Messages of a real broker become online values, whatever comes and goes between: equal to those of the lake, each once. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { KafkaSourceManifest, WindowManifest } from '../../../contracts/manifest.ts';
import type { PlannedView } from '../../../contracts/plan.ts';
import { requireInstant } from '../../../contracts/time.ts';
import { createKeyEncoder } from '../../../online/entity-key.ts';
import { createLakeReader } from '../../../online/lake-reader.ts';
import { readOnlineVectors } from '../../../online/online-reads.ts';
import { createRecordedPositions } from '../../../online/recorded-positions.ts';
import { openRedisClient, type RedisClient } from '../../../online/redis-client.ts';
import { createStateMerger } from '../../../online/state-merger.ts';
import { withRequiredColumns } from '../../../quality/required-columns.ts';
import { openTopicClient, openTopicFollower, type TopicClient } from '../../../streaming/kafka-client.ts';
import type { TopicFollower } from '../../../streaming/topic-follower.ts';
import { consumeView, type ConsumerReport } from '../../../streaming/view-consumer.ts';
import { startKafka, type KafkaBroker } from '../../support/kafka.ts';
import { testStack } from '../../support/stack.ts';
import { aggregateFeature } from '../../world/world.ts';
import { topicSourceOf } from '../ingestion/fixtures.ts';
import { manifestOf, openTestCatalog, openWorld, viewOf, type TestCatalog, type World } from '../ingestion/world.ts';
import { NO_RUNTIME, planOf } from '../online/online-fixture.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e'];
const AT = requireInstant('2024-01-02T00:00:00Z', 'at');
const PARTITIONS = 3;
const HOUR: WindowManifest = { kind: 'duration', micros: 3_600_000_000, resolutionMicros: 60_000_000 };
const MINUTE_MILLIS = 60_000;

vi.setConfig({ testTimeout: 5 * MINUTE_MILLIS });

let broker: KafkaBroker;
let topics: TopicClient;
let shared: TestCatalog;
let redis: RedisClient;
let world: World;
let running: Consumer[];

beforeAll(async () => {
  broker = await startKafka();
  topics = openTopicClient(broker);
  shared = await openTestCatalog();
  redis = openRedisClient({ url: testStack().redisUrl, readDeadlineMillis: 2000 });
}, 5 * MINUTE_MILLIS);
afterAll(async () => {
  await redis?.close();
  await topics?.close();
  await shared?.[Symbol.asyncDispose]();
  await broker?.close();
});
beforeEach(async () => {
  world = await openWorld(shared);
  running = [];
});
afterEach(async () => {
  for (const consumer of running) await consumer.stop();
  await world[Symbol.asyncDispose]();
});

function plannedOn(topic: string): PlannedView & { readonly source: KafkaSourceManifest } {
  const source = topicSourceOf(topic);
  const features = [
    aggregateFeature('seen', { function: 'count', column: null, window: { kind: 'all' }, where: [] }),
    { ...aggregateFeature('total', { function: 'sum', column: 'amount', window: HOUR, where: [] }), column: 'n' },
    {
      ...aggregateFeature('newest', {
        function: 'last',
        column: 'amount',
        window: { kind: 'last', count: 1 },
        where: [],
      }),
      column: 'n',
    },
  ];
  return {
    kind: 'feature',
    as: 'clicks',
    source,
    spineColumns: ['key'],
    features,
    view: {
      ...viewOf('clicks', `print-${topic}`),
      keys: [{ name: 'key', column: 'key', type: 'string' }],
      mode: 'aggregate',
      online: true,
      features,
    },
  };
}

interface Consumer {
  /** Fails when the consumer does. */
  readonly done: Promise<void>;
  last(): ConsumerReport | undefined;
  stop(): Promise<void>;
}

/** One member of the view's group, with connections of its own. */
function consume(
  { view, source }: ReturnType<typeof plannedOn>,
  batchSize = 50,
  change = (follower: TopicFollower): TopicFollower => follower,
): Consumer {
  const required = withRequiredColumns(manifestOf(world.project, source, [view]), source);
  const streamed = {
    ...{ view, source: required, seen: source, merger: createStateMerger(view, source) },
    keys: createKeyEncoder(view.keys.map(({ type }) => type)),
  };
  const opened = openTopicFollower(broker);
  const follower = change(opened);
  const ending = new AbortController();
  let last: ConsumerReport | undefined;
  const done = consumeView(
    { catalog: world.catalog, redis, engine: world.engine, follower },
    { project: world.project, table: world.table, streamed, batchSize },
    { signal: ending.signal, report: (report) => (last = report) },
  );
  done.catch(() => undefined);
  const consumer = {
    done,
    last: () => last,
    async stop() {
      ending.abort();
      await done.catch(() => undefined);
      await opened.close();
    },
  };
  running.push(consumer);
  return consumer;
}

/** Messages of a minute each, in turn over keys and partitions; every seventh comes an hour late. */
async function send(topic: string, from: number, to: number): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const values = Array.from({ length: to - from }, (_, index) => from + index)
      .filter((n) => n % PARTITIONS === partition)
      .map((n) => ({
        ts: new Date(Date.UTC(2024, 0, 1, 20, n % 7 === 0 ? -60 : 0) + n * 1000).toISOString(),
        key: KEYS[n % KEYS.length]!,
        n,
      }));
    await broker.send(topic, values, partition);
  }
}

async function online(planned: PlannedView, lake = false): Promise<readonly unknown[]> {
  const { project, catalog } = world;
  const read = await readOnlineVectors(
    {
      ...{ project, redis, positions: createRecordedPositions(catalog.intervals) },
      lake: lake ? createLakeReader({ ...world, project }) : null,
    },
    { plan: planOf(planned), runtime: NO_RUNTIME, entities: { key: KEYS }, at: AT },
  );
  return read.features.map(({ cells }) => cells.map(({ value, servedFrom }) => [value, servedFrom]));
}

/** How far Redis is, whoever brought it there. */
async function reached(consumers: readonly Consumer[], topic: string): Promise<boolean> {
  const ends = new Map((await topics.offsets(topic)).map(({ partition, end }) => [partition, end]));
  const next = new Map(
    consumers.flatMap((one) => one.last()?.partitions ?? []).map((one) => [one.partition, one.next]),
  );
  return [...ends].every(([partition, end]) => (next.get(partition) ?? 0n) >= end);
}

/** What the lake says of the same messages, once they have landed. */
async function fromLake(planned: ReturnType<typeof plannedOn>): Promise<readonly unknown[]> {
  await world.ingest(planned.source, { topics, views: [planned.view] });
  const elsewhere = { ...planned, view: { ...planned.view, fingerprint: `unknown-${planned.view.fingerprint}` } };
  return (await online(elsewhere, true)).map((cells) => (cells as [unknown, string][]).map(([value]) => value));
}

const valuesOf = (cells: readonly unknown[]) => cells.map((of) => (of as [unknown, string][]).map(([value]) => value));

test('16: two consumers share a topic, one leaves and one comes, and every message counts once', async () => {
  const topic = await broker.createTopic(PARTITIONS);
  const planned = plannedOn(topic);
  await send(topic, 0, 300);
  const first = consume(planned);
  await expect.poll(() => first.last()?.applied ?? 0, { timeout: MINUTE_MILLIS }).toBeGreaterThan(0);
  const second = consume(planned);
  await send(topic, 300, 600);
  await expect
    .poll(() => [first, second].map((one) => one.last()?.partitions.length ?? 0).toSorted(), { timeout: MINUTE_MILLIS })
    .toEqual([1, 2]);
  await first.stop();
  await send(topic, 600, 900);
  const third = consume(planned, 7);
  await expect.poll(() => reached([second, third], topic), { timeout: MINUTE_MILLIS }).toBe(true);
  const streamed = await online(planned);
  expect(new Set(streamed.flat().map((cell) => (cell as [unknown, string])[1]))).toEqual(new Set(['online']));
  expect(valuesOf(streamed)).toEqual(await fromLake(planned));
  const seen = valuesOf(streamed)[0] as readonly number[];
  expect(seen.reduce((sum, count) => sum + count, 0)).toBe(900);
});

test('17: poison, a wrong schema, a message of 10 MB and the year 9999 are left out for the quarantine, and the lag returns to 0', async () => {
  const topic = await broker.createTopic(1);
  const planned = plannedOn(topic);
  const at = '2024-01-01T12:00:00Z';
  await broker.send(topic, [
    { ts: at, key: 'a', n: 1 },
    'no json',
    null,
    { ts: at, key: null, n: 2 },
    { ts: 'never', key: 'a', n: 3 },
    { ts: '9999-01-01T00:00:00Z', key: 'a', n: 4 },
    { ts: at, key: 'a', n: 'many' },
    { ts: at, key: 'a', n: 5, filler: 'x'.repeat(10_000_000) },
    { ts: at, key: 'b', n: 5 },
  ]);
  const consumer = consume(planned);
  await expect.poll(() => reached([consumer], topic), { timeout: MINUTE_MILLIS }).toBe(true);
  expect(consumer.last()).toMatchObject({ applied: 2, rejected: 7, lost: 0n, problem: null });
  await expect
    .poll(() => consumer.last()?.partitions, { timeout: MINUTE_MILLIS })
    .toEqual([{ partition: 0, next: 9n, lag: 0n }]);
  expect(valuesOf(await online(planned))).toEqual(await fromLake(planned));
  const places = (await world.quarantine()).map((row) => [row['topic'], row['partition'], row['offset']]);
  expect(places).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n].map((offset) => [topic, 0n, offset]));
});

test('18: offsets that retention took are told as lost, and the rest is applied', async () => {
  const topic = await broker.createTopic(1);
  const planned = plannedOn(topic);
  await broker.send(
    topic,
    Array.from({ length: 20 }, (_, n) => ({ ts: '2024-01-01T12:00:00Z', key: 'a', n })),
  );
  const first = consume(planned);
  await expect.poll(() => reached([first], topic), { timeout: MINUTE_MILLIS }).toBe(true);
  await first.stop();
  await broker.send(
    topic,
    Array.from({ length: 20 }, (_, n) => ({ ts: '2024-01-01T12:00:00Z', key: 'b', n })),
  );
  await broker.dropBefore(topic, 30);
  const second = consume(planned);
  await expect.poll(() => reached([second], topic), { timeout: MINUTE_MILLIS }).toBe(true);
  expect(second.last()).toMatchObject({ applied: 10, lost: 10n });
  const [seen] = valuesOf(await online(planned));
  expect(seen).toEqual([20, 10, 0, 0, 0]);
});

test('16: a consumer that is killed when its work is in the values and it has told nobody leaves no gap and counts nothing twice', async () => {
  const topic = await broker.createTopic(PARTITIONS);
  const planned = plannedOn(topic);
  await send(topic, 0, 300);
  // it is in the group until that has missed it
  let missed: () => Promise<void> = () => Promise.resolve();
  const killed = (follower: TopicFollower): TopicFollower => ({
    ...follower,
    async join(group, of) {
      const member = await follower.join(group, of);
      missed = () => member.leave();
      return { ...member, report: () => Promise.reject(new Error('killed')), leave: () => Promise.resolve() };
    },
  });
  const first = consume(planned, 20, killed);
  await expect(first.done).rejects.toThrow('killed');
  const second = consume(planned, 33);
  await send(topic, 300, 600);
  await missed();
  await expect.poll(() => reached([second], topic), { timeout: MINUTE_MILLIS }).toBe(true);
  expect(second.last()!.applied).toBeLessThan(600);
  const streamed = valuesOf(await online(planned));
  expect(streamed).toEqual(await fromLake(planned));
  expect((streamed[0] as readonly number[]).reduce((sum, count) => sum + count, 0)).toBe(600);
});

test('18: a broker that is away is told as the reason for waiting, and the stream goes on when it is back', async () => {
  const topic = await broker.createTopic(PARTITIONS);
  const planned = plannedOn(topic);
  await send(topic, 0, 90);
  const consumer = consume(planned);
  await expect.poll(() => reached([consumer], topic), { timeout: MINUTE_MILLIS }).toBe(true);
  await broker.without(async () => {
    await expect.poll(() => consumer.last()?.problem, { timeout: MINUTE_MILLIS }).toMatch(/Kafka does not answer/);
  });
  await send(topic, 90, 180);
  await expect.poll(() => reached([consumer], topic), { timeout: 2 * MINUTE_MILLIS }).toBe(true);
  expect(consumer.last()).toMatchObject({ applied: 180, lost: 0n, problem: null });
  expect(valuesOf(await online(planned))).toEqual(await fromLake(planned));
});
