/**
 * The distinct values of a sliding window, as a multiset over their ranks: what the distinct sketch and the list of
 * distinct values are read from, without building either for each request.
 */
import { RankTree } from './rank-tree.ts';
import type { Ranks } from './ranks.ts';
import type { Sliding } from './slide.ts';

export class DistinctWindow implements Sliding {
  readonly #ofRow: Int32Array;
  readonly #answer: (request: number, window: DistinctWindow) => void;
  /** By rank, how many rows of the window have the value. */
  readonly #rows: Int32Array;
  /** Which ranks the window has. */
  readonly #tree: RankTree;
  #distinct = 0;

  constructor({ ofRow, values }: Ranks, answer: (request: number, window: DistinctWindow) => void) {
    this.#ofRow = ofRow;
    this.#answer = answer;
    this.#rows = new Int32Array(values.length);
    this.#tree = new RankTree(values.length);
  }

  /** The number of distinct values in the window. */
  get distinct(): number {
    return this.#distinct;
  }

  /** The rank of the n-th least of them, n from 1. */
  rankOf(n: number): number {
    return this.#tree.rankOf(n);
  }

  enter(row: number): void {
    const rank = this.#ofRow[row]!;
    if (rank >= 0 && this.#rows[rank]!++ === 0) this.#change(rank, 1);
  }

  leave(row: number): void {
    const rank = this.#ofRow[row]!;
    if (rank >= 0 && --this.#rows[rank]! === 0) this.#change(rank, -1);
  }

  read(request: number): void {
    this.#answer(request, this);
  }

  #change(rank: number, by: number): void {
    this.#distinct += by;
    this.#tree.add(rank, by);
  }
}
