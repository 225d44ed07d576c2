/**
 * The order tree: a forest over the rows of a group, one tree for each key, so that any span combines from about
 * 2 log2(length) nodes. Nothing is ever taken back, so float sums do not cancel, and one infinity reaches only the spans that
 * hold it.
 *
 * The kinds are classes, not a function given to one class: the engine inlines their methods, and numbers stay unboxed.
 */
import { TreeLayout } from './tree-layout.ts';

export abstract class OrderTree {
  /** What a row that does not take part holds. */
  readonly identity: number;
  readonly #layout: TreeLayout;
  readonly #offsets: Int32Array;
  readonly #nodes: Float64Array;

  /** `begins` are those of the group. */
  constructor(leaves: Float64Array, begins: Int32Array, identity: number) {
    this.identity = identity;
    this.#layout = new TreeLayout(begins);
    this.#offsets = this.#layout.offsets;
    this.#nodes = new Float64Array(this.#layout.size);
    this.#nodes.set(leaves);
    this.#layout.build(this.#join);
  }

  /** Associative and commutative. */
  protected abstract combine(a: number, b: number): number;

  set(row: number, value: number): void {
    this.#nodes[row] = value;
    this.#layout.climb(row, this.#join);
  }

  /** Over the rows from `start` to before `end`, of the key that begins at `begin`. */
  query(begin: number, start: number, end: number): number {
    const nodes = this.#nodes;
    let result = this.identity;
    let low = start - begin;
    let high = end - begin;
    for (let level = 0; low < high; level++, low >>= 1, high >>= 1) {
      const first = this.#offsets[level]! + (begin >> level);
      if (low & 1) result = this.combine(result, nodes[first + low++]!);
      if (high & 1) result = this.combine(result, nodes[first + --high]!);
    }
    return result;
  }

  readonly #join = (node: number, child: number): void => {
    this.#nodes[node] = this.combine(this.#nodes[child]!, this.#nodes[child + 1]!);
  };
}

export class SumTree extends OrderTree {
  static readonly identity = 0;
  constructor(leaves: Float64Array, begins: Int32Array) {
    super(leaves, begins, SumTree.identity);
  }
  protected combine(a: number, b: number): number {
    return a + b;
  }
}

/** NaN is the greatest value, and so the identity of the least. */
export class LeastTree extends OrderTree {
  static readonly identity = Number.NaN;
  constructor(leaves: Float64Array, begins: Int32Array) {
    super(leaves, begins, LeastTree.identity);
  }
  protected combine(a: number, b: number): number {
    return b < a || a !== a ? b : a;
  }
}

export class GreatestTree extends OrderTree {
  static readonly identity = -Infinity;
  constructor(leaves: Float64Array, begins: Int32Array) {
    super(leaves, begins, GreatestTree.identity);
  }
  protected combine(a: number, b: number): number {
    return b > a || b !== b ? b : a;
  }
}
