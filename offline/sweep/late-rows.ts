/**
 * Late rows: those created after the time from which they count, in a sweep as known. They stand in their place of the
 * row order from the start, but count only for the requests that know them.
 */
import type { BlockTimes } from './block-times.ts';
import type { KeyRanges } from './key-ranges.ts';

export interface LateRows {
  /** By row of the group: 1 when it is known as soon as it counts, 0 when it becomes known later or never. */
  readonly known: Uint8Array;
  /** Rows that become known later, by the first request that knows them. */
  readonly rows: Int32Array;
  /** That request, by position of `rows`; never falls. */
  readonly since: Int32Array;
}

/** Undefined when no row is late: then every row counts for every request that it stands before. */
export function findLateRows({ created, entry, at }: BlockTimes, ranges: KeyRanges): LateRows | undefined {
  if (!created) return undefined;
  const known = new Uint8Array(entry.length);
  let timely = 0;
  for (let row = 0; row < entry.length; row++) {
    if (created[row]! > entry[row]!) continue;
    known[row] = 1;
    timely++;
  }
  if (timely === entry.length) return undefined;
  return { known, ...sortByRequest(firstKnowing(known, created, at, ranges), at.length) };
}

/** By row the first request of its key that knows it; -1 for timely rows and those that none knows. */
function firstKnowing(known: Uint8Array, created: Float64Array, at: Float64Array, ranges: KeyRanges): Int32Array {
  const since = new Int32Array(known.length).fill(-1);
  for (let from = 0, to = 0; from < at.length; from = to) {
    const begin = ranges.begin[from]!;
    const end = ranges.end[from]!;
    to = from + 1;
    while (to < at.length && ranges.begin[to] === begin && ranges.end[to] === end) to++;
    for (let row = begin; row < end; row++) {
      if (known[row] === 1) continue;
      const request = firstFrom(at, from, to, created[row]!);
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

/** A counting sort. */
function sortByRequest(sinceByRow: Int32Array, requests: number): Pick<LateRows, 'rows' | 'since'> {
  const places = new Int32Array(requests + 1);
  for (const request of sinceByRow) if (request >= 0) places[request + 1]!++;
  for (let request = 0; request < requests; request++) places[request + 1]! += places[request]!;
  const rows = new Int32Array(places[requests]!);
  const since = new Int32Array(rows.length);
  for (let row = 0; row < sinceByRow.length; row++) {
    const request = sinceByRow[row]!;
    if (request < 0) continue;
    const place = places[request]!++;
    rows[place] = row;
    since[place] = request;
  }
  return { rows, since };
}

/** The late rows among the rows of a filter. `places[row]` is the number of earlier rows that pass it. */
export function filterLateRows(late: LateRows, passing: Int32Array, places: Int32Array): LateRows {
  const known = new Uint8Array(passing.length);
  for (let place = 0; place < passing.length; place++) known[place] = late.known[passing[place]!]!;
  const kept: number[] = [];
  for (let index = 0; index < late.rows.length; index++) {
    const row = late.rows[index]!;
    if (places[row + 1]! > places[row]!) kept.push(index);
  }
  return {
    known,
    rows: Int32Array.from(kept, (index) => places[late.rows[index]!]!),
    since: Int32Array.from(kept, (index) => late.since[index]!),
  };
}
