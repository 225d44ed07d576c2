/** The rows of a group that one window covers, request by request. */
import type { LateRows } from './late-rows.ts';

export interface Spans {
  /** By request, the first row of its key. */
  readonly begins: Int32Array;
  /** By request, start inclusive and end exclusive. Both never fall, and a start is at most its end. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** Spans from the first row at the lower bound. A delay longer than the window leaves an empty span. */
export function spansFrom(begins: Int32Array, firsts: Int32Array, ends: Int32Array): Spans {
  return { begins, starts: firsts.map((first, request) => Math.min(first, ends[request]!)), ends };
}

/** Spans of the `count` greatest known rows before each end, within the key that begins at `begins`. */
export function lastSpans(count: number, begins: Int32Array, ends: Int32Array, late: LateRows | undefined): Spans {
  if (!late) return { begins, starts: ends.map((end, request) => Math.max(begins[request]!, end - count)), ends };
  return { begins, starts: lastKnownStarts(count, begins, ends, late), ends };
}

/** A start only moves forward: a row that becomes known, or counts from now on, can but push the earliest one out. */
function lastKnownStarts(count: number, begins: Int32Array, ends: Int32Array, late: LateRows): Int32Array {
  const known = late.known.slice();
  const starts = new Int32Array(ends.length);
  let start = 0;
  let end = 0;
  let held = 0;
  let next = 0;
  for (let request = 0; request < ends.length; request++) {
    const begin = begins[request]!;
    for (; next < late.rows.length && late.since[next]! <= request; next++) {
      const row = late.rows[next]!;
      known[row] = 1;
      if (row >= start && row < end) held++;
    }
    for (; end < ends[request]!; end++) held += known[end]!;
    for (; start < begin; start++) held -= known[start]!;
    for (; held > count; start++) held -= known[start]!;
    starts[request] = start;
  }
  return starts;
}
