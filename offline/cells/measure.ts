/**
 * A measure keeps one quantity of every cell, such as the sum of a column, and answers for any run of cells. Events come in
 * any order, and a measure does not depend on it.
 */
import type { TileBatch } from '../tiles/tile-batch.ts';
import type { CellBatch } from './cell-batch.ts';

export interface Measure {
  /** `cells` gives the cell of each row, -1 for a row that does not count. */
  take(batch: CellBatch, cells: Int32Array): void;
  /** Takes the states of tiles in: for measures of the functions that `fitsTiles` names. */
  merge?(tiles: TileBatch, cells: Int32Array): void;
  /** After the last row. `begins` are the first cells of the keys, and the number of cells. */
  finish?(begins: Int32Array): void;
  /**
   * False once a value came that the measure cannot keep exactly, such as an integer beyond 2^53. Its answers are then
   * worthless, and the sorted sweep has to give them.
   */
  readonly exact: boolean;
}

const MOST = Number.MAX_SAFE_INTEGER;

/** The number of rows, or of rows with a value of one input. */
export class CountMeasure implements Measure {
  readonly exact = true;
  /** By cell; once finished the running sums within the key. */
  readonly counts: Float64Array;
  readonly #input: number | undefined;

  constructor(cells: number, input?: number) {
    this.counts = new Float64Array(cells);
    this.#input = input;
  }

  take(batch: CellBatch, cells: Int32Array): void {
    const valid = this.#input === undefined ? undefined : batch.input(this.#input).valid;
    const { counts } = this;
    for (let row = 0; row < batch.rows; row++) {
      const cell = cells[row]!;
      if (cell >= 0 && (valid === undefined || valid[row] === 1)) counts[cell]!++;
    }
  }

  merge(tiles: TileBatch, cells: Int32Array): void {
    const held = this.#input === undefined ? tiles.numbers('rows') : tiles.numbers('values', this.#input);
    for (let tile = 0; held && tile < tiles.rows; tile++) {
      const cell = cells[tile]!;
      if (cell >= 0) this.counts[cell]! += held.numbers[tile]!;
    }
  }

  finish(begins: Int32Array): void {
    runWithinKeys(this.counts, begins);
  }
}

/** The sum of whole numbers, exact. */
export class IntegerSumMeasure implements Measure {
  exact = true;
  /** By cell; once finished the running sums within the key. */
  readonly totals: Float64Array;
  readonly #input: number;

  constructor(cells: number, input: number) {
    this.totals = new Float64Array(cells);
    this.#input = input;
  }

  merge(tiles: TileBatch, cells: Int32Array): void {
    const sums = tiles.numbers('integers', this.#input);
    const counts = tiles.numbers('values', this.#input);
    if (!sums || !counts) {
      this.exact = false;
      return;
    }
    for (let tile = 0; tile < tiles.rows; tile++) {
      const cell = cells[tile]!;
      if (cell < 0 || counts.numbers[tile] === 0) continue;
      const total = this.totals[cell]! + sums.numbers[tile]!;
      this.totals[cell] = total;
      if (sums.valid?.[tile] === 0 || total > MOST || total < -MOST) this.exact = false;
    }
  }

  finish(begins: Int32Array): void {
    if (!runWithinKeys(this.totals, begins)) this.exact = false;
  }

  take(batch: CellBatch, cells: Int32Array): void {
    const numbers = batch.numbers(this.#input);
    if (!numbers) {
      this.exact = false;
      return;
    }
    const { totals } = this;
    let safe = true;
    for (let row = 0; row < batch.rows; row++) {
      const cell = cells[row]!;
      if (cell < 0) continue;
      const total = totals[cell]! + numbers[row]!;
      totals[cell] = total;
      if (total > MOST || total < -MOST) safe = false;
    }
    if (!safe) this.exact = false;
  }
}

/** Makes running sums of the cells of each key, in place. False when one of them is not exact. */
function runWithinKeys(values: Float64Array, begins: Int32Array): boolean {
  let greatest = 0;
  for (let key = 0; key + 1 < begins.length; key++) {
    let running = 0;
    for (let cell = begins[key]!; cell < begins[key + 1]!; cell++) {
      running += values[cell]!;
      values[cell] = running;
      greatest = Math.max(greatest, Math.abs(running));
    }
  }
  return greatest <= MOST;
}

/** The latest created time, of all rows of the group. */
export class CreatedMeasure implements Measure {
  exact = true;
  readonly latest: Float64Array;

  constructor(cells: number) {
    this.latest = new Float64Array(cells).fill(-Infinity);
  }

  take(batch: CellBatch, cells: Int32Array): void {
    const created = batch.created();
    if (!created) {
      this.exact = false;
      return;
    }
    const { latest } = this;
    for (let row = 0; row < batch.rows; row++) {
      const cell = cells[row]!;
      if (cell >= 0 && created[row]! > latest[cell]!) latest[cell] = created[row]!;
    }
  }

  merge(tiles: TileBatch, cells: Int32Array): void {
    const created = tiles.numbers('created');
    if (!created) {
      this.exact = false;
      return;
    }
    for (let tile = 0; tile < tiles.rows; tile++) {
      const cell = cells[tile]!;
      if (cell < 0 || created.valid?.[tile] === 0) continue;
      if (created.numbers[tile]! > this.latest[cell]!) this.latest[cell] = created.numbers[tile]!;
    }
  }
}

/** The least or greatest number. NaN is the greatest, minus zero is zero. */
export class ExtremeMeasure implements Measure {
  exact = true;
  readonly extremes: Float64Array;
  readonly #input: number;
  readonly #least: boolean;

  constructor(cells: number, input: number, kind: 'min' | 'max') {
    this.#input = input;
    this.#least = kind === 'min';
    this.extremes = new Float64Array(cells).fill(this.#least ? Number.NaN : -Infinity);
  }

  take(batch: CellBatch, cells: Int32Array): void {
    const numbers = batch.numbers(this.#input);
    if (numbers) this.#takeNumbers(batch.rows, cells, numbers, batch.input(this.#input).valid);
    else this.exact = false;
  }

  merge(tiles: TileBatch, cells: Int32Array): void {
    const held = tiles.numbers(this.#least ? 'min' : 'max', this.#input);
    if (held) this.#takeNumbers(tiles.rows, cells, held.numbers, held.valid);
    else this.exact = false;
  }

  #takeNumbers(rows: number, cells: Int32Array, numbers: Float64Array, valid: Uint8Array | undefined): void {
    const { extremes } = this;
    if (this.#least) {
      for (let row = 0; row < rows; row++) {
        const cell = cells[row]!;
        if (cell < 0 || valid?.[row] === 0) continue;
        const value = numbers[row]! + 0;
        const held = extremes[cell]!;
        if (value < held || held !== held) extremes[cell] = value;
      }
    } else {
      for (let row = 0; row < rows; row++) {
        const cell = cells[row]!;
        if (cell < 0 || valid?.[row] === 0) continue;
        const value = numbers[row]! + 0;
        if (value > extremes[cell]! || value !== value) extremes[cell] = value;
      }
    }
  }
}
