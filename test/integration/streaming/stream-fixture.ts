/** A project of a definitions file whose views are streamed from a real broker to a real Redis. */
import { expect } from 'vitest';
import type { FeatureViewManifest, Manifest } from '../../../contracts/manifest.ts';
import { requireInstant } from '../../../contracts/time.ts';
import type { FeatureValue } from '../../../contracts/values.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import { sourceTable } from '../../../ingestion/plan-ingestion.ts';
import { readOnlineVectors } from '../../../online/online-reads.ts';
import { createRecordedPositions } from '../../../online/recorded-positions.ts';
import { openRedisClient, type RedisClient } from '../../../online/redis-client.ts';
import { openTopicClient, openTopicFollower } from '../../../streaming/kafka-client.ts';
import { streamedView } from '../../../streaming/streamed-view.ts';
import type { TopicFollower } from '../../../streaming/topic-follower.ts';
import { consumeView, type ConsumerReport } from '../../../streaming/view-consumer.ts';
import { testStack } from '../../support/stack.ts';
import { openFixture, type OfflineFixture } from '../offline/offline-fixture.ts';

const PATIENCE_MILLIS = 240_000;

export interface StreamFixture extends OfflineFixture {
  readonly redis: RedisClient;
  readonly brokers: readonly string[];
  close(): Promise<void>;
}

export async function openStreamFixture(
  brokers: readonly string[],
  definitions: Readonly<Record<string, unknown>>,
  /** Topics in place of those that the definitions name. */
  topics: Readonly<Record<string, string>> = {},
): Promise<StreamFixture> {
  const fixture = await openFixture(definitions);
  const manifest = withTopics(fixture.manifest, topics);
  const redis = openRedisClient({ url: testStack().redisUrl, readDeadlineMillis: 2000 });
  return {
    ...fixture,
    manifest,
    redis,
    brokers,
    async close() {
      await redis.close();
      await fixture.close();
    },
  };
}

export interface Consumer {
  /** Fails when the consumer does. */
  readonly done: Promise<void>;
  last(): ConsumerReport | undefined;
  /** Until everything that the topic has is in the values. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}

function withTopics(manifest: Manifest, topics: Readonly<Record<string, string>>): Manifest {
  const nameOf = (topic: string): string => topics[topic] ?? topic;
  return {
    ...manifest,
    sources: manifest.sources.map((one) => (one.kind === 'kafka' ? { ...one, topic: nameOf(one.topic) } : one)),
    services: manifest.services.map((one) =>
      one.publish === undefined ? one : { ...one, publish: { topic: nameOf(one.publish.topic) } },
    ),
  };
}

export interface ConsumeOptions {
  readonly batchSize?: number;
  /** What goes wrong with its Kafka. */
  readonly change?: (follower: TopicFollower) => TopicFollower;
}

/** One member of the view's group, with connections of its own. */
export function consume(
  fixture: StreamFixture,
  name: string,
  { batchSize = 50, change = (follower) => follower }: ConsumeOptions = {},
): Consumer {
  const { manifest, runtime, project, catalog, redis, engine, brokers } = fixture;
  const streamed = streamedView(manifest, name, runtime);
  const opened = openTopicFollower({ brokers });
  const follower = change(opened);
  const ending = new AbortController();
  let last: ConsumerReport | undefined;
  const done = consumeView(
    { catalog, redis, engine, follower },
    { project, table: sourceTable(project, streamed.source.name), streamed, batchSize },
    { signal: ending.signal, report: (report) => (last = report) },
  );
  done.catch(() => undefined);
  return {
    done,
    last: () => last,
    async caughtUp() {
      const { topic } = streamed.source;
      const topics = openTopicClient({ brokers });
      const ends = new Map((await topics.offsets(topic)).map(({ partition, end }) => [partition, end]));
      await topics.close();
      const behind = (): readonly number[] => {
        const next = new Map(last?.partitions.map((one) => [one.partition, one.next]));
        return [...ends]
          .filter(([partition, end]) => (next.get(partition) ?? 0n) < end)
          .map(([partition]) => partition);
      };
      await Promise.race([done, expect.poll(behind, { timeout: PATIENCE_MILLIS }).toEqual([])]);
    },
    async stop() {
      ending.abort();
      await done.finally(() => opened.close());
    },
  };
}

/** By entity the values of a view at an instant, from Redis alone. */
export async function readOnline(
  { manifest, runtime, project, redis, catalog }: StreamFixture,
  view: string,
  keys: readonly string[],
  at: string,
): Promise<readonly Readonly<Record<string, FeatureValue>>[]> {
  const plan = resolveFeatures(manifest, { features: [view] });
  const { keys: viewKeys } = manifest.views.find(({ name }) => name === view) as FeatureViewManifest;
  const read = await readOnlineVectors(
    { project, redis, positions: createRecordedPositions(catalog.intervals), lake: null },
    { plan, runtime, entities: { [viewKeys[0]!.name]: keys }, at: requireInstant(at, 'at') },
  );
  return keys.map((_, entity) =>
    Object.fromEntries(read.features.map(({ column, cells }) => [column.feature.name, cells[entity]!.value])),
  );
}
