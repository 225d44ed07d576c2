/**
 * Up to when the values of a view hold everything that its topic had, by partition, as one consumer knows it: what the freshness of a
 * streamed view is judged by. A consumer that stands still, or is gone, tells nothing more, and the view grows old.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { IntervalLedger, LedgerKey } from '../catalog/catalog.ts';
import { laterInstant, type Micros } from '../contracts/time.ts';
import type { FollowedChunk } from '../sources/topic-reader.ts';
import type { Applied } from './view-applier.ts';

export interface StreamReach {
  /** Of a stretch that is in the values. */
  applied(done: Pick<Applied, 'partition' | 'newestEvent'>): void;
  /** Everything that was fetched is in the values: `asked` is the clock before the fetch. Tells the catalog, not too often. */
  tell(
    asked: Micros,
    chunks: readonly Pick<FollowedChunk, 'partition' | 'end'>[],
    positions: ReadonlyMap<number, bigint>,
  ): void;
  /** Waits for the last word, not for long. */
  close(): Promise<void>;
}

/** Between two words to the catalog. */
const TELL_MICROS = 1_000_000n;
const LAST_WORD_MILLIS = 5_000;

export function openStreamReach(intervals: Pick<IntervalLedger, 'setStreamedTo'>, key: LedgerKey): StreamReach {
  const newest = new Map<number, Micros>();
  const reached = new Map<number, Micros>();
  let toldAt = 0n;
  let isTelling = false;
  let telling = Promise.resolve();
  return {
    applied({ partition, newestEvent }) {
      const later = laterInstant(newest.get(partition) ?? null, newestEvent);
      if (later !== null) newest.set(partition, later);
    },
    tell(asked, chunks, positions) {
      for (const { partition, end } of chunks) {
        const to = reachOf(asked, newest.get(partition), (positions.get(partition) ?? 0n) >= end);
        if (to !== undefined && to > (reached.get(partition) ?? 0n)) reached.set(partition, to);
      }
      // what another consumer has now is told by that one
      for (const partition of reached.keys()) if (!positions.has(partition)) reached.delete(partition);
      if (isTelling || reached.size === 0 || asked - toldAt < TELL_MICROS) return;
      [toldAt, isTelling] = [asked, true];
      // no message waits for a catalog that is away: the view only seems older than it is
      telling = intervals
        .setStreamedTo(key, new Map(reached))
        .catch(() => undefined)
        .finally(() => (isTelling = false));
    },
    close: () => Promise.race([telling, sleep(LAST_WORD_MILLIS, undefined, { ref: false })]),
  };
}

/** At the end of the topic it is all that there was at the fetch; before, as far as the newest event says. */
function reachOf(asked: Micros, newestEvent: Micros | undefined, isAtEnd: boolean): Micros | undefined {
  if (isAtEnd || newestEvent === undefined) return isAtEnd ? asked : undefined;
  return newestEvent < asked ? newestEvent : asked;
}
