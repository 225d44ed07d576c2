/**
 * Algebra of half-open time ranges. Every result is a *range list*: sorted, disjoint, without empty ranges, and with
 * touching ranges joined, so that equal sets have equal lists.
 */
import type { TimeRange } from '../contracts/lake.ts';
import { floorToGrid } from '../contracts/time.ts';

/** The range list of any ranges, in any order, overlapping or empty. */
export function unionRanges(...lists: readonly (readonly TimeRange[])[]): readonly TimeRange[] {
  const sorted = lists
    .flat()
    .filter((range) => range.from < range.to)
    .sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  const joined: TimeRange[] = [];
  for (const range of sorted) {
    const last = joined.at(-1);
    if (last === undefined || range.from > last.to) joined.push(range);
    else if (range.to > last.to) joined[joined.length - 1] = { from: last.from, to: range.to };
  }
  return joined;
}

/** What lies in `ranges` and not in `taken`. */
export function subtractRanges(ranges: readonly TimeRange[], taken: readonly TimeRange[]): readonly TimeRange[] {
  const holes = unionRanges(taken);
  const left: TimeRange[] = [];
  let first = 0;
  for (const range of unionRanges(ranges)) {
    let from = range.from;
    while (first < holes.length && holes[first]!.to <= range.from) first += 1;
    for (let next = first; next < holes.length && holes[next]!.from < range.to; next += 1) {
      const hole = holes[next]!;
      if (hole.from > from) left.push({ from, to: hole.from });
      from = hole.to;
    }
    if (from < range.to) left.push({ from, to: range.to });
  }
  return left;
}

/** What lies in both. */
export function intersectRanges(a: readonly TimeRange[], b: readonly TimeRange[]): readonly TimeRange[] {
  const left = unionRanges(a);
  const right = unionRanges(b);
  const both: TimeRange[] = [];
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    const [x, y] = [left[i]!, right[j]!];
    const from = x.from > y.from ? x.from : y.from;
    const to = x.to < y.to ? x.to : y.to;
    if (from < to) both.push({ from, to });
    if (x.to < y.to) i += 1;
    else j += 1;
  }
  return both;
}

/** Cuts a range at the multiples of `stepMicros` from 1970-01-01T00:00Z. The first and last piece may be shorter. */
export function cutToGrid(range: TimeRange, stepMicros: number): readonly TimeRange[] {
  const step = BigInt(stepMicros);
  const cells: TimeRange[] = [];
  for (let from = range.from; from < range.to;) {
    const end = floorToGrid(from, stepMicros) + step;
    const to = end < range.to ? end : range.to;
    cells.push({ from, to });
    from = to;
  }
  return cells;
}
