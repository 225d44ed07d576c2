/**
 * Rows gathered by ranges of keys before they are placed. Rows of a source come in order of time, so that each falls
 * to another key, and what is held of the keys' requests is larger than the processor's cache: most of the time of a row
 * would be waiting for memory. The requests of one range fit in. See ADR 0022.
 */
import { AsofError } from '../contracts/errors.ts';
import type { BatchColumn, ColumnBatch, EngineValue } from '../engine/engine.ts';

export interface RangeLimits {
  /** Requests of a range, at least. */
  readonly requests: number;
  /** Rows of a range at which they are handed on. */
  readonly rows: number;
}

const LIMITS: RangeLimits = { requests: 4096, rows: 6144 };
/** What `ColumnBatch` promises. */
const BATCH_ROWS = 2048;
/** More of them, and what is gathered leaves the cache itself. */
const MOST_RANGES = 64;
/** Held at once, at 8 bytes each. */
const MOST_VALUES = 4_000_000;
/** A text takes as much as so many numbers. */
const PLAIN_WEIGHT = 6;

type Values = BigInt64Array | Float64Array | Int32Array | EngineValue[];

/** One column of all ranges, one after the other. */
interface Gathered {
  readonly name: string;
  readonly values: Values;
  /** Made with the first null. */
  valid: Uint8Array | undefined;
}

interface Ranges {
  readonly count: number;
  /** Places for rows of each range. */
  readonly capacity: number;
  /** By number of the key. */
  readonly ofKey: Uint8Array;
  /** By range, the next place to fill. */
  readonly next: Int32Array;
  readonly columns: readonly Gathered[];
}

export class RangeBatches {
  readonly #begins: Int32Array;
  readonly #hand: (batch: ColumnBatch) => void;
  readonly #limits: RangeLimits;
  readonly #places = new Int32Array(BATCH_ROWS);
  /** Made with the first batch; none where they do not pay. */
  #ranges: Ranges | 'none' | undefined;

  /**
   * @param begins by number of the key its first request, and at last the number of requests
   * @param hand takes batches with the columns of those that come in: larger ones, whose arrays it must not keep. The rows
   *   of a key keep their order. With few requests batches pass as they are.
   */
  constructor(begins: Int32Array, hand: (batch: ColumnBatch) => void, limits: RangeLimits = LIMITS) {
    this.#begins = begins;
    this.#hand = hand;
    this.#limits = limits;
  }

  /** Takes a batch whose first column is the number of the key. */
  take(batch: ColumnBatch): void {
    const { rows, columns } = batch;
    const ranges = (this.#ranges ??= makeRanges(this.#begins, columns, this.#limits) ?? 'none');
    if (ranges === 'none') {
      this.#hand(batch);
      return;
    }
    // a typed array drops what is written beyond its end
    if (rows > BATCH_ROWS) throw new AsofError('INTERNAL', { problem: `a batch of ${rows} rows` });
    const places = this.#places;
    const { next, ofKey } = ranges;
    const keys = columns[0]!.values as Int32Array;
    for (let row = 0; row < rows; row++) places[row] = next[ofKey[keys[row]!]!]!++;
    columns.forEach((column, index) => scatter(column, rows, places, ranges.columns[index]!));
    for (let range = 0; range < ranges.count; range++) {
      if (next[range]! - range * ranges.capacity >= this.#limits.rows) this.#handOver(ranges, range);
    }
  }

  /** Hands over what is left. */
  finish(): void {
    const ranges = this.#ranges;
    if (!ranges || ranges === 'none') return;
    for (let range = 0; range < ranges.count; range++) this.#handOver(ranges, range);
  }

  #handOver({ capacity, next, columns }: Ranges, range: number): void {
    const begin = range * capacity;
    const end = next[range]!;
    if (begin === end) return;
    next[range] = begin;
    this.#hand({
      rows: end - begin,
      columns: columns.map(({ name, values, valid }): BatchColumn => ({
        name,
        values: Array.isArray(values) ? values.slice(begin, end) : values.subarray(begin, end),
        valid: valid?.subarray(begin, end),
      })),
    });
  }
}

function makeRanges(
  begins: Int32Array,
  columns: readonly BatchColumn[],
  { requests, rows }: RangeLimits,
): Ranges | undefined {
  const total = begins.at(-1)!;
  const capacity = rows + BATCH_ROWS;
  const weight = columns.reduce((sum, { values }) => sum + (Array.isArray(values) ? PLAIN_WEIGHT : 1), 0);
  const count = Math.min(MOST_RANGES, Math.floor(total / requests), Math.floor(MOST_VALUES / (weight * capacity)));
  if (count < 2) return undefined;
  return {
    count,
    capacity,
    ofKey: Uint8Array.from(begins.subarray(0, -1), (begin) => Math.floor((begin / total) * count)),
    next: Int32Array.from({ length: count }, (_, range) => range * capacity),
    columns: columns.map(({ name, values }) => ({
      name,
      values: roomLike(values, count * capacity),
      valid: undefined,
    })),
  };
}

function roomLike(values: BatchColumn['values'], length: number): Values {
  if (values instanceof BigInt64Array) return new BigInt64Array(length);
  if (values instanceof Float64Array) return new Float64Array(length);
  if (values instanceof Int32Array) return new Int32Array(length);
  return new Array<EngineValue>(length).fill(null);
}

/** A function for each kind of array: one that sees them all is several times slower. */
function scatter({ values, valid }: BatchColumn, rows: number, places: Int32Array, into: Gathered): void {
  if (values instanceof BigInt64Array) scatterIntegers(values, rows, places, into.values as BigInt64Array);
  else if (values instanceof Float64Array) scatterDoubles(values, rows, places, into.values as Float64Array);
  else if (values instanceof Int32Array) scatterNumbers(values, rows, places, into.values as Int32Array);
  else {
    const held = into.values as EngineValue[];
    for (let row = 0; row < rows; row++) held[places[row]!] = values[row]!;
  }
  if (!valid && !into.valid) return;
  const flags = (into.valid ??= new Uint8Array(into.values.length).fill(1));
  for (let row = 0; row < rows; row++) flags[places[row]!] = valid ? valid[row]! : 1;
}

function scatterIntegers(from: BigInt64Array, rows: number, places: Int32Array, into: BigInt64Array): void {
  for (let row = 0; row < rows; row++) into[places[row]!] = from[row]!;
}

function scatterDoubles(from: Float64Array, rows: number, places: Int32Array, into: Float64Array): void {
  for (let row = 0; row < rows; row++) into[places[row]!] = from[row]!;
}

function scatterNumbers(from: Int32Array, rows: number, places: Int32Array, into: Int32Array): void {
  for (let row = 0; row < rows; row++) into[places[row]!] = from[row]!;
}
