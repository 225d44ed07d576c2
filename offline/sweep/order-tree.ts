/**
 * The order tree: a segment tree over the rows of a group, so that any span combines from about 2 log2(length) nodes. Nothing
 * is ever taken back, so float sums do not cancel, and one infinity reaches only the spans that hold it.
 *
 * The kinds are classes, not a function given to one class: the engine inlines their methods, and numbers stay unboxed.
 */
export abstract class OrderTree {
  /** What a row that does not take part holds. */
  readonly identity: number;
  readonly #rows: number;
  /** Node 1 is the root, the children of n are 2n and 2n + 1, row r is leaf `rows + r`. */
  readonly #nodes: Float64Array;

  constructor(leaves: Float64Array, identity: number) {
    const rows = leaves.length;
    const nodes = new Float64Array(2 * rows);
    nodes.set(leaves, rows);
    for (let node = rows - 1; node > 0; node--) nodes[node] = this.combine(nodes[2 * node]!, nodes[2 * node + 1]!);
    this.identity = identity;
    this.#rows = rows;
    this.#nodes = nodes;
  }

  /** Associative and commutative. */
  protected abstract combine(a: number, b: number): number;

  set(row: number, value: number): void {
    const nodes = this.#nodes;
    let node = this.#rows + row;
    nodes[node] = value;
    for (node >>= 1; node > 0; node >>= 1) nodes[node] = this.combine(nodes[2 * node]!, nodes[2 * node + 1]!);
  }

  /** Over the rows from `start` to before `end`. */
  query(start: number, end: number): number {
    const nodes = this.#nodes;
    let result = this.identity;
    let low = this.#rows + start;
    let high = this.#rows + end;
    for (; low < high; low >>= 1, high >>= 1) {
      if (low & 1) result = this.combine(result, nodes[low++]!);
      if (high & 1) result = this.combine(result, nodes[--high]!);
    }
    return result;
  }
}

export class SumTree extends OrderTree {
  static readonly identity = 0;
  constructor(leaves: Float64Array) {
    super(leaves, SumTree.identity);
  }
  protected combine(a: number, b: number): number {
    return a + b;
  }
}

/** NaN is the greatest value, and so the identity of the least. */
export class LeastTree extends OrderTree {
  static readonly identity = Number.NaN;
  constructor(leaves: Float64Array) {
    super(leaves, LeastTree.identity);
  }
  protected combine(a: number, b: number): number {
    return b < a || a !== a ? b : a;
  }
}

export class GreatestTree extends OrderTree {
  static readonly identity = -Infinity;
  constructor(leaves: Float64Array) {
    super(leaves, GreatestTree.identity);
  }
  protected combine(a: number, b: number): number {
    return b > a || b !== b ? b : a;
  }
}
