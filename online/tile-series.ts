/**
 * A window with a resolution: one mergeable state per grid cell that has rows, from the cell that the longest window can
 * start in. A read merges the cells of its window.
 */
import type { Aggregate } from '../aggregates/aggregate.ts';
import type { ByteReader, ByteWriter } from '../aggregates/bytes.ts';
import type { RowOrder } from '../aggregates/row-order.ts';
import { floorToGrid, type Micros } from '../contracts/time.ts';
import type { EngineValue } from '../engine/engine.ts';
import type { Series, SeriesState } from './series.ts';

export interface TileSettings extends Pick<Series, 'column' | 'filter'> {
  readonly aggregate: Aggregate;
  readonly resolutionMicros: number;
  readonly longestMicros: number;
}

export function createTileSeries(settings: TileSettings): Series {
  const { resolutionMicros, longestMicros } = settings;
  const grid = createGrid(resolutionMicros);
  return {
    column: settings.column,
    filter: settings.filter,
    reachMicros: longestMicros + resolutionMicros,
    start: () => new TileState(settings, grid, undefined),
    resume: (reader) => new TileState(settings, grid, reader),
  };
}

interface Grid {
  /** Which cell an instant is in, counted from 1970. */
  cellOf(instant: Micros): bigint;
  /** The cell that a window starts in. Many keys are asked for the same windows at the same instant. */
  startOf(at: Micros, windowMicros: number | null): bigint;
}

function createGrid(resolutionMicros: number): Grid {
  const step = BigInt(resolutionMicros);
  const cellOf = (instant: Micros): bigint => floorToGrid(instant, resolutionMicros) / step;
  const starts = new Map<number | null, bigint>();
  let asked: Micros | undefined;
  return {
    cellOf,
    startOf(at, windowMicros) {
      if (at !== asked) starts.clear();
      asked = at;
      let start = starts.get(windowMicros);
      if (start === undefined) {
        start = cellOf(at - BigInt(windowMicros ?? 0));
        starts.set(windowMicros, start);
      }
      return start;
    },
  };
}

/** Of a tile whose state has changed since it was stored. */
const NOT_STORED = -1;

/**
 * Tiles by column, in the order of their cells: a read looks at many of them, and most stored ones stay as they are. Cells are
 * numbers, counted from that of the first tile: a window has far fewer than a double tells apart.
 */
class TileState implements SeriesState {
  readonly #settings: TileSettings;
  readonly #grid: Grid;
  /** Of what was stored. */
  readonly #reader: ByteReader | undefined;
  /** The cell that others are counted from; undefined before the first tile. */
  #base: bigint | undefined;
  #cells: number[] = [];
  /** Of tiles that are not as they were stored. */
  #states: unknown[] = [];
  /** Where the states of the others are, and how long. */
  #places: number[] = [];
  #lengths: number[] = [];
  #isChanged = false;

  constructor(settings: TileSettings, grid: Grid, reader: ByteReader | undefined) {
    this.#settings = settings;
    this.#grid = grid;
    this.#reader = reader;
    if (reader !== undefined) this.#readTiles(reader);
  }

  add(value: EngineValue, order: RowOrder): void {
    const { aggregate } = this.#settings;
    const cell = this.#place(this.#grid.cellOf(order.event));
    const newest = this.#cells.at(-1);
    // no window reaches it any more
    if (newest !== undefined && cell < this.#firstCell(newest)) return;
    this.#isChanged = true;
    // rows mostly arrive in order, so the place is sought from the end
    let tile = this.#cells.length - 1;
    while (tile >= 0 && this.#cells[tile]! > cell) tile -= 1;
    if (this.#cells[tile] === cell) {
      this.#states[tile] = aggregate.add(this.#stateOf(tile), value, order);
      this.#places[tile] = NOT_STORED;
    } else {
      this.#cells.splice(tile + 1, 0, cell);
      this.#states.splice(tile + 1, 0, aggregate.add(aggregate.empty(), value, order));
      this.#places.splice(tile + 1, 0, NOT_STORED);
      this.#lengths.splice(tile + 1, 0, 0);
      this.#trim();
    }
  }

  encode(writer: ByteWriter, newest: Micros): void {
    const { aggregate } = this.#settings;
    const first = this.#since(this.#firstCell(this.#place(this.#grid.cellOf(newest))));
    writer.count(this.#cells.length - first);
    let before = 0n;
    for (let tile = first; tile < this.#cells.length; tile += 1) {
      const cell = this.#base! + BigInt(this.#cells[tile]!);
      writer.integer(cell - before);
      before = cell;
      const place = this.#places[tile]!;
      writer.block(
        place === NOT_STORED ? aggregate.encode(this.#states[tile]) : this.#reader!.slice(place, this.#lengths[tile]!),
      );
    }
  }

  answer(at: Micros, windowMicros: number | null): EngineValue | undefined {
    const { aggregate } = this.#settings;
    if (this.#cells.length === 0) return aggregate.finish(aggregate.empty());
    const first = this.#since(this.#place(this.#grid.startOf(at, windowMicros)));
    if (!this.#isChanged && this.#reader !== undefined && aggregate.finishStored !== undefined) {
      return aggregate.finishStored(this.#reader, this.#places, first);
    }
    let state = aggregate.empty();
    for (let tile = first; tile < this.#cells.length; tile += 1) state = aggregate.merge(state, this.#stateOf(tile));
    return aggregate.finish(state);
  }

  #place(cell: bigint): number {
    this.#base ??= cell;
    return Number(cell - this.#base);
  }

  /** The first tile of a cell or a later one. */
  #since(cell: number): number {
    let tile = this.#cells.length;
    while (tile > 0 && this.#cells[tile - 1]! >= cell) tile -= 1;
    return tile;
  }

  #stateOf(tile: number): unknown {
    const place = this.#places[tile]!;
    if (place === NOT_STORED) return this.#states[tile];
    this.#reader!.seek(place);
    return this.#settings.aggregate.read(this.#reader!);
  }

  /** Keeps memory to twice the longest window while a key with a long history is read. */
  #trim(): void {
    const first = this.#firstCell(this.#cells.at(-1)!);
    if (this.#cells[this.#cells.length >> 1]! >= first) return;
    const tile = this.#since(first);
    this.#cells = this.#cells.slice(tile);
    this.#states = this.#states.slice(tile);
    this.#places = this.#places.slice(tile);
    this.#lengths = this.#lengths.slice(tile);
  }

  /** The cell that the longest window can start in, once there is a row in `newest`. */
  #firstCell(newest: number): number {
    const { longestMicros, resolutionMicros } = this.#settings;
    return newest - Math.ceil(longestMicros / resolutionMicros);
  }

  #readTiles(reader: ByteReader): void {
    let cell = 0;
    for (let left = reader.count(); left > 0; left -= 1) {
      if (this.#base === undefined) this.#base = reader.integer();
      else cell += reader.safeInteger();
      const length = reader.count();
      const { position } = reader;
      this.#cells.push(cell);
      this.#states.push(undefined);
      this.#places.push(position);
      this.#lengths.push(length);
      reader.seek(position + length);
    }
  }
}
