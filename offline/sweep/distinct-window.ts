/**
 * The distinct sketch of a sliding window, without building sketches: the window's distinct hashes are kept as a multiset
 * over their ranks, with a Fenwick tree that finds the k-th least in O(log n).
 */
import { DISTINCT_HASHES, estimateDistinct } from '../../aggregates/distinct.ts';
import type { Ranks } from './ranks.ts';
import type { Sliding } from './slide.ts';

const SIGN_OFFSET = 2n ** 63n;

export class DistinctWindow implements Sliding {
  readonly #ranks: Ranks<bigint>;
  readonly #answer: (request: number, count: number | null) => void;
  /** By rank, how many rows of the window have the hash. */
  readonly #rows: Int32Array;
  /** Fenwick tree over ranks, from 1: how many of them the window has. */
  readonly #tree: Int32Array;
  #distinct = 0;

  /** `ranks` are those of the signed hashes of `distinctHashSql`. */
  constructor(ranks: Ranks<bigint>, answer: (request: number, count: number | null) => void) {
    this.#ranks = ranks;
    this.#answer = answer;
    this.#rows = new Int32Array(ranks.values.length);
    this.#tree = new Int32Array(ranks.values.length + 1);
  }

  enter(row: number): void {
    const rank = this.#ranks.ofRow[row]!;
    if (rank >= 0 && this.#rows[rank]!++ === 0) this.#change(rank, 1);
  }

  leave(row: number): void {
    const rank = this.#ranks.ofRow[row]!;
    if (rank >= 0 && --this.#rows[rank]! === 0) this.#change(rank, -1);
  }

  read(request: number): void {
    const held = Math.min(this.#distinct, DISTINCT_HASHES);
    const greatest = held < DISTINCT_HASHES ? 0 : Number(this.#ranks.values[this.#rankAt(held)]! + SIGN_OFFSET);
    this.#answer(request, held === 0 ? null : estimateDistinct(held, greatest));
  }

  #change(rank: number, by: number): void {
    this.#distinct += by;
    for (let node = rank + 1; node < this.#tree.length; node += node & -node) this.#tree[node]! += by;
  }

  /** The rank of the n-th least hash in the window, n from 1. */
  #rankAt(n: number): number {
    let node = 0;
    let rest = n;
    for (let step = 2 ** Math.floor(Math.log2(this.#tree.length)); step > 0; step >>= 1) {
      const next = node + step;
      if (next < this.#tree.length && this.#tree[next]! < rest) {
        node = next;
        rest -= this.#tree[next]!;
      }
    }
    return node;
  }
}
