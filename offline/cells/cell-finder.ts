/** Which cell an event falls into. */
import type { RequestCells } from './request-cells.ts';

export class CellFinder {
  readonly #begins: Int32Array;
  readonly #bounds: Float64Array;
  /** By key, where its last event went: the next one is often there or near. */
  readonly #near: Int32Array;
  /** 1 for a cell that a window covers. */
  readonly #used: Uint8Array;

  constructor({ begins, bounds }: RequestCells, used: Uint8Array) {
    this.#begins = begins;
    this.#bounds = bounds;
    this.#near = begins.slice(0, -1);
    this.#used = used;
  }

  /** Writes by row its cell, or -1 for a row that no window covers. */
  find(rows: number, keys: Int32Array, events: Float64Array, cells: Int32Array): void {
    const begins = this.#begins;
    const bounds = this.#bounds;
    const near = this.#near;
    const used = this.#used;
    for (let row = 0; row < rows; row++) {
      const key = keys[row]!;
      const event = events[row]!;
      const begin = begins[key]!;
      const end = begins[key + 1]!;
      let cell = near[key]!;
      if (cell < end && event >= bounds[cell]!) {
        cell++;
        if (cell < end && event >= bounds[cell]!) cell = firstAfter(bounds, cell + 1, end, event);
      } else if (cell > begin && event < bounds[cell - 1]!) {
        cell = firstAfter(bounds, begin, cell - 1, event);
      }
      near[key] = cell;
      cells[row] = cell < end && used[cell] === 1 ? cell : -1;
    }
  }
}

/** The first place between `low` and `high` whose bound is after `time`. */
function firstAfter(bounds: Float64Array, low: number, high: number, time: number): number {
  let from = low;
  let to = high;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (bounds[middle]! <= time) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The cells that at least one of the spans covers. */
export function coveredCells(cells: number, spans: readonly { starts: Int32Array; ends: Int32Array }[]): Uint8Array {
  const changes = new Int32Array(cells + 1);
  for (const { starts, ends } of spans) {
    for (let request = 0; request < starts.length; request++) {
      changes[starts[request]!]!++;
      changes[ends[request]!]!--;
    }
  }
  const used = new Uint8Array(cells);
  let covering = 0;
  for (let cell = 0; cell < cells; cell++) {
    covering += changes[cell]!;
    used[cell] = covering > 0 ? 1 : 0;
  }
  return used;
}
