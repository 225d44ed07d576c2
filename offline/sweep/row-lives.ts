/** The requests between which a row of a block counts, beyond the time from which it does. */
import type { BlockTimes } from './block-times.ts';
import type { KeyRanges } from './key-ranges.ts';
import { ALWAYS, NEVER, type Since } from './row-changes.ts';

/**
 * By row the first request that knows it, for rows created after the time from which they count. Undefined when no row is
 * late: then every row counts for every request that it stands before.
 */
export function lateRows({ created, entry, at }: BlockTimes, ranges: KeyRanges): Since | undefined {
  if (!created?.some((time, row) => time > entry[row]!)) return undefined;
  return sinceRequests(at, ranges, entry.length, (row) => (created[row]! > entry[row]! ? created[row]! : undefined));
}

/** By row the first request at which a greater row of its event has entered. Undefined when there is none. */
export function endingRows({ until, entry, at }: BlockTimes, ranges: KeyRanges): Since | undefined {
  if (!until?.some((time) => time < Infinity)) return undefined;
  return sinceRequests(at, ranges, entry.length, (row) => until[row]!);
}

/** By row the first request of its key at or after a time; `ALWAYS` for a row without one. */
function sinceRequests(
  at: Float64Array,
  ranges: KeyRanges,
  rows: number,
  timeOf: (row: number) => number | undefined,
): Since {
  const since = new Int32Array(rows).fill(NEVER);
  for (let from = 0, to = 0; from < at.length; from = to) {
    const begin = ranges.begin[from]!;
    const end = ranges.end[from]!;
    to = from + 1;
    while (to < at.length && ranges.begin[to] === begin && ranges.end[to] === end) to++;
    for (let row = begin; row < end; row++) {
      const time = timeOf(row);
      const request = time === undefined ? ALWAYS : firstFrom(at, from, to, time);
      if (request < to) since[row] = request;
    }
  }
  return since;
}

function firstFrom(at: Float64Array, from: number, to: number, time: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
