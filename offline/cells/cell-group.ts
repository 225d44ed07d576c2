/** The measures of the rows that pass one filter, each made once, and what is made from them. */
import type { TileBatch } from '../tiles/tile-batch.ts';
import type { CellBatch } from './cell-batch.ts';
import type { Measure } from './measure.ts';

export class CellGroup {
  readonly cells: number;
  /** By key its first cell; one more entry than keys. */
  readonly begins: Int32Array;
  readonly #measures = new Map<string, Measure>();
  readonly #made = new Map<string, unknown>();

  constructor(begins: Int32Array) {
    this.cells = begins.at(-1)!;
    this.begins = begins;
  }

  take(batch: CellBatch, cells: Int32Array): void {
    for (const measure of this.#measures.values()) measure.take(batch, cells);
  }

  merge(tiles: TileBatch, cells: Int32Array): void {
    for (const [name, measure] of this.#measures) {
      if (!measure.merge) throw new TypeError(`${name} cannot be taken from tiles`);
      measure.merge(tiles, cells);
    }
  }

  /** After the last row: whether every measure could be kept exactly. */
  finish(): boolean {
    for (const measure of this.#measures.values()) measure.finish?.(this.begins);
    return [...this.#measures.values()].every(({ exact }) => exact);
  }

  /** The measure of a name; all that are used must be asked for before the first row comes. */
  measure<M extends Measure>(name: string, make: () => M): M {
    const known = this.#measures.get(name) as M | undefined;
    if (known) return known;
    const measure = make();
    this.#measures.set(name, measure);
    return measure;
  }

  /** What `make` gives once all rows are in, made once for a name: trees and running sums. */
  remember<T>(name: string, make: () => T): T {
    if (!this.#made.has(name)) this.#made.set(name, make());
    return this.#made.get(name) as T;
  }
}
