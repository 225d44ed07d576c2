/**
 * Where the nodes of an order tree stand. A node of level k combines 2^k rows of one key, counted from the key's first row:
 * so what a span combines, and with it the last digit of a float sum, depends on the key's rows alone and not on the keys
 * beside it.
 *
 * Only whole nodes exist: a key of s rows has s >> k of them on level k. They begin at place `begin >> k` of the level, which
 * leaves room for all, since (begin + s) >> k is never less than (begin >> k) + (s >> k). So a tree takes less than twice
 * its rows.
 */
export class TreeLayout {
  /** By level, where its nodes begin. */
  readonly offsets: Int32Array;
  /** Nodes of all levels. */
  readonly size: number;
  readonly #begins: Int32Array;

  /** By key its first row; one more entry than keys, the last being the number of rows. */
  constructor(begins: Int32Array) {
    const offsets: number[] = [];
    let size = 0;
    for (let nodes = begins.at(-1)!; nodes > 0; nodes >>= 1) {
      offsets.push(size);
      size += nodes;
    }
    this.offsets = Int32Array.from(offsets);
    this.size = size;
    this.#begins = begins;
  }

  /** Calls `join` for every node above the rows, children first. The children are `child` and `child + 1`. */
  build(join: (node: number, child: number) => void): void {
    for (let key = 0; key + 1 < this.#begins.length; key++) {
      const begin = this.#begins[key]!;
      const rows = this.#begins[key + 1]! - begin;
      for (let level = 1; rows >> level > 0; level++) {
        const node = this.offsets[level]! + (begin >> level);
        const child = this.offsets[level - 1]! + (begin >> (level - 1));
        for (let index = 0; index < rows >> level; index++) join(node + index, child + 2 * index);
      }
    }
  }

  /** Calls `join` for every node above one row, as `build` does. */
  climb(row: number, join: (node: number, child: number) => void): void {
    const key = this.#keyOf(row);
    const begin = this.#begins[key]!;
    const rows = this.#begins[key + 1]! - begin;
    for (let level = 1; (row - begin) >> level < rows >> level; level++) {
      const index = (row - begin) >> level;
      const child = this.offsets[level - 1]! + (begin >> (level - 1)) + 2 * index;
      join(this.offsets[level]! + (begin >> level) + index, child);
    }
  }

  /** The last key that begins at the row or before. */
  #keyOf(row: number): number {
    let low = 0;
    let high = this.#begins.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#begins[middle]! <= row) low = middle;
      else high = middle;
    }
    return low;
  }
}
