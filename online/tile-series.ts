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
  readonly start: Micros;
  state: unknown;
  /** In place of the state, as long as nothing was added: most stored tiles stay as they are. */
  bytes: Uint8Array | undefined;
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
    start: () => new TileState(settings, []),
    resume: (reader) => new TileState(settings, readTiles(reader, resolutionMicros)),
  };
}

class TileState implements SeriesState {
  readonly #settings: TileSettings;
  /** By start. */
  #tiles: Tile[];

  constructor(settings: TileSettings, tiles: Tile[]) {
    this.#settings = settings;
    this.#tiles = tiles;
  }

  add(value: EngineValue, order: RowOrder): void {
    const { aggregate, resolutionMicros } = this.#settings;
    const start = floorToGrid(order.event, resolutionMicros);
    // rows mostly arrive in order, so the place is sought from the end
    let place = this.#tiles.length - 1;
    while (place >= 0 && this.#tiles[place]!.start > start) place -= 1;
    const tile = this.#tiles[place];
    if (tile?.start === start) {
      tile.state = aggregate.add(this.#stateOf(tile), value, order);
      tile.bytes = undefined;
    } else {
      const state = aggregate.add(aggregate.empty(), value, order);
      this.#tiles.splice(place + 1, 0, { start, state, bytes: undefined });
      this.#trim();
    }
  }

  encode(writer: ByteWriter, newest: Micros): void {
    const { aggregate, resolutionMicros } = this.#settings;
    const first = this.#firstCell(newest);
    const tiles = this.#tiles.filter((tile) => tile.start >= first);
    const step = BigInt(resolutionMicros);
    writer.count(tiles.length);
    let cell = 0n;
    for (const tile of tiles) {
      const place = tile.start / step;
      writer.integer(place - cell);
      cell = place;
      writer.block(tile.bytes ?? aggregate.encode(tile.state));
    }
  }

  answer(at: Micros, windowMicros: number | null): EngineValue | undefined {
    const { aggregate, resolutionMicros } = this.#settings;
    const from = floorToGrid(at - BigInt(windowMicros ?? 0), resolutionMicros);
    let state = aggregate.empty();
    for (const tile of this.#tiles) if (tile.start >= from) state = aggregate.merge(state, this.#stateOf(tile));
    return aggregate.finish(state);
  }

  #stateOf({ state, bytes }: Tile): unknown {
    return bytes === undefined ? state : this.#settings.aggregate.decode(bytes);
  }

  /** Keeps memory to twice the longest window while a key with a long history is read. */
  #trim(): void {
    const first = this.#firstCell(this.#tiles.at(-1)!.start);
    const middle = this.#tiles[this.#tiles.length >> 1]!;
    if (middle.start < first) this.#tiles = this.#tiles.filter((tile) => tile.start >= first);
  }

  #firstCell(newest: Micros): Micros {
    return floorToGrid(newest - BigInt(this.#settings.longestMicros), this.#settings.resolutionMicros);
  }
}

function readTiles(reader: ByteReader, resolutionMicros: number): Tile[] {
  const step = BigInt(resolutionMicros);
  let cell = 0n;
  return Array.from({ length: reader.count() }, () => {
    cell += reader.integer();
    return { start: cell * step, state: undefined, bytes: reader.block() };
  });
}
