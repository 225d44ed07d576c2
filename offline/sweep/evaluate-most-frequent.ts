/** The most frequent value: rows counted by rank of their value, under a tournament of the counts. */
import { valueRanks } from './evaluate-distinct.ts';
import type { ResultColumn } from './result-column.ts';
import { slide, type Sliding } from './slide.ts';
import type { WindowRows } from './window-rows.ts';

export function evaluateMostFrequent(rows: WindowRows, result: ResultColumn): void {
  const { ofRow, values } = valueRanks(rows);
  if (values.length === 0) return;
  const { present } = rows;
  slide(
    rows.spans,
    rows.group.changes,
    new FrequencyWindow(ofRow, values.length, (request, rank) => {
      if (present[request]! > 0) result.setValue(request, values[rank]!);
    }),
  );
}

class FrequencyWindow implements Sliding {
  readonly #ofRow: Int32Array;
  readonly #answer: (request: number, rank: number) => void;
  /** By rank, how many rows of the window have the value. */
  readonly #rows: Int32Array;
  /** By node, its children being 2n and 2n + 1, the rank with most rows below it. The leaves are the ranks. */
  readonly #winners: Int32Array;
  readonly #leaves: number;

  constructor(ofRow: Int32Array, ranks: number, answer: (request: number, rank: number) => void) {
    this.#ofRow = ofRow;
    this.#answer = answer;
    this.#leaves = 2 ** Math.ceil(Math.log2(ranks));
    this.#rows = new Int32Array(this.#leaves);
    this.#winners = new Int32Array(2 * this.#leaves);
    for (let rank = 0; rank < this.#leaves; rank++) this.#winners[this.#leaves + rank] = rank;
    for (let node = this.#leaves - 1; node > 0; node--) this.#play(node);
  }
  enter(row: number): void {
    this.#change(row, 1);
  }
  leave(row: number): void {
    this.#change(row, -1);
  }
  read(request: number): void {
    this.#answer(request, this.#winners[1]!);
  }

  #change(row: number, by: number): void {
    const rank = this.#ofRow[row]!;
    if (rank < 0) return;
    this.#rows[rank]! += by;
    for (let node = (this.#leaves + rank) >> 1; node > 0; node >>= 1) this.#play(node);
  }

  /** Of equally many rows the lesser rank wins. */
  #play(node: number): void {
    const left = this.#winners[2 * node]!;
    const right = this.#winners[2 * node + 1]!;
    this.#winners[node] = this.#rows[right]! > this.#rows[left]! ? right : left;
  }
}
