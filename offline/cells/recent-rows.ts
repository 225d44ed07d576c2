/**
 * The newest rows of each cell, for last-N windows: the last N rows before a request are among the newest N of its cell and
 * of the cells before. Rows come in any order, mostly the right one.
 */
import type { EngineValue } from '../../engine/engine.ts';
import type { CellBatch } from './cell-batch.ts';
import type { Measure } from './measure.ts';
import { valuesLike } from './plain-measures.ts';

export class RecentRowsMeasure implements Measure {
  exact = true;
  readonly limit: number;
  readonly #inputs: readonly number[];
  readonly #held: Int32Array;
  /** By cell the place of its least row among its `limit` places, which are used round about. */
  readonly #heads: Int32Array;
  /** By place. */
  readonly #event: Float64Array;
  readonly #created: Float64Array | undefined;
  readonly #sequence: Float64Array;
  /** By place the slot that holds the values: rows move, values stay. */
  readonly #slots: Int32Array;
  readonly #values: (BigInt64Array | Float64Array | Int32Array | EngineValue[] | undefined)[] = [];
  readonly #valid: (Uint8Array | undefined)[] = [];
  /** By slot. */
  readonly #createdOf: Float64Array | undefined;
  /** By row of a batch the slot to fill, -1 for none. */
  #filled = new Int32Array(0);

  constructor(cells: number, limit: number, inputs: readonly number[], hasCreated: boolean) {
    const places = cells * limit;
    this.limit = limit;
    this.#inputs = inputs;
    this.#held = new Int32Array(cells);
    this.#heads = new Int32Array(cells);
    this.#event = new Float64Array(places);
    this.#created = hasCreated ? new Float64Array(places) : undefined;
    this.#createdOf = hasCreated ? new Float64Array(places) : undefined;
    this.#sequence = new Float64Array(places);
    this.#slots = new Int32Array(places);
  }

  take(batch: CellBatch, cells: Int32Array): void {
    const sequence = batch.sequence();
    const created = this.#created && batch.created();
    if (!sequence || (this.#created && !created)) {
      this.exact = false;
      return;
    }
    if (this.#filled.length < batch.rows) this.#filled = new Int32Array(batch.rows);
    const filled = this.#filled;
    for (let row = 0; row < batch.rows; row++) {
      const cell = cells[row]!;
      filled[row] = cell < 0 ? -1 : this.#enter(cell, batch.event[row]!, created ? created[row]! : 0, sequence[row]!);
    }
    for (const input of this.#inputs) this.#fill(batch, input);
  }

  /** Appends the slots of a cell's rows, in row order. */
  collect(cell: number, into: number[]): void {
    const base = cell * this.limit;
    for (let index = 0; index < this.#held[cell]!; index++) into.push(this.#slots[this.#place(cell, base, index)]!);
  }

  valueOf(input: number, slot: number): EngineValue {
    return this.#valid[input]?.[slot] === 0 ? null : this.#values[input]![slot]!;
  }

  /** Of the slots from `from` on; -Infinity for none. */
  latestCreated(slots: readonly number[], from: number): number {
    let latest = -Infinity;
    for (let index = from; index < slots.length; index++) {
      latest = Math.max(latest, this.#createdOf![slots[index]!]!);
    }
    return latest;
  }

  #place(cell: number, base: number, index: number): number {
    const place = this.#heads[cell]! + index;
    return base + (place >= this.limit ? place - this.limit : place);
  }

  /** Puts a row at its place, and gives the slot for its values; -1 when the cell has `limit` greater ones. */
  #enter(cell: number, event: number, created: number, sequence: number): number {
    const { limit } = this;
    const base = cell * limit;
    let held = this.#held[cell]!;
    let slot: number;
    if (held === limit) {
      const least = base + this.#heads[cell]!;
      if (this.#isAfter(least, event, created, sequence)) return -1;
      slot = this.#slots[least]!;
      this.#heads[cell] = this.#heads[cell]! + 1 === limit ? 0 : this.#heads[cell]! + 1;
      held--;
    } else {
      slot = base + held;
      this.#held[cell] = held + 1;
    }
    let place = this.#place(cell, base, held);
    for (let index = held; index > 0; index--) {
      const before = this.#place(cell, base, index - 1);
      if (!this.#isAfter(before, event, created, sequence)) break;
      this.#event[place] = this.#event[before]!;
      if (this.#created) this.#created[place] = this.#created[before]!;
      this.#sequence[place] = this.#sequence[before]!;
      this.#slots[place] = this.#slots[before]!;
      place = before;
    }
    this.#event[place] = event;
    if (this.#created) this.#created[place] = created;
    this.#sequence[place] = sequence;
    this.#slots[place] = slot;
    if (this.#createdOf) this.#createdOf[slot] = created;
    return slot;
  }

  #isAfter(place: number, event: number, created: number, sequence: number): boolean {
    if (this.#event[place]! !== event) return this.#event[place]! > event;
    if (this.#created && this.#created[place]! !== created) return this.#created[place]! > created;
    return this.#sequence[place]! > sequence;
  }

  #fill(batch: CellBatch, input: number): void {
    const column = batch.input(input);
    const values = (this.#values[input] ??= valuesLike(column, this.#slots.length)) as EngineValue[];
    const filled = this.#filled;
    const from = column.values as readonly EngineValue[];
    for (let row = 0; row < batch.rows; row++) {
      const slot = filled[row]!;
      if (slot >= 0) values[slot] = from[row]!;
    }
    if (!column.valid && !this.#valid[input]) return;
    const valid = (this.#valid[input] ??= new Uint8Array(this.#slots.length).fill(1));
    for (let row = 0; row < batch.rows; row++) {
      const slot = filled[row]!;
      if (slot >= 0) valid[slot] = column.valid ? column.valid[row]! : 1;
    }
  }
}
