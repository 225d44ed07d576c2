/** The rows of a group that one window covers, request by request. */
import { ChangingRows, type RowChanges } from './row-changes.ts';

export interface Spans {
  /** By request, the first row of its key. */
  readonly begins: Int32Array;
  /**
   * By request, start inclusive and end exclusive. An end never falls, a start only where a row of a last-N window stops to
   * count, and a start is at most its end.
   */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** Spans from the first row at the lower bound. A delay longer than the window leaves an empty span. */
export function spansFrom(begins: Int32Array, firsts: Int32Array, ends: Int32Array): Spans {
  return { begins, starts: firsts.map((first, request) => Math.min(first, ends[request]!)), ends };
}

/** Spans of the `count` greatest known rows before each end, within the key that begins at `begins`. */
export function lastSpans(count: number, begins: Int32Array, ends: Int32Array, changes: RowChanges | undefined): Spans {
  if (!changes) return { begins, starts: ends.map((end, request) => Math.max(begins[request]!, end - count)), ends };
  return { begins, starts: lastKnownStarts(count, begins, ends, changes), ends };
}

/**
 * A row that becomes known, or counts from now on, can but push the earliest one out; one that stops to count brings
 * an earlier one back.
 */
function lastKnownStarts(count: number, begins: Int32Array, ends: Int32Array, changes: RowChanges): Int32Array {
  const changing = new ChangingRows(changes);
  const { known } = changing;
  const starts = new Int32Array(ends.length);
  let start = 0;
  let end = 0;
  let held = 0;
  const change = (row: number, enters: boolean): void => {
    if (row >= start && row < end) held += enters ? 1 : -1;
  };
  for (let request = 0; request < ends.length; request++) {
    const begin = begins[request]!;
    changing.take(request, change);
    for (; end < ends[request]!; end++) held += known[end]!;
    for (; start < begin; start++) held -= known[start]!;
    for (; held > count; start++) held -= known[start]!;
    while (held < count && start > begin) held += known[--start]!;
    starts[request] = start;
  }
  return starts;
}
