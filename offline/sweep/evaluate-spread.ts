/** The sample variance and standard deviation. */
import { sampleDeviation, sampleVariance } from '../../aggregates/moments.ts';
import { MomentsTree } from './moments-tree.ts';
import type { ResultColumn } from './result-column.ts';
import { visit, type WindowRows } from './window-rows.ts';

export function evaluateSpread(rows: WindowRows, kind: 'variance' | 'stddev', result: ResultColumn): void {
  const finish = kind === 'variance' ? sampleVariance : sampleDeviation;
  const { group, column, input, spans } = rows;
  const values = group.remember(`doubles ${input}`, () =>
    Float64Array.from(column.values as ArrayLike<number>, Number),
  );
  const build = (): MomentsTree => new MomentsTree(values, group.begins, column.valid, group.changes?.known);
  const tree = group.changes ? build() : group.remember(`moments ${input}`, build);
  visit(
    rows,
    (row, known) => tree.set(row, known ? values[row]! : null),
    (request) => {
      const moments = tree.query(spans.begins[request]!, spans.starts[request]!, spans.ends[request]!);
      result.setValue(request, finish(moments));
    },
  );
}
