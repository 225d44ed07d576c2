/** Writes encoded states in batches, several on their way at once; the caller waits when too many are. */
import type { SequenceRange } from '../contracts/lake.ts';
import { startArguments, type EncodedArguments } from './encoded-arguments.ts';
import { encodePosition, type Position } from './position.ts';
import type { RedisClient } from './redis-client.ts';
import { WRITE_SCRIPT } from './redis-scripts.ts';
import { epochKey, type ViewKeys } from './store-keys.ts';

export interface WriteScope {
  readonly redis: RedisClient;
  readonly project: string;
  readonly keys: ViewKeys;
  readonly epoch: string;
  /** The run's position; null for rows that belong to no run, such as pushed ones. */
  readonly position: Position | null;
  /** Milliseconds that Redis keeps what is written; 0 for ever. */
  readonly lifeMillis: number;
  /** Sequences whose rows were taken away: a stored row among them gives way to any other. */
  readonly removed: readonly SequenceRange[];
}

export interface WriteCounts {
  /** Keys written, and keys left alone because Redis held the same or a newer state. */
  readonly written: number;
  readonly unchanged: number;
  /** Keys that did not exist before, and keys deleted. */
  readonly added: number;
  readonly deleted: number;
}

export interface StateWriter {
  /**
   * Takes one state, and keeps neither array; resolves when there is room for the next. Null deletes a key that lost its
   * rows.
   */
  write(entityKey: Uint8Array, state: Uint8Array | null): Promise<void> | undefined;
  /** Resolves when everything is acknowledged. Throws what any batch threw. */
  finish(): Promise<WriteCounts>;
}

/** Keys of one script call: long enough to hide the round trip, short enough to keep reads of others under a millisecond. */
const BATCH_KEYS = 256;
const BATCH_BYTES = 1_000_000;
/**
 * A busy machine lets this process and Redis run in turn, and each should find work for its whole turn. Redis reads less
 * than a batch at once, so that others are served between two of them.
 */
const BATCHES_UNDER_WAY = 16;

export function createStateWriter(scope: WriteScope): StateWriter {
  const head = {
    keys: [epochKey(scope.project), scope.keys.fence].map((key) => Buffer.from(key)),
    values: [
      Buffer.from(scope.epoch),
      scope.position === null ? NOTHING : encodePosition(scope.position),
      Buffer.from(String(scope.lifeMillis)),
      encodeRanges(scope.removed),
    ],
  };
  const underWay = new Set<Promise<void>>();
  const counts = { written: 0, unchanged: 0, added: 0, deleted: 0 };
  let failure: Error | undefined;
  let keys = startArguments(head.keys);
  let values = startArguments(head.values);
  let size = 0;

  const send = async (batchKeys: EncodedArguments, batchValues: EncodedArguments, states: number): Promise<void> => {
    const answer = await scope.redis.evaluateEncoded(WRITE_SCRIPT, batchKeys, batchValues);
    const [written, added, deleted] = answer as [number, number, number];
    counts.written += written;
    counts.added += added;
    counts.deleted += deleted;
    counts.unchanged += states - written - deleted;
  };

  const flush = async (): Promise<void> => {
    const batch = send(keys, values, size);
    keys = startArguments(head.keys);
    values = startArguments(head.values);
    size = 0;
    const settled: Promise<void> = batch
      .catch((error: Error) => {
        failure ??= error;
      })
      .finally(() => underWay.delete(settled));
    underWay.add(settled);
    if (underWay.size >= BATCHES_UNDER_WAY) await Promise.race(underWay);
    if (failure !== undefined) throw failure;
  };

  return {
    write(entityKey, state) {
      keys.add(scope.keys.values, entityKey);
      values.add(state ?? NOTHING);
      size += 1;
      return size < BATCH_KEYS && values.byteLength < BATCH_BYTES ? undefined : flush();
    },
    async finish() {
      if (size > 0) await flush();
      await Promise.all(underWay);
      if (failure !== undefined) throw failure;
      return counts;
    },
  };
}

const NOTHING = new Uint8Array(0);

function encodeRanges(ranges: readonly SequenceRange[]): Buffer {
  const bytes = Buffer.alloc(ranges.length * 16);
  ranges.forEach(({ start, end }, index) => {
    bytes.writeBigUInt64BE(start, index * 16);
    bytes.writeBigUInt64BE(end, index * 16 + 8);
  });
  return bytes;
}
