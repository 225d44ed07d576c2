/** The sample standard deviation, and approximate distinct counts. */
import { sampleDeviation } from '../../aggregates/moments.ts';
import { DistinctWindow } from './distinct-window.ts';
import { MomentsTree } from './moments-tree.ts';
import { rankColumn } from './ranks.ts';
import type { ResultColumn } from './result-column.ts';
import { slide } from './slide.ts';
import { isReady, visit, type WindowRows } from './window-rows.ts';

export function evaluateDeviation(rows: WindowRows, result: ResultColumn): void {
  const { values } = rows.column;
  const valueAt = (row: number): number => Number(values[row]);
  const tree = new MomentsTree(rows.group.rows, (row) => (isReady(rows, row) ? valueAt(row) : undefined));
  const { starts, ends } = rows.spans;
  visit(
    rows,
    (row) => tree.set(row, valueAt(row)),
    (request) => {
      const { count, squares } = tree.query(starts[request]!, ends[request]!);
      result.setValue(request, sampleDeviation(count, squares));
    },
  );
}

/** The column holds hashes, as `distinctHashSql` gives them. */
export function evaluateDistinct(rows: WindowRows, result: ResultColumn): void {
  const ranks = rankColumn<bigint>(rows.column, (a, b) => (a < b ? -1 : 1));
  const window = new DistinctWindow(ranks, (request, count) => result.setValue(request, count));
  slide(rows.spans, rows.group.late, window);
}
