/**
 * Sums of doubles as a pair of doubles, about 32 digits: the rounding errors of one addition are kept in the second. So a
 * sum does not depend on the order of its terms, unless they differ by more than 10^16 in size, and even then only in
 * its last digit. Infinities and NaN are summed apart, since they would spoil the errors.
 *
 * Method: T. J. Dekker, A floating-point technique for extending the available precision, 1971.
 */
import type { TileBatch } from '../tiles/tile-batch.ts';
import type { CellBatch } from './cell-batch.ts';
import type { Measure } from './measure.ts';

/** Beyond it the square of a sum might not be finite. */
const MOST_SQUARED = 1e140;
const SPLITTER = 2 ** 27 + 1;

/** By cell the sum of a column. */
export class FloatSumMeasure implements Measure {
  exact = true;
  readonly totals: Float64Array;
  readonly rests: Float64Array;
  /** Sums of what is not finite, 0 where all is; made with the first. */
  strange: Float64Array | undefined;
  readonly #input: number;

  constructor(cells: number, input: number) {
    this.totals = new Float64Array(cells);
    this.rests = new Float64Array(cells);
    this.#input = input;
  }

  take(batch: CellBatch, cells: Int32Array): void {
    const numbers = batch.numbers(this.#input);
    if (!numbers) {
      this.exact = false;
      return;
    }
    const { valid } = batch.input(this.#input);
    const { totals, rests } = this;
    for (let row = 0; row < batch.rows; row++) {
      const cell = cells[row]!;
      if (cell < 0 || (valid !== undefined && valid[row] === 0)) continue;
      const value = numbers[row]!;
      if (value - value !== 0) {
        this.strange ??= new Float64Array(totals.length);
        this.strange[cell] = this.strange[cell]! + value;
        continue;
      }
      addTerm(totals, rests, cell, value);
    }
  }

  merge(tiles: TileBatch, cells: Int32Array): void {
    const sums = tiles.numbers('floats', this.#input);
    const strange = tiles.numbers('strange', this.#input);
    if (!sums || !strange) {
      this.exact = false;
      return;
    }
    for (let tile = 0; tile < tiles.rows; tile++) {
      const cell = cells[tile]!;
      if (cell < 0) continue;
      if (strange.valid?.[tile] !== 0) {
        this.strange ??= new Float64Array(this.totals.length);
        this.strange[cell] = this.strange[cell]! + strange.numbers[tile]!;
      }
      if (sums.valid?.[tile] === 0) continue;
      addTerm(this.totals, this.rests, cell, sums.numbers[tile]!);
    }
  }
}

/** By cell the sum of the squares of a column. */
export class SquareSumMeasure implements Measure {
  exact = true;
  readonly totals: Float64Array;
  readonly rests: Float64Array;
  readonly #input: number;

  constructor(cells: number, input: number) {
    this.totals = new Float64Array(cells);
    this.rests = new Float64Array(cells);
    this.#input = input;
  }

  take(batch: CellBatch, cells: Int32Array): void {
    const numbers = batch.numbers(this.#input);
    if (!numbers) {
      this.exact = false;
      return;
    }
    const { valid } = batch.input(this.#input);
    const { totals, rests } = this;
    for (let row = 0; row < batch.rows; row++) {
      const cell = cells[row]!;
      if (cell < 0 || (valid !== undefined && valid[row] === 0)) continue;
      const value = numbers[row]!;
      // what is not finite is known from the sum of the column
      if (value - value !== 0) continue;
      if (value > MOST_SQUARED || value < -MOST_SQUARED) {
        this.exact = false;
        continue;
      }
      const square = value * value;
      const scaled = SPLITTER * value;
      const high = scaled - (scaled - value);
      const low = value - high;
      addTerm(totals, rests, cell, square);
      rests[cell] = rests[cell]! + (high * high - square + 2 * high * low + low * low);
    }
  }
}

/** Adds a term to the sum of a cell, and what the addition lost to its rest. */
function addTerm(totals: Float64Array, rests: Float64Array, cell: number, term: number): void {
  const total = totals[cell]!;
  const sum = total + term;
  const kept = sum - total;
  rests[cell] = rests[cell]! + (total - (sum - kept) + (term - kept));
  totals[cell] = sum;
}

/** A sum and what it lost by rounding. */
export interface PairSum {
  readonly total: number;
  readonly rest: number;
}

/** The sum itself; an infinite one has no rest. */
export function roundPair({ total, rest }: PairSum): number {
  return total - total === 0 ? total + rest : total;
}

/** The sum of squared deviations from the mean, from count, sum and sum of squares. Never below zero. */
export function squaredDeviations(count: number, sum: PairSum, squares: PairSum): number {
  // squares - sum² / count, whose leading digits cancel: in pairs
  const [high, low] = normalize(sum);
  const product = high * high;
  const scaled = SPLITTER * high;
  const upper = scaled - (scaled - high);
  const lower = high - upper;
  const productRest = upper * upper - product + 2 * upper * lower + lower * lower + 2 * high * low;
  const quotient = product / count;
  // product - quotient * count, exactly
  const quotientScaled = SPLITTER * quotient;
  const quotientUpper = quotientScaled - (quotientScaled - quotient);
  const quotientLower = quotient - quotientUpper;
  const back = quotient * count;
  const backRest = quotientUpper * count - back + quotientLower * count;
  const quotientRest = (product - back - backRest + productRest) / count;
  const [squareHigh, squareLow] = normalize(squares);
  const difference = squareHigh - quotient;
  const kept = difference - squareHigh;
  const rest = squareHigh - (difference - kept) + (-quotient - kept);
  return Math.max(0, difference + (rest + squareLow - quotientRest));
}

function normalize({ total, rest }: PairSum): readonly [number, number] {
  const high = total + rest;
  return [high, total - high + rest];
}
