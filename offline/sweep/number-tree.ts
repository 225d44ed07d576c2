/**
 * The order tree: a segment tree over the rows of a group, so that any span combines from about 2 log2(length) nodes. Nothing
 * is ever taken back, so float sums do not cancel, and one infinity reaches only the spans that hold it.
 */

/** Associative and commutative, with an identity. */
export interface Combination {
  readonly identity: number;
  readonly combine: (a: number, b: number) => number;
}

export const ADD: Combination = { identity: 0, combine: (a, b) => a + b };
/** NaN is the greatest value, and so the identity of the minimum. */
export const LEAST: Combination = { identity: Number.NaN, combine: (a, b) => (b < a || a !== a ? b : a) };
export const GREATEST: Combination = { identity: -Infinity, combine: (a, b) => (b > a || b !== b ? b : a) };

export class NumberTree {
  readonly #combination: Combination;
  readonly #leaves: number;
  /** Node 1 is the root, the children of n are 2n and 2n + 1, row r is leaf `leaves + r`. */
  readonly #nodes: Float64Array;

  /** `leaf` gives a row's value; rows that do not take part give the identity. */
  constructor(rows: number, combination: Combination, leaf: (row: number) => number) {
    this.#combination = combination;
    this.#leaves = rows;
    const nodes = new Float64Array(2 * rows);
    for (let row = 0; row < rows; row++) nodes[rows + row] = leaf(row);
    const { combine } = combination;
    for (let node = rows - 1; node > 0; node--) nodes[node] = combine(nodes[2 * node]!, nodes[2 * node + 1]!);
    this.#nodes = nodes;
  }

  set(row: number, value: number): void {
    const nodes = this.#nodes;
    const { combine } = this.#combination;
    let node = this.#leaves + row;
    nodes[node] = value;
    for (node >>= 1; node > 0; node >>= 1) nodes[node] = combine(nodes[2 * node]!, nodes[2 * node + 1]!);
  }

  /** Over the rows from `start` to before `end`. */
  query(start: number, end: number): number {
    const nodes = this.#nodes;
    const { combine, identity } = this.#combination;
    let result = identity;
    let low = this.#leaves + start;
    let high = this.#leaves + end;
    for (; low < high; low >>= 1, high >>= 1) {
      if (low & 1) result = combine(result, nodes[low++]!);
      if (high & 1) result = combine(result, nodes[--high]!);
    }
    return result;
  }
}
