/** How many of something stand at each rank: a Fenwick tree that finds the n-th of them in O(log ranks). */
export class RankTree {
  /** From 1. */
  readonly #nodes: Int32Array;

  constructor(ranks: number) {
    this.#nodes = new Int32Array(ranks + 1);
  }

  add(rank: number, by: number): void {
    const nodes = this.#nodes;
    for (let node = rank + 1; node < nodes.length; node += node & -node) nodes[node]! += by;
  }

  /** The rank at which the n-th stands, n from 1. */
  rankOf(n: number): number {
    const nodes = this.#nodes;
    let node = 0;
    let rest = n;
    for (let step = 2 ** Math.floor(Math.log2(nodes.length)); step > 0; step >>= 1) {
      const next = node + step;
      if (next < nodes.length && nodes[next]! < rest) {
        node = next;
        rest -= nodes[next]!;
      }
    }
    return node;
  }
}
