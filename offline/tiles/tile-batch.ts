/** A batch of tiles: the states of one group, as the measures of cells take them in. */
import type { BatchColumn, ColumnBatch } from '../../engine/engine.ts';
import { int64Numbers } from '../int64-numbers.ts';
import { tileColumn, type TileState } from './tile-plan.ts';

export class TileBatch {
  readonly rows: number;
  readonly #source: ColumnBatch;
  readonly #group: number;
  /** By position of the sweep's inputs their columns. */
  readonly #columns: readonly string[];

  /** `group` is the place among the groups of the tile plan. */
  constructor(source: ColumnBatch, group: number, columns: readonly string[]) {
    this.rows = source.rows;
    this.#source = source;
    this.#group = group;
    this.#columns = columns;
  }

  /** By tile 0 for null, which `valid` says; undefined when a number is not exact as a double. */
  numbers(
    state: TileState,
    input?: number,
  ): { readonly numbers: Float64Array; readonly valid: BatchColumn['valid'] } | undefined {
    const name = tileColumn(this.#group, state, input === undefined ? undefined : this.#columns[input]);
    const { values, valid } = this.#source.columns.find((column) => column.name === name)!;
    const numbers = values instanceof Float64Array ? values : int64Numbers(values as BigInt64Array, valid);
    return numbers && { numbers, valid };
  }
}
