/**
 * Approximate distinct counts: the k minimum values sketch, one specification for every engine.
 *
 * The sketch of a set of rows is the k = 1024 least distinct hashes (see `distinct-hash.ts`) of its non-null values. Below
 * k hashes their number is the answer, exact but for 64-bit collisions; from k on the estimate is `(k - 1) / u`, rounded,
 * where u is the k-th least hash as a fraction of 2^64. The standard error is 1 / sqrt(k - 2), 3.1 %. The sketch
 * depends on the set of values alone: not on order, duplicates or how rows were split and merged.
 *
 * Method: Bar-Yossef et al. 2002; the unbiased estimator is that of Beyer et al. 2007.
 */
import type { Aggregate } from './aggregate.ts';
import { ByteWriter } from './bytes.ts';
import { distinctHash } from './distinct-hash.ts';

export const DISTINCT_HASHES = 1024;
const HASH_RANGE = 2 ** 64;

/** Ascending, without repeats, at most k. */
export type DistinctState = bigint[];

export const APPROX_COUNT_DISTINCT: Aggregate<DistinctState> = {
  empty: () => [],
  add(state, value) {
    if (value !== null) insert(state, distinctHash(value));
    return state;
  },
  merge,
  finish: (state) => (state.length === 0 ? null : estimateDistinct(state.length, Number(state.at(-1)!))),
  encode(state) {
    const writer = new ByteWriter();
    writer.count(state.length);
    for (const hash of state) writer.unsigned64(hash);
    return writer.finish();
  },
  read(reader) {
    return Array.from({ length: reader.count() }, () => reader.unsigned64());
  },
};

/** `held` is the number of hashes, at most k; `greatest` the greatest of them, unsigned, as a double. */
export function estimateDistinct(held: number, greatest: number): number {
  return held < DISTINCT_HASHES ? held : Math.round((DISTINCT_HASHES - 1) / (greatest / HASH_RANGE));
}

function insert(hashes: DistinctState, hash: bigint): void {
  const full = hashes.length === DISTINCT_HASHES;
  if (full && hash >= hashes.at(-1)!) return;
  let low = 0;
  let high = hashes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (hashes[middle]! < hash) low = middle + 1;
    else high = middle;
  }
  if (hashes[low] === hash) return;
  hashes.splice(low, 0, hash);
  if (full) hashes.pop();
}

function merge(a: DistinctState, b: DistinctState): DistinctState {
  const merged: DistinctState = [];
  for (let i = 0, j = 0; merged.length < DISTINCT_HASHES && (i < a.length || j < b.length);) {
    const left = a[i];
    const right = b[j];
    if (right === undefined || (left !== undefined && left <= right)) {
      merged.push(left!);
      i++;
      if (left === right) j++;
    } else {
      merged.push(right);
      j++;
    }
  }
  return merged;
}
