/** The sample standard deviation, and approximate distinct counts. */
import { sampleDeviation } from '../../aggregates/moments.ts';
import { DistinctWindow } from './distinct-window.ts';
import { MomentsTree } from './moments-tree.ts';
import { rankColumn } from './ranks.ts';
import type { ResultColumn } from './result-column.ts';
import { slide } from './slide.ts';
import { visit, type WindowRows } from './window-rows.ts';

export function evaluateDeviation(rows: WindowRows, result: ResultColumn): void {
  const { group, column, input, spans } = rows;
  const values = group.remember(`doubles ${input}`, () =>
    Float64Array.from(column.values as ArrayLike<number>, Number),
  );
  const build = (): MomentsTree => new MomentsTree(values, group.begins, column.valid, group.late?.known);
  const tree = group.late ? build() : group.remember(`moments ${input}`, build);
  visit(
    rows,
    (row) => tree.set(row, values[row]!),
    (request) => {
      const { count, squares } = tree.query(spans.begins[request]!, spans.starts[request]!, spans.ends[request]!);
      result.setValue(request, sampleDeviation(count, squares));
    },
  );
}

/** The column holds hashes, as `distinctHashSql` gives them. */
export function evaluateDistinct({ group, column, input, spans }: WindowRows, result: ResultColumn): void {
  const ranks = group.remember(`ranks ${input}`, () => rankColumn<bigint>(column, (a, b) => (a < b ? -1 : 1)));
  const window = new DistinctWindow(ranks, (request, count) => result.setValue(request, count));
  slide(spans, group.late, window);
}
