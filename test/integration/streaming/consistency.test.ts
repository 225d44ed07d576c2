/** A check of values that a stream made: it waits for the lake, and counts what came after the read as late. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { count, entity, featureView, kafkaSource, numeric } from '../../../definitions/language.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import type { FeaturePlan } from '../../../contracts/plan.ts';
import { clockNow, type Micros } from '../../../contracts/time.ts';
import { checkConsistency } from '../../../online/consistency-check.ts';
import { createLakeReader } from '../../../online/lake-reader.ts';
import { readOnlineVectors } from '../../../online/online-reads.ts';
import { createRecordedPositions } from '../../../online/recorded-positions.ts';
import {
  createServedSampler,
  type BegunSample,
  type SamplerLimits,
  type ServedSampler,
} from '../../../online/served-sampler.ts';
import { viewKeys } from '../../../online/store-keys.ts';
import { viewReader } from '../../../online/view-reader.ts';
import { openTopicClient, type TopicClient } from '../../../streaming/kafka-client.ts';
import { startKafka, type KafkaBroker } from '../../support/kafka.ts';
import { testStack } from '../../support/stack.ts';
import { ingestFiles } from '../offline/packed-run.ts';
import { withRawRedis } from '../online/raw-redis.ts';
import { consume, openStreamFixture, type Consumer, type StreamFixture } from './stream-fixture.ts';

const REQUEST = { features: ['latest', 'windows'] };
const PATIENCE = { timeout: 300_000 };
const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

let broker: KafkaBroker;
let fixture: StreamFixture;
let topics: TopicClient;
let topic: string;
let plan: FeaturePlan;
let consumers: readonly Consumer[];

beforeAll(async () => {
  broker = await startKafka();
  topic = await broker.createTopic(2);
  const user = entity('user', { keys: { user: 'string' } });
  const events = kafkaSource('events', {
    topic,
    timestamp: 'ts',
    schema: { ts: 'timestamp', user: 'string', cents: 'int64' },
  });
  const base = { entities: [user] as const, source: events, online: true };
  fixture = await openStreamFixture(broker.brokers, {
    ...{ user, events },
    latest: featureView('latest', { ...base, features: { cents: numeric() } }),
    windows: featureView('windows', { ...base, features: { n: count({ window: '1d' }) } }),
  });
  const code = 'module.exports = {};';
  const bundle = { hash: createHash('sha256').update(code).digest('hex'), code };
  const { catalog, project, manifest } = fixture;
  await catalog.definitions.apply({ project, base: 0, manifest, bundle });
  topics = openTopicClient({ brokers: broker.brokers });
  plan = resolveFeatures(manifest, REQUEST);
  await broker.send(topic, [{ ts: ago(600), user: 'a', cents: 1 }], 0);
  await broker.send(topic, [{ ts: ago(500), user: 'b', cents: 2 }], 1);
  consumers = ['latest', 'windows'].map((view) => consume(fixture, view));
}, 300_000);
afterAll(async () => {
  await Promise.all((consumers ?? []).map((one) => one.stop()));
  await topics?.close();
  await fixture?.close();
  await broker?.close();
});

const caughtUp = async (): Promise<void> => {
  await Promise.all(consumers.map((one) => one.caughtUp()));
};
const land = () => ingestFiles({ ...fixture, topics }, 'events');

function openSampler(limits: Partial<SamplerLimits> = {}) {
  return createServedSampler(fixture, { share: 1, mostInSecond: 1_000_000, mostQueued: 1_000_000, ...limits });
}

async function readUser(user: string) {
  const { project, redis, catalog, runtime } = fixture;
  const dependencies = { project, redis, positions: createRecordedPositions(catalog.intervals), lake: null };
  return readOnlineVectors(dependencies, { plan, runtime, entities: { user: [user] } });
}

/** A machine that is slow for once costs a sample, and no read. */
async function beginRead(sampler: ServedSampler): Promise<BegunSample> {
  for (;;) {
    const begun = await sampler.begin(plan);
    if (begun !== undefined) return begun;
  }
}

/** Reads and samples each; `meanwhile` happens after a read and before its end is looked up. */
async function serve(users: readonly string[], meanwhile?: () => Promise<void>): Promise<Micros> {
  const since = clockNow();
  const sampler = openSampler();
  for (const user of users) {
    const begun = await beginRead(sampler);
    const vectors = await readUser(user);
    await meanwhile?.();
    sampler.keep(begun, { request: REQUEST, definitions: 1, plan, inputs: {}, vectors });
  }
  const logged = () => fixture.catalog.consistency.samples(fixture.project, { since, until: 2n ** 62n, limit: 100 });
  await expect.poll(async () => (await logged()).length, PATIENCE).toBe(users.length);
  await sampler.close();
  return since;
}

