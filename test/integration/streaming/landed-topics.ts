/** What stands between a topic, the lake and online values in tests of streams. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { FeatureViewManifest } from '../../../contracts/manifest.ts';
import type { Micros } from '../../../contracts/time.ts';
import { sourceTable } from '../../../ingestion/plan-ingestion.ts';
import { materializeView, type Materialization } from '../../../online/materialization.ts';
import type { RedisClient } from '../../../online/redis-client.ts';
import type { TopicClient } from '../../../streaming/kafka-client.ts';
import type { OfflineFixture } from '../offline/offline-fixture.ts';
import type { ViewMember } from './view-members.ts';

/** Long, for a machine that has many other things to do. */
const WAIT = { timeout: 600_000 };

/** Materializes a version of a view from what has landed of its topic. */
export function materializeLanded(
  { catalog, lake, engine, redis, manifest, project }: OfflineFixture & { readonly redis: RedisClient },
  view: FeatureViewManifest,
  { topic, to }: { readonly topic: string; readonly to: Micros },
): Promise<Materialization> {
  const landedOffsets = (source: string, snapshot: number) =>
    catalog.tables.topicPositions(sourceTable(project, source), topic, snapshot);
  return materializeView(
    { catalog, lake, engine, redis, landedOffsets },
    { manifest: { ...manifest, views: [view] }, view: view.name, to, runId: randomUUID() },
  );
}

/** Until every message that the topic has now is behind each member. */
export async function untilReached(
  { topics, topic }: { readonly topics: TopicClient; readonly topic: string },
  members: readonly ViewMember[],
): Promise<void> {
  const ends = await topics.offsets(topic);
  await expect
    .poll(() => {
      const behind = members.filter((member) => {
        const next = new Map(member.last()?.partitions.map((one) => [one.partition, one.next]));
        return ends.some(({ partition, end }) => (next.get(partition) ?? 0n) < end);
      });
      return behind.map((member) => member.last()?.problem ?? 'behind');
    }, WAIT)
    .toEqual([]);
}
