/** The requests of a view in memory, by key and time. */
import type { ColumnBatch } from '../engine/engine.ts';

export interface RequestSlots {
  readonly count: number;
  /** By number of the key its first request; one more entry than keys. */
  readonly begins: Int32Array;
  /** By request, in microseconds; rising within a key. */
  readonly at: BigInt64Array;
  /** By request, the spine's ordinal. */
  readonly row: BigInt64Array;
}

/** Takes the batches of a statement that gives each request's key, time in microseconds and ordinal, by key and time. */
export class RequestSlotsBuilder {
  readonly #begins: number[] = [];
  readonly #at: BigInt64Array[] = [];
  readonly #row: BigInt64Array[] = [];
  #count = 0;

  take({ rows, columns }: ColumnBatch): void {
    const [key, at, row] = columns;
    const keys = key!.values as Int32Array;
    for (let index = 0; index < rows; index++) {
      // every key has a request, so a new key is the next one
      if (keys[index] === this.#begins.length) this.#begins.push(this.#count + index);
    }
    this.#at.push(at!.values as BigInt64Array);
    this.#row.push(row!.values as BigInt64Array);
    this.#count += rows;
  }

  finish(): RequestSlots {
    const count = this.#count;
    return {
      count,
      begins: Int32Array.from([...this.#begins, count]),
      at: concatenate(this.#at, count),
      row: concatenate(this.#row, count),
    };
  }
}

function concatenate(parts: readonly BigInt64Array[], count: number): BigInt64Array {
  const whole = new BigInt64Array(count);
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
