/** A batch of events with the cells that they fall into: what a measure takes in, column by column. */
import type { BatchColumn, ColumnBatch } from '../../engine/engine.ts';
import { int64Numbers } from '../int64-numbers.ts';

export class CellBatch {
  readonly rows: number;
  /** By row, microseconds. */
  readonly event: Float64Array;
  readonly #created: BatchColumn | undefined;
  readonly #sequence: BatchColumn | undefined;
  readonly #inputs: readonly BatchColumn[];
  readonly #numbers: (Float64Array | undefined)[] = [];
  #createdNumbers: Float64Array | undefined;
  #sequenceNumbers: Float64Array | undefined;

  constructor(
    event: Float64Array,
    columns: {
      readonly created: BatchColumn | undefined;
      readonly sequence: BatchColumn | undefined;
      readonly inputs: readonly BatchColumn[];
    },
  ) {
    this.rows = event.length;
    this.event = event;
    this.#created = columns.created;
    this.#sequence = columns.sequence;
    this.#inputs = columns.inputs;
  }

  input(index: number): BatchColumn {
    return this.#inputs[index]!;
  }

  /** An input of numbers as doubles, null as 0. Undefined when an int64 among them is not exact as one. */
  numbers(index: number): Float64Array | undefined {
    const known = this.#numbers[index];
    if (known) return known;
    const { values, valid } = this.#inputs[index]!;
    const numbers = values instanceof Float64Array ? values : int64Numbers(values as BigInt64Array, valid);
    this.#numbers[index] = numbers;
    return numbers;
  }

  /** Microseconds, -Infinity for null. Undefined when one is not exact as a double. */
  created(): Float64Array | undefined {
    if (!this.#createdNumbers && this.#created) {
      const { values, valid } = this.#created;
      const numbers = int64Numbers(values as BigInt64Array, valid);
      if (numbers && valid)
        for (let row = 0; row < numbers.length; row++) if (valid[row] === 0) numbers[row] = -Infinity;
      this.#createdNumbers = numbers;
    }
    return this.#createdNumbers;
  }

  /** Undefined when one is not exact as a double. */
  sequence(): Float64Array | undefined {
    this.#sequenceNumbers ??= this.#sequence && int64Numbers(this.#sequence.values as BigInt64Array);
    return this.#sequenceNumbers;
  }
}

/** The columns of a batch by name. */
export function columnOf({ columns }: ColumnBatch, name: string): BatchColumn | undefined {
  return columns.find((column) => column.name === name);
}
