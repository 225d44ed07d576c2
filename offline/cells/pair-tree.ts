/** An order tree of pair sums over the cells of each key. See `exact-sums.ts` and `order-tree.ts`. */
import { TreeLayout } from '../sweep/tree-layout.ts';
import type { PairSum } from './exact-sums.ts';

export class PairTree {
  readonly #layout: TreeLayout;
  readonly #totals: Float64Array;
  readonly #rests: Float64Array;

  /** `begins` are the first cells of the keys, and the number of cells. */
  constructor(totals: Float64Array, rests: Float64Array, begins: Int32Array) {
    this.#layout = new TreeLayout(begins);
    this.#totals = new Float64Array(this.#layout.size);
    this.#rests = new Float64Array(this.#layout.size);
    this.#totals.set(totals);
    this.#rests.set(rests);
    this.#layout.build(this.#join);
  }

  /** Over the cells from `start` to before `end`, of the key that begins at `begin`. */
  query(begin: number, start: number, end: number): PairSum {
    let total = 0;
    let rest = 0;
    let low = start - begin;
    let high = end - begin;
    const { offsets } = this.#layout;
    for (let level = 0; low < high; level++, low >>= 1, high >>= 1) {
      const first = offsets[level]! + (begin >> level);
      if (low & 1) {
        const node = first + low++;
        const term = this.#totals[node]!;
        rest += this.#rests[node]! + roundingError(total, term);
        total += term;
      }
      if (high & 1) {
        const node = first + --high;
        const term = this.#totals[node]!;
        rest += this.#rests[node]! + roundingError(total, term);
        total += term;
      }
    }
    return { total, rest };
  }

  readonly #join = (node: number, child: number): void => {
    const a = this.#totals[child]!;
    const b = this.#totals[child + 1]!;
    this.#totals[node] = a + b;
    this.#rests[node] = this.#rests[child]! + this.#rests[child + 1]! + roundingError(a, b);
  };
}

/** What the sum of two doubles loses. */
function roundingError(a: number, b: number): number {
  const sum = a + b;
  const kept = sum - a;
  return a - (sum - kept) + (b - kept);
}
