/** Consumers of views in one test process: each with connections of its own, which can be cut. */
import type { Catalog } from '../../../catalog/catalog.ts';
import type { KafkaSourceManifest, Manifest } from '../../../contracts/manifest.ts';
import type { PlannedView } from '../../../contracts/plan.ts';
import type { Engine } from '../../../engine/engine.ts';
import { sourceTable } from '../../../ingestion/plan-ingestion.ts';
import { createKeyEncoder } from '../../../online/entity-key.ts';
import { openRedisClient } from '../../../online/redis-client.ts';
import { createStateMerger } from '../../../online/state-merger.ts';
import { withRequiredColumns } from '../../../quality/required-columns.ts';
import { openTopicFollower } from '../../../streaming/kafka-client.ts';
import type { TopicFollower } from '../../../streaming/topic-follower.ts';
import { consumeView, type ConsumerReport } from '../../../streaming/view-consumer.ts';

export interface ViewMember {
  /** Throws what ended it. */
  last(): ConsumerReport | undefined;
  /** Ends as a process that dies does: whatever it has under way with Redis is lost. */
  cut(): Promise<void>;
  stop(): Promise<void>;
}

export interface MemberSurroundings {
  readonly catalog: Catalog;
  readonly engine: Engine;
  readonly manifest: Manifest;
  readonly brokers: readonly string[];
  readonly redisUrl: string;
}

export interface MemberOptions {
  readonly batchSize: number;
  /** Joins a group of its own: it believes that it holds every partition, whoever else does. @default false */
  readonly apart?: boolean;
}

/** A member of the group of the view, at work until it is stopped. */
export function startMember(
  { catalog, engine, manifest, brokers, redisUrl }: MemberSurroundings,
  { view, source }: PlannedView,
  { batchSize, apart = false }: MemberOptions,
): ViewMember {
  const redis = openRedisClient({ url: redisUrl, readDeadlineMillis: 10_000 });
  const follower = openTopicFollower({ brokers });
  const joining: TopicFollower = {
    ...follower,
    join: (group, topic) => follower.join(apart ? `${group}/apart` : group, topic),
  };
  const ending = new AbortController();
  let last: ConsumerReport | undefined;
  const done = consumeView(
    { catalog, engine, redis, follower: joining },
    {
      project: manifest.project,
      table: sourceTable(manifest.project, source.name),
      streamed: {
        ...{ view, seen: source, source: withRequiredColumns(manifest, source as KafkaSourceManifest) },
        merger: createStateMerger(view, source),
        keys: createKeyEncoder(view.keys.map(({ type }) => type)),
      },
      batchSize,
    },
    { signal: ending.signal, report: (report) => (last = report) },
  );
  let failure: Error | undefined;
  done.catch((error: unknown) => (failure = error as Error));
  const end = async (): Promise<void> => {
    ending.abort();
    try {
      await done;
    } finally {
      await redis.close();
      await follower.close();
    }
  };
  return {
    last() {
      if (failure !== undefined) throw failure;
      return last;
    },
    stop: end,
    async cut() {
      ending.abort();
      await redis.close();
      await end();
    },
  };
}