function check(since: Micros) {
  const { project, catalog, runtime } = fixture;
  return checkConsistency(
    { project, catalog, lake: createLakeReader(fixture), runtimeOf: async () => runtime },
    { since },
  );
}

const counts = ({ features }: Awaited<ReturnType<typeof check>>) =>
  features.map(({ view, equal, late, different, unsettled }) => ({ view, equal, late, different, unsettled }));
const both = (of: { equal?: number; late?: number; different?: number; unsettled?: number }) =>
  ['latest', 'windows'].map((view) => ({ view, equal: 0, late: 0, different: 0, unsettled: 0, ...of }));

test('it waits until the lake has what the stream had, and then all is equal', PATIENCE, async () => {
  await caughtUp();
  const since = await serve(['a', 'b', 'nobody']);
  expect(await check(since)).toMatchObject({ vectors: 0, waiting: 3, features: [] });
  await land();
  const report = await check(since);
  expect(report).toMatchObject({ vectors: 3, waiting: 0 });
  expect(counts(report)).toEqual(both({ equal: 3 }));
});

test(
  'what the stream brings after the read is late, also when it comes before the end is looked up',
  PATIENCE,
  async () => {
    const settled = await serve(['a']);
    const moved = await serve(['b'], async () => {
      await broker.send(topic, [{ ts: ago(400), user: 'b', cents: 20 }], 1);
      await caughtUp();
    });
    await broker.send(topic, [{ ts: ago(300), user: 'a', cents: 10 }], 0);
    await land();
    expect(counts(await check(settled))).toEqual(both({ late: 2 }));
    expect(counts(await check(moved))).toEqual(both({ late: 1 }));
    await caughtUp();
    const since = await serve(['a', 'b']);
    expect(counts(await check(since))).toEqual(both({ equal: 2 }));
  },
);

test('what two rows leave between the ends of a read nobody can settle', PATIENCE, async () => {
  const since = clockNow();
  const sampler = openSampler();
  const begun = await beginRead(sampler);
  await broker.send(topic, [{ ts: ago(200), user: 'a', cents: 30 }], 0);
  await caughtUp();
  const vectors = await readUser('a');
  await broker.send(topic, [{ ts: ago(100), user: 'a', cents: 40 }], 0);
  await caughtUp();
  sampler.keep(begun, { request: REQUEST, definitions: 1, plan, inputs: {}, vectors });
  await sampler.close();
  await land();
  expect(counts(await check(since))).toEqual(both({ unsettled: 1 }));
});

test('a streamed value that somebody changed is different', PATIENCE, async () => {
  const { view } = plan.views[0]!;
  const keyOf = (user: string): Buffer =>
    Buffer.concat([
      viewKeys(fixture.project, view.name, view.fingerprint).values,
      viewReader(plan.views[0]!).keys.encode([user]),
    ]);
  let since = 0n;
  await withRawRedis(testStack().redisUrl, async (redis) => {
    const right = (await redis.getBuffer(keyOf('a')))!;
    await redis.set(keyOf('a'), (await redis.getBuffer(keyOf('b')))!);
    since = await serve(['a']);
    await redis.set(keyOf('a'), right);
  });
  const report = await check(since);
  expect(counts(report)).toEqual([
    { view: 'latest', equal: 0, late: 0, different: 1, unsettled: 0 },
    { view: 'windows', equal: 1, late: 0, different: 0, unsettled: 0 },
  ]);
  expect(report.examples).toMatchObject([{ view: 'latest', feature: 'cents', served: 20, lake: 40 }]);
});

test('a sampler drops what it has no room for, and says how much; of the others it takes nothing', async () => {
  const vectors = await readUser('a');
  const read = { request: REQUEST, definitions: 1, plan, inputs: {}, vectors };
  const full = openSampler({ mostQueued: 3 });
  const kept = 10;
  for (let count = 0; count < kept; count += 1) full.keep(new Map(), read);
  expect(full.readings).toEqual({ kept: 0, dropped: 7 });
  await expect.poll(() => full.readings, PATIENCE).toEqual({ kept: 3, dropped: 7 });
  await full.close();
  full.keep(new Map(), read);
  expect(full.readings).toEqual({ kept: 3, dropped: 8 });

  const quick = openSampler({ mostInSecond: 0 });
  expect(Array.from({ length: 100 }, () => quick.begin(plan)).filter(Boolean)).toEqual([]);
  expect(quick.readings).toEqual({ kept: 0, dropped: 100 });
  const none = openSampler({ share: 0 });
  expect(none.begin(plan)).toBeUndefined();
  expect(none.readings).toEqual({ kept: 0, dropped: 0 });
  await Promise.all([quick.close(), none.close()]);
});
