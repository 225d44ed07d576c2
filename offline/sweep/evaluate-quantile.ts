/** Approximate quantiles: the rows of the window counted by bucket. */
import { bucketCode, bucketValue, quantileRank } from '../../aggregates/quantile-bucket.ts';
import { RankTree } from './rank-tree.ts';
import { rankColumn, type Ranks } from './ranks.ts';
import type { ResultColumn } from './result-column.ts';
import { slide, type Sliding } from './slide.ts';
import type { WindowRows } from './window-rows.ts';

export function evaluateQuantile(rows: WindowRows, p: number, result: ResultColumn): void {
  const { group, column, input, spans, present } = rows;
  const ranks = group.remember(`bucket ranks ${input}`, () => {
    const codes = Int32Array.from(column.values as ArrayLike<number>, (value) => bucketCode(Number(value)));
    return rankColumn<number>({ values: codes, valid: column.valid }, (a, b) => a - b);
  });
  slide(
    spans,
    group.changes,
    new BucketWindow(ranks, (request, tree) => {
      const count = present[request]!;
      if (count === 0) return;
      result.setNumber(request, bucketValue(ranks.values[tree.rankOf(quantileRank(count, p))]!));
    }),
  );
}

class BucketWindow implements Sliding {
  readonly #ofRow: Int32Array;
  readonly #answer: (request: number, tree: RankTree) => void;
  /** Rows by rank of their bucket. */
  readonly #tree: RankTree;

  constructor({ ofRow, values }: Ranks<number>, answer: (request: number, tree: RankTree) => void) {
    this.#ofRow = ofRow;
    this.#answer = answer;
    this.#tree = new RankTree(values.length);
  }
  enter(row: number): void {
    if (this.#ofRow[row]! >= 0) this.#tree.add(this.#ofRow[row]!, 1);
  }
  leave(row: number): void {
    if (this.#ofRow[row]! >= 0) this.#tree.add(this.#ofRow[row]!, -1);
  }
  read(request: number): void {
    this.#answer(request, this.#tree);
  }
}
