/** A column of answers by request, in the shape that the engine appends. */
import type { StoredType } from '../../contracts/values.ts';
import type { AppendColumn, EngineValue } from '../../engine/engine.ts';
import { writeInt64 } from '../int64-numbers.ts';

export class ResultColumn {
  readonly #values: BigInt64Array | Float64Array | EngineValue[];
  readonly #halves: Int32Array | undefined;
  /** Rows are null until they are set. */
  readonly #valid: Uint8Array;

  constructor(type: StoredType, rows: number) {
    this.#valid = new Uint8Array(rows);
    if (type === 'int64' || type === 'timestamp') {
      const values = new BigInt64Array(rows);
      this.#values = values;
      this.#halves = new Int32Array(values.buffer);
    } else {
      this.#values = type === 'float64' ? new Float64Array(rows) : new Array<EngineValue>(rows).fill(null);
    }
  }

  /** A number into an int64 column (whole, within ±2^53) or a float64 column. */
  setNumber(row: number, value: number): void {
    if (this.#halves) writeInt64(this.#halves, row, value);
    else this.#values[row] = value;
    this.#valid[row] = 1;
  }

  setValue(row: number, value: EngineValue): void {
    if (value === null) {
      this.#valid[row] = 0;
    } else if (typeof value === 'number') {
      this.setNumber(row, value);
    } else {
      this.#values[row] = value;
      this.#valid[row] = 1;
    }
  }

  finish(): AppendColumn {
    return { values: this.#values, valid: this.#valid.includes(0) ? this.#valid : undefined };
  }
}
