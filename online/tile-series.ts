/**
 * A window with a resolution: one mergeable state per grid cell that has rows, from the cell that the longest window can
 * start in. A read merges the cells of its window.
 */
import type { Aggregate } from '../aggregates/aggregate.ts';
import type { ByteReader, ByteWriter } from '../aggregates/bytes.ts';
import type { RowOrder } from '../aggregates/row-order.ts';
import { floorToGrid, type Micros } from '../contracts/time.ts';
import type { EngineValue } from '../engine/engine.ts';
import type { Series, SeriesBuilder, SeriesState } from './series.ts';

interface Tile {
  readonly start: Micros;
  state: unknown;
}

export interface TileSettings extends Pick<Series, 'column' | 'filter'> {
  readonly aggregate: Aggregate;
  readonly resolutionMicros: number;
  readonly longestMicros: number;
}

export function createTileSeries(settings: TileSettings): Series {
  const { aggregate, resolutionMicros, longestMicros } = settings;
  return {
    column: settings.column,
    filter: settings.filter,
    reachMicros: longestMicros + resolutionMicros,
    start: () => new TileBuilder(settings),
    decode: (reader) => readTiles(reader, aggregate, resolutionMicros),
  };
}

class TileBuilder implements SeriesBuilder {
  readonly #settings: TileSettings;
  #tiles: Tile[] = [];

  constructor(settings: TileSettings) {
    this.#settings = settings;
  }

  add(value: EngineValue, order: RowOrder): void {
    const { aggregate, resolutionMicros } = this.#settings;
    const start = floorToGrid(order.event, resolutionMicros);
    let tile = this.#tiles.at(-1);
    if (tile?.start !== start) {
      tile = { start, state: aggregate.empty() };
      this.#tiles.push(tile);
      this.#trim(order.event);
    }
    tile.state = aggregate.add(tile.state, value, order);
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
      writer.block(aggregate.encode(tile.state));
    }
  }

  /** Keeps memory to twice the longest window while a key with a long history is read. */
  #trim(newest: Micros): void {
    const first = this.#firstCell(newest);
    const middle = this.#tiles[this.#tiles.length >> 1]!;
    if (middle.start < first) this.#tiles = this.#tiles.filter((tile) => tile.start >= first);
  }

  #firstCell(newest: Micros): Micros {
    return floorToGrid(newest - BigInt(this.#settings.longestMicros), this.#settings.resolutionMicros);
  }
}

function readTiles(reader: ByteReader, aggregate: Aggregate, resolutionMicros: number): SeriesState {
  const step = BigInt(resolutionMicros);
  let cell = 0n;
  const tiles = Array.from({ length: reader.count() }, () => {
    cell += reader.integer();
    return { start: cell * step, bytes: reader.block() };
  });
  return {
    answer(at, windowMicros) {
      const from = floorToGrid(at - BigInt(windowMicros ?? 0), resolutionMicros);
      let state = aggregate.empty();
      for (const tile of tiles) if (tile.start >= from) state = aggregate.merge(state, aggregate.decode(tile.bytes));
      return aggregate.finish(state);
    },
  };
}
