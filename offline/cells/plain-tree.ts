/** An order tree of values of any type over the cells of each key. See `order-tree.ts`. */
import type { EngineValue } from '../../engine/engine.ts';
import { TreeLayout } from '../sweep/tree-layout.ts';

export class PlainTree {
  readonly #layout: TreeLayout;
  readonly #nodes: EngineValue[];
  readonly #choose: (a: EngineValue, b: EngineValue) => EngineValue;

  /** `choose` is associative and commutative, and null counts for nothing. */
  constructor(
    leaves: readonly EngineValue[],
    begins: Int32Array,
    choose: (a: EngineValue, b: EngineValue) => EngineValue,
  ) {
    this.#layout = new TreeLayout(begins);
    this.#choose = choose;
    const nodes = [...leaves, ...new Array<EngineValue>(this.#layout.size - leaves.length).fill(null)];
    this.#layout.build((node, child) => {
      nodes[node] = choose(nodes[child]!, nodes[child + 1]!);
    });
    this.#nodes = nodes;
  }

  /** Over the cells from `start` to before `end`, of the key that begins at `begin`; null for none. */
  query(begin: number, start: number, end: number): EngineValue {
    let result: EngineValue = null;
    let low = start - begin;
    let high = end - begin;
    for (let level = 0; low < high; level++, low >>= 1, high >>= 1) {
      const first = this.#layout.offsets[level]! + (begin >> level);
      if (low & 1) result = this.#choose(result, this.#nodes[first + low++]!);
      if (high & 1) result = this.#choose(result, this.#nodes[first + --high]!);
    }
    return result;
  }
}
