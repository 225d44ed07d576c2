/** Approximate distinct counts, and lists of distinct values. */
import { DISTINCT_HASHES, estimateDistinct } from '../../aggregates/distinct.ts';
import { compareValues } from '../../aggregates/value-order.ts';
import { DistinctWindow } from './distinct-window.ts';
import { rankColumn, type Ranks } from './ranks.ts';
import type { ResultColumn } from './result-column.ts';
import { slide } from './slide.ts';
import type { WindowRows } from './window-rows.ts';

const SIGN_OFFSET = 2n ** 63n;

/** The column holds hashes, as `distinctHashSql` gives them. */
export function evaluateDistinct({ group, column, input, spans }: WindowRows, result: ResultColumn): void {
  const ranks = group.remember(`hash ranks ${input}`, () => rankColumn<bigint>(column, (a, b) => (a < b ? -1 : 1)));
  const window = new DistinctWindow(ranks, (request, { distinct }) => {
    const held = Math.min(distinct, DISTINCT_HASHES);
    if (held === 0) return;
    const greatest = held < DISTINCT_HASHES ? 0 : Number(ranks.values[window.rankOf(held)]! + SIGN_OFFSET);
    result.setNumber(request, estimateDistinct(held, greatest));
  });
  slide(spans, group.changes, window);
}

/** The least values of each window, `limit` at most. */
export function evaluateDistinctValues(rows: WindowRows, limit: number, result: ResultColumn): void {
  const ranks = valueRanks(rows);
  const window = new DistinctWindow(ranks, (request, { distinct }) => {
    const length = Math.min(distinct, limit);
    if (length === 0) return;
    result.setValue(
      request,
      Array.from({ length }, (_, index) => ranks.values[window.rankOf(index + 1)]!),
    );
  });
  slide(rows.spans, rows.group.changes, window);
}

/** The ranks of the column's values, minus zero as zero. */
export function valueRanks({ group, column, input }: WindowRows): Ranks {
  return group.remember(`value ranks ${input}`, () => rankColumn(column, compareValues));
}
