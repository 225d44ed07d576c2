/** An order tree of counts, means and squared deviations. See `order-tree.ts`. */
import { mergeMoments, type MomentsState } from '../../aggregates/moments.ts';
import { TreeLayout } from './tree-layout.ts';

const EMPTY: MomentsState = { count: 0, mean: 0, squares: 0 };

export class MomentsTree {
  readonly #layout: TreeLayout;
  readonly #counts: Float64Array;
  readonly #means: Float64Array;
  readonly #squares: Float64Array;

  /** Rows that `valid` calls null, or that are not `known` yet, do not take part. `begins` are those of the group. */
  constructor(values: Float64Array, begins: Int32Array, valid: Uint8Array | undefined, known: Uint8Array | undefined) {
    this.#layout = new TreeLayout(begins);
    const { size } = this.#layout;
    this.#counts = new Float64Array(size);
    this.#means = new Float64Array(size);
    this.#squares = new Float64Array(size);
    for (let row = 0; row < values.length; row++) {
      if (valid?.[row] === 0 || known?.[row] === 0) continue;
      this.#counts[row] = 1;
      this.#means[row] = values[row]!;
    }
    this.#layout.build(this.#join);
  }

  /** Null for a row that takes no part. */
  set(row: number, value: number | null): void {
    this.#write(row, value === null ? EMPTY : { count: 1, mean: value, squares: 0 });
    this.#layout.climb(row, this.#join);
  }

  /** Over the rows from `start` to before `end`, of the key that begins at `begin`. */
  query(begin: number, start: number, end: number): MomentsState {
    let result = EMPTY;
    let low = start - begin;
    let high = end - begin;
    for (let level = 0; low < high; level++, low >>= 1, high >>= 1) {
      const first = this.#layout.offsets[level]! + (begin >> level);
      if (low & 1) result = mergeMoments(result, this.#read(first + low++));
      if (high & 1) result = mergeMoments(result, this.#read(first + --high));
    }
    return result;
  }

  readonly #join = (node: number, child: number): void => {
    this.#write(node, mergeMoments(this.#read(child), this.#read(child + 1)));
  };

  #read(node: number): MomentsState {
    return { count: this.#counts[node]!, mean: this.#means[node]!, squares: this.#squares[node]! };
  }

  #write(node: number, { count, mean, squares }: MomentsState): void {
    this.#counts[node] = count;
    this.#means[node] = mean;
    this.#squares[node] = squares;
  }
}
