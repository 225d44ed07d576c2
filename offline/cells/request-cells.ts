/**
 * The requests of a sweep in memory, and the cells that they cut the time of each key into: two neighbouring bounds of any
 * of its windows have no bound between them, so all events between them count for the same windows. There are at most as
 * many cells as bounds, however many events there are.
 */
import { int64Numbers } from '../int64-numbers.ts';
import type { RequestSlots } from '../request-slots.ts';
import { floorTo, type DurationWindow } from '../sweep/block-times.ts';

/** Requests by (key, time), whose times are microseconds. */
export type SortedRequests = Omit<RequestSlots, 'at'> & { readonly at: Float64Array };

/** The cells that a window covers, request by request, start inclusive and end exclusive. */
export interface CellSpans {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

export interface RequestCells {
  readonly requests: SortedRequests;
  readonly cells: number;
  /** By key its first cell; one more entry than keys. */
  readonly begins: Int32Array;
  /** By request the first cell of its key. */
  readonly beginOf: Int32Array;
  /** By cell the bound at which it ends; it begins at the one before, the first of a key before every event. */
  readonly bounds: Float64Array;
  /** By position of the duration windows given. */
  readonly durations: readonly CellSpans[];
  readonly all: CellSpans;
}

/** Undefined when a time is not exact as a double: years far from ours. */
export function sortRequests({ at: micros, ...slots }: RequestSlots): SortedRequests | undefined {
  const at = int64Numbers(micros);
  return at && { ...slots, at };
}

/** A row counts for a request when its event is before `at - delay`; windows begin at `at - micros` on their grid. */
export function cutCells(
  requests: SortedRequests,
  delayMicros: number,
  windows: readonly DurationWindow[],
): RequestCells {
  const { count, begins: firsts, at } = requests;
  const keys = firsts.length - 1;
  const uppers = delayMicros === 0 ? at : at.map((time) => time - delayMicros);
  const lowers = windows.map(({ micros, resolutionMicros }) =>
    at.map((time) => floorTo(time - micros, resolutionMicros)),
  );
  const kinds = [uppers, ...lowers];
  const bounds = new Float64Array(count * kinds.length);
  const begins = new Int32Array(keys + 1);
  let used = 0;
  for (let key = 0; key < keys; key++) {
    const from = firsts[key]!;
    const to = firsts[key + 1]!;
    const start = used;
    let end = start;
    for (const times of kinds) {
      for (let request = from; request < to; request++) bounds[end++] = times[request]!;
    }
    sortTimes(bounds, start, end);
    used = start;
    for (let place = start; place < end; place++) {
      if (place === start || bounds[place] !== bounds[used - 1]) bounds[used++] = bounds[place]!;
    }
    begins[key + 1] = used;
  }
  const beginOf = new Int32Array(count);
  for (let key = 0; key < keys; key++) beginOf.fill(begins[key]!, firsts[key], firsts[key + 1]);
  const ends = cellsAfter(uppers, requests, begins, bounds);
  return {
    requests,
    cells: used,
    begins,
    beginOf,
    bounds: bounds.slice(0, used),
    all: { starts: beginOf, ends },
    durations: lowers.map((times) => ({
      starts: cellsAfter(times, requests, begins, bounds).map((cell, request) => Math.min(cell, ends[request]!)),
      ends,
    })),
  };
}

/** Insertion sort for the few bounds of most keys, which a call of `sort` would cost more than. */
function sortTimes(times: Float64Array, from: number, to: number): void {
  if (to - from > 32) {
    times.subarray(from, to).sort();
    return;
  }
  for (let place = from + 1; place < to; place++) {
    const time = times[place]!;
    let hole = place;
    for (; hole > from && times[hole - 1]! > time; hole--) times[hole] = times[hole - 1]!;
    times[hole] = time;
  }
}

/** By request the cell that begins at its time, which is one of the bounds of its key and rises within it. */
function cellsAfter(
  times: Float64Array,
  { begins: firsts }: SortedRequests,
  begins: Int32Array,
  bounds: Float64Array,
): Int32Array {
  const cells = new Int32Array(times.length);
  for (let key = 0; key + 1 < firsts.length; key++) {
    let cell = begins[key]!;
    for (let request = firsts[key]!; request < firsts[key + 1]!; request++) {
      while (bounds[cell]! < times[request]!) cell++;
      cells[request] = cell + 1;
    }
  }
  return cells;
}
