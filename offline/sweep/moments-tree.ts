/** An order tree of counts, means and squared deviations. See `order-tree.ts`. */
import { mergeMoments, type MomentsState } from '../../aggregates/moments.ts';

const EMPTY: MomentsState = { count: 0, mean: 0, squares: 0 };

export class MomentsTree {
  readonly #leaves: number;
  readonly #counts: Float64Array;
  readonly #means: Float64Array;
  readonly #squares: Float64Array;

  /** Rows that `valid` calls null, or that are not `known` yet, do not take part. */
  constructor(values: Float64Array, valid: Uint8Array | undefined, known: Uint8Array | undefined) {
    const rows = values.length;
    this.#leaves = rows;
    this.#counts = new Float64Array(2 * rows);
    this.#means = new Float64Array(2 * rows);
    this.#squares = new Float64Array(2 * rows);
    for (let row = 0; row < rows; row++) {
      if (valid?.[row] === 0 || known?.[row] === 0) continue;
      this.#counts[rows + row] = 1;
      this.#means[rows + row] = values[row]!;
    }
    for (let node = rows - 1; node > 0; node--) this.#join(node);
  }

  set(row: number, value: number): void {
    let node = this.#leaves + row;
    this.#write(node, { count: 1, mean: value, squares: 0 });
    for (node >>= 1; node > 0; node >>= 1) this.#join(node);
  }

  query(start: number, end: number): MomentsState {
    let result = EMPTY;
    let low = this.#leaves + start;
    let high = this.#leaves + end;
    for (; low < high; low >>= 1, high >>= 1) {
      if (low & 1) result = mergeMoments(result, this.#read(low++));
      if (high & 1) result = mergeMoments(result, this.#read(--high));
    }
    return result;
  }

  #join(node: number): void {
    this.#write(node, mergeMoments(this.#read(2 * node), this.#read(2 * node + 1)));
  }

  #read(node: number): MomentsState {
    return { count: this.#counts[node]!, mean: this.#means[node]!, squares: this.#squares[node]! };
  }

  #write(node: number, { count, mean, squares }: MomentsState): void {
    this.#counts[node] = count;
    this.#means[node] = mean;
    this.#squares[node] = squares;
  }
}
