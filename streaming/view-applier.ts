/** Applies what was fetched of a topic to the online values of a view: rows are made of many messages at once, and written in steps. */
import type { Catalog } from '../catalog/catalog.ts';
import type { TableKey } from '../contracts/lake.ts';
import type { Micros } from '../contracts/time.ts';
import type { Engine } from '../engine/engine.ts';
import { createSequencer, cutRange } from '../ingestion/topic-sequences.ts';
import { applyEvents, type Announcement } from '../online/stream-writer.ts';
import type { ViewStream } from '../online/view-stream.ts';
import type { FollowedChunk, OffsetRange, TopicMessage } from '../sources/topic-reader.ts';
import { createEventReader, type EventRows, type StreamedView } from './event-rows.ts';
import type { TopicFollower } from './topic-follower.ts';

interface ApplierDependencies {
  readonly catalog: Pick<Catalog, 'tables'>;
  readonly engine: Engine;
  readonly follower: Pick<TopicFollower, 'publish'>;
}

interface ApplierWork {
  readonly table: TableKey;
  readonly streamed: StreamedView;
  readonly batchSize: number;
}

/** Messages that are made rows at once, if not fewer change values in one step: each time has a price of its own. */
const READ_MESSAGES = 10_000;

/** A stretch of a partition that is in the values now. */
export interface Applied {
  readonly partition: number;
  readonly next: bigint;
  readonly applied: number;
  readonly late: number;
  readonly rejected: number;
  readonly lost: bigint;
  readonly newestEvent: Micros | null;
}

type Applier = (
  stream: ViewStream,
  chunks: readonly FollowedChunk[],
  signal: AbortSignal,
) => AsyncGenerator<Applied, void>;

/** Applies chunks in stretches, the rows of the next one made meanwhile. */
export function createApplier(dependencies: ApplierDependencies, work: ApplierWork): Applier {
  const { streamed, batchSize } = work;
  const { describe } = streamed;
  const announcement: Announcement | undefined = describe && { describe, publish: dependencies.follower.publish };
  const read = createRowMaker(dependencies, work);
  return async function* (stream, chunks, signal) {
    const stretches = chunks.flatMap((chunk) => cutChunk(streamed.source.topic, chunk, batchSize));
    for await (const [{ range, lost }, made] of ahead(stretches, (one) => read(one))) {
      const total = { applied: 0, late: 0 };
      let place = 0;
      // offsets without a row, as of a long stretch that is lost, are passed over in one step
      const steps = made.rows.length === 0 ? [range] : cutRange(range, BigInt(batchSize));
      for (const { partition, from: fromOffset, to: toOffset } of steps) {
        signal.throwIfAborted();
        const begin = place;
        while (place < made.rows.length && made.rows[place]!.offset < toOffset) place += 1;
        const batch = { partition, fromOffset, toOffset, rows: made.rows.slice(begin, place) };
        const counts = await applyEvents(stream, streamed.merger, batch, announcement);
        total.applied += counts.applied;
        total.late += counts.late;
      }
      const { rejected, newestEvent } = made;
      yield { partition: range.partition, next: range.to, ...total, rejected, lost, newestEvent };
    }
  };
}

/** Messages of one block of sequences, or a stretch that is lost. */
interface Stretch {
  readonly range: OffsetRange;
  readonly messages: readonly TopicMessage[];
  readonly lost: bigint;
}

function cutChunk(topic: string, chunk: FollowedChunk, batchSize: number): readonly Stretch[] {
  const { partition, from, next, messages, lost } = chunk;
  const whole = { topic, partition, from, to: next };
  if (lost !== null) return from < next ? [{ range: whole, messages: [], lost: lost.to - lost.from }] : [];
  let place = 0;
  return cutRange(whole, BigInt(Math.max(batchSize, READ_MESSAGES))).map((range) => {
    const begin = place;
    while (place < messages.length && messages[place]!.offset < range.to) place += 1;
    return { range, messages: messages.slice(begin, place), lost: 0n };
  });
}

const NO_ROWS: EventRows = { rows: [], rejected: 0, newestEvent: null };

function createRowMaker(
  { catalog, engine }: ApplierDependencies,
  { streamed, table }: ApplierWork,
): (stretch: Stretch) => Promise<EventRows> {
  const sequence = createSequencer(catalog.tables, table, streamed.source.topic);
  const read = createEventReader(engine, streamed);
  return async ({ range, messages }) => {
    if (messages.length === 0) return NO_ROWS;
    const sequenceStart = await sequence(range.partition, range.from);
    return read({ ...range, sequenceStart }, messages);
  };
}

/** Each with what is made of it; the work on the next one has begun when one is given. */
async function* ahead<T, Made>(
  items: readonly T[],
  make: (item: T) => Promise<Made>,
): AsyncGenerator<readonly [T, Made], void> {
  let coming = items.length === 0 ? undefined : make(items[0]!);
  try {
    for (const [index, item] of items.entries()) {
      const made = await coming!;
      const following = items[index + 1];
      coming = following === undefined ? undefined : make(following);
      // it is told when its turn comes
      coming?.catch(() => undefined);
      yield [item, made];
    }
  } finally {
    // nothing is at work any more when the caller goes on
    await coming?.catch(() => undefined);
  }
}
