/** Which messages of a topic a table holds: ranges of offsets that follow each other, partition by partition. */
import { sql } from 'kysely';
import type { Commit } from './catalog.ts';
import type { CommitPlace } from './conflicts.ts';
import type { CatalogTransaction, Queries } from './database.ts';
import { insertRows } from './insert.ts';
import { tableName } from './rows.ts';
import { AsofError } from '../contracts/errors.ts';
import type { TopicRange } from '../contracts/lake.ts';

/**
 * Moves the positions of the partitions that a commit has read. Its ranges of a partition follow each other and begin where the
 * table ends, so that of two runs that read the same messages one is a `COMMIT_CONFLICT`. The table is locked.
 */
export async function appendTopicRanges(tx: CatalogTransaction, commit: Commit, place: CommitPlace): Promise<void> {
  const ranges = commit.topicRanges ?? [];
  const next = new Map<string, Map<number, bigint>>();
  for (const topic of new Set(ranges.map((range) => range.topic))) {
    next.set(topic, new Map(await topicPositionsOf(tx, place.tableId, topic)));
  }
  for (const { topic, partition, from, to } of ranges) {
    const reached = next.get(topic);
    if ((reached?.get(partition) ?? from) !== from) {
      throw new AsofError('COMMIT_CONFLICT', { table: tableName(commit.table), base: commit.base });
    }
    reached?.set(partition, to);
  }
  await insertRows(
    tx,
    'topic_ranges',
    ranges.map(({ topic, partition, from, to, lost }) => ({
      table_id: place.tableId,
      snapshot: place.snapshot,
      topic,
      partition,
      offset_from: from,
      offset_to: to,
      lost,
    })),
  );
}

export async function topicPositionsOf(
  db: Queries,
  tableId: number,
  topic: string,
  snapshot: number | null = null,
): Promise<ReadonlyMap<number, bigint>> {
  // the key is in the order of the offsets, and so are the ends
  const { rows } = await sql<{ readonly partition: number; readonly next: bigint }>`
    select distinct on ("partition") "partition", offset_to as next from asof.topic_ranges
    where table_id = ${tableId} and topic = ${topic} and (${snapshot}::int4 is null or snapshot <= ${snapshot}) order by "partition", offset_from desc`.execute(
    db,
  );
  return new Map(rows.map(({ partition, next }) => [partition, next]));
}

export async function lostRangesOf(db: Queries, tableId: number): Promise<readonly TopicRange[]> {
  return db
    .selectFrom('topic_ranges')
    .select(['topic', 'partition', 'offset_from as from', 'offset_to as to', 'lost'])
    .where('table_id', '=', tableId)
    .where('lost', '=', true)
    .orderBy('topic')
    .orderBy('partition')
    .orderBy('offset_from')
    .execute();
}
