/** Measures that keep values of any type: the least and greatest of what is not a number, and the first and last. */
import { compareValues } from '../../aggregates/value-order.ts';
import type { BatchColumn, EngineValue } from '../../engine/engine.ts';
import type { CellBatch } from './cell-batch.ts';
import type { Measure } from './measure.ts';

/** The least or greatest value by `compareValues`. */
export class PlainExtremeMeasure implements Measure {
  readonly exact = true;
  /** By cell; null without a value. */
  readonly extremes: EngineValue[];
  readonly #input: number;
  readonly #sign: number;

  constructor(cells: number, input: number, kind: 'min' | 'max') {
    this.extremes = new Array<EngineValue>(cells).fill(null);
    this.#input = input;
    this.#sign = kind === 'min' ? 1 : -1;
  }

  take(batch: CellBatch, cells: Int32Array): void {
    const { values, valid } = batch.input(this.#input);
    for (let row = 0; row < batch.rows; row++) {
      const cell = cells[row]!;
      if (cell < 0 || valid?.[row] === 0) continue;
      this.extremes[cell] = this.choose(this.extremes[cell]!, values[row]!);
    }
  }

  /** The less, or the greater, of two; null is neither. */
  readonly choose = (a: EngineValue, b: EngineValue): EngineValue => {
    if (a === null || b === null) return a ?? b;
    return this.#sign * compareValues(b, a) < 0 ? b : a;
  };
}

/** The value of the first or last row in row order, nulls skipped. */
export class EdgeMeasure implements Measure {
  exact = true;
  readonly #input: number;
  readonly #last: boolean;
  readonly #event: Float64Array;
  readonly #created: Float64Array | undefined;
  readonly #sequence: Float64Array;
  #values: BigInt64Array | Float64Array | Int32Array | EngineValue[] | undefined;

  constructor(cells: number, input: number, kind: 'first' | 'last', hasCreated: boolean) {
    this.#input = input;
    this.#last = kind === 'last';
    this.#event = new Float64Array(cells).fill(Number.NaN);
    this.#created = hasCreated ? new Float64Array(cells) : undefined;
    this.#sequence = new Float64Array(cells);
  }

  take(batch: CellBatch, cells: Int32Array): void {
    const sequence = batch.sequence();
    const created = this.#created && batch.created();
    if (!sequence || (this.#created && !created)) {
      this.exact = false;
      return;
    }
    const column = batch.input(this.#input);
    const held = (this.#values ??= valuesLike(column, this.#event.length)) as EngineValue[];
    const { values, valid } = column;
    const { event } = batch;
    for (let row = 0; row < batch.rows; row++) {
      const cell = cells[row]!;
      if (cell < 0 || valid?.[row] === 0) continue;
      if (this.has(cell) && this.#isBefore(cell, event[row]!, created?.[row] ?? 0, sequence[row]!) !== this.#last)
        continue;
      this.#event[cell] = event[row]!;
      if (this.#created) this.#created[cell] = created![row]!;
      this.#sequence[cell] = sequence[row]!;
      held[cell] = values[row]!;
    }
  }

  /** Whether the cell has a row with a value. */
  has(cell: number): boolean {
    return !Number.isNaN(this.#event[cell]!);
  }

  valueOf(cell: number): EngineValue {
    return this.#values![cell]!;
  }

  /** Whether the row that the cell holds stands before another one. */
  #isBefore(cell: number, event: number, created: number, sequence: number): boolean {
    if (this.#event[cell]! !== event) return this.#event[cell]! < event;
    if (this.#created && this.#created[cell]! !== created) return this.#created[cell]! < created;
    return this.#sequence[cell]! < sequence;
  }
}

/** Room for values of a column. */
export function valuesLike(
  { values }: BatchColumn,
  length: number,
): BigInt64Array | Float64Array | Int32Array | EngineValue[] {
  if (values instanceof BigInt64Array) return new BigInt64Array(length);
  if (values instanceof Float64Array) return new Float64Array(length);
  if (values instanceof Int32Array) return new Int32Array(length);
  return new Array<EngineValue>(length).fill(null);
}
