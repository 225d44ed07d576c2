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

interface Tile {
  /** Its cell, counted from the base of its series. */
  readonly cell: number;
  state: unknown;
  /** In place of the state, as long as nothing was added: most stored tiles stay as they are. */
  stored: { readonly position: number; readonly length: number } | undefined;
}

export interface TileSettings extends Pick<Series, 'column' | 'filter'> {
  readonly aggregate: Aggregate;
  readonly resolutionMicros: number;
  readonly longestMicros: number;
}

export function createTileSeries(settings: TileSettings): Series {
  const { resolutionMicros, longestMicros } = settings;
  return {
    column: settings.column,
    filter: settings.filter,
    reachMicros: longestMicros + resolutionMicros,
    start: () => new TileState(settings, undefined),
    resume: (reader) => new TileState(settings, reader),
  };
}

/**
 * Cells are numbers, counted from that of the first tile: a window has far fewer than a double tells apart, and a read looks at
 * many of them.
 */
class TileState implements SeriesState {
  readonly #settings: TileSettings;
  readonly #step: bigint;
  /** Of what was stored. */
  readonly #reader: ByteReader | undefined;
  /** The cell that others are counted from; undefined before the first tile. */
  #base: bigint | undefined;
  /** By cell. */
  #tiles: Tile[] = [];

  constructor(settings: TileSettings, reader: ByteReader | undefined) {
    this.#settings = settings;
    this.#step = BigInt(settings.resolutionMicros);
    this.#reader = reader;
    if (reader !== undefined) this.#readTiles(reader);
  }

  add(value: EngineValue, order: RowOrder): void {
    const { aggregate } = this.#settings;
    const cell = this.#cellOf(order.event);
    const newest = this.#tiles.at(-1);
    // no window reaches it any more
    if (newest !== undefined && cell < this.#firstCell(newest.cell)) return;
    // rows mostly arrive in order, so the place is sought from the end
    let place = this.#tiles.length - 1;
    while (place >= 0 && this.#tiles[place]!.cell > cell) place -= 1;
    const tile = this.#tiles[place];
    if (tile?.cell === cell) {
      tile.state = aggregate.add(this.#stateOf(tile), value, order);
      tile.stored = undefined;
    } else {
      const state = aggregate.add(aggregate.empty(), value, order);
      this.#tiles.splice(place + 1, 0, { cell, state, stored: undefined });
      this.#trim();
    }
  }

  encode(writer: ByteWriter, newest: Micros): void {
    const { aggregate } = this.#settings;
    const first = this.#firstCell(this.#cellOf(newest));
    const tiles = this.#tiles.filter(({ cell }) => cell >= first);
    writer.count(tiles.length);
    let before = 0n;
    for (const { cell, state, stored } of tiles) {
      const place = this.#base! + BigInt(cell);
      writer.integer(place - before);
      before = place;
      writer.block(stored ? this.#reader!.slice(stored.position, stored.length) : aggregate.encode(state));
    }
  }

  answer(at: Micros, windowMicros: number | null): EngineValue | undefined {
    const { aggregate } = this.#settings;
    let state = aggregate.empty();
    if (this.#tiles.length > 0) {
      const from = this.#cellOf(at - BigInt(windowMicros ?? 0));
      for (const tile of this.#tiles) if (tile.cell >= from) state = aggregate.merge(state, this.#stateOf(tile));
    }
    return aggregate.finish(state);
  }

  #cellOf(instant: Micros): number {
    const cell = floorToGrid(instant, this.#settings.resolutionMicros) / this.#step;
    this.#base ??= cell;
    return Number(cell - this.#base);
  }

  #stateOf({ state, stored }: Tile): unknown {
    if (stored === undefined) return state;
    this.#reader!.seek(stored.position);
    return this.#settings.aggregate.read(this.#reader!);
  }

  /** Keeps memory to twice the longest window while a key with a long history is read. */
  #trim(): void {
    const first = this.#firstCell(this.#tiles.at(-1)!.cell);
    const middle = this.#tiles[this.#tiles.length >> 1]!;
    if (middle.cell < first) this.#tiles = this.#tiles.filter(({ cell }) => cell >= first);
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
      this.#tiles.push({ cell, state: undefined, stored: { position, length } });
      reader.seek(position + length);
    }
  }
}
