/** Tiles into cells: whole ones as they are, and which ones have to be read row by row. */
import { TILE_COLUMN } from '../../contracts/lake.ts';
import type { FilterColumn } from '../../aggregates/row-filter.ts';
import type { ColumnBatch, Session } from '../../engine/engine.ts';
import { identifierList, literalBigint, quoteIdentifier } from '../../engine/sql.ts';
import { int64Numbers, writeInt64 } from '../int64-numbers.ts';
import { floorTo } from '../sweep/block-times.ts';
import type { SweepGroup, SweepPlan } from '../sweep/sweep-plan.ts';
import type { TilePlan } from '../tiles/tile-plan.ts';
import { LATEST_COLUMN, tileOf, UNKNOWN_COLUMN } from '../tiles/tile-sql.ts';
import { columnOf } from './cell-batch.ts';
import type { CellWork } from './cell-work.ts';
import { longestReach } from './cells-sql.ts';
import type { RequestCells } from './request-cells.ts';

export interface TileInput {
  readonly plan: TilePlan;
  /** Fetches their files, and gives a SELECT of the tiles. */
  readonly tiles: () => Promise<string>;
  /** SELECTs of the event relation: the rows that the tiles stand for, and all others. */
  readonly tiled: string;
  readonly untiled: string;
}

/**
 * Merges the tiles that lie within one cell, and gives the SELECT of the rows that are still to be taken: those beside the
 * tiles, and those of tiles that a bound cuts or, as known, that hold rows which the first request does not know. Undefined
 * when an instant is not exact as a double.
 */
export async function placeTiles(
  session: Session,
  input: TileInput,
  place: {
    readonly cells: RequestCells;
    readonly work: CellWork;
    readonly plan: SweepPlan;
    readonly keysTable: string;
    /** By cell the instant of the first request that counts it; in a sweep as known. */
    readonly knownBy: Float64Array | undefined;
    /** To be created: keys and tiles that are read row by row. */
    readonly cutTable: string;
  },
): Promise<string | undefined> {
  const { cells, work, plan, keysTable, knownBy } = place;
  const { micros } = input.plan;
  const cut = new CutTiles(cells, micros);
  const groups = input.plan.groups.map(({ filter }) => filterKey(filter));
  const groupOf = ({ filter }: SweepGroup): number => groups.indexOf(filterKey(filter));
  let exact = true;
  let into = new Int32Array(0);
  await session.visit(tilesOfKeysSql(keysTable, await input.tiles(), micros, plan), (batch) => {
    const tiles = int64Numbers(columnOf(batch, TILE_COLUMN)!.values as BigInt64Array);
    const latest = knownBy && instantsOf(batch, LATEST_COLUMN);
    if (!tiles || (knownBy && !latest)) {
      exact = false;
      return;
    }
    if (into.length < batch.rows) into = new Int32Array(batch.rows);
    const keys = batch.columns[0]!.values as Int32Array;
    work.finder.find(batch.rows, keys, tiles, into);
    const unknown = columnOf(batch, UNKNOWN_COLUMN)!.values as BigInt64Array;
    for (let row = 0; row < batch.rows; row++) {
      const cell = into[row]!;
      if (cell < 0) continue;
      if (tiles[row]! + micros > cells.bounds[cell]!) into[row] = -1;
      else if (knownBy && (unknown[row]! > 0n || latest![row]! > knownBy[cell]!)) {
        into[row] = -1;
        cut.add(keys[row]!, tiles[row]!);
      }
    }
    work.merge(batch, into, groupOf);
  });
  if (!exact) return undefined;
  await session.run(`CREATE TEMP TABLE ${quoteIdentifier(place.cutTable)} (__key INTEGER, ${TILE_COLUMN} BIGINT)`);
  await session.append(place.cutTable, cut.columns());
  const keys = identifierList(plan.keys);
  return `SELECT e.* FROM (${input.tiled}) e JOIN ${quoteIdentifier(keysTable)} USING (${keys})
JOIN ${quoteIdentifier(place.cutTable)} c ON c.__key = ${quoteIdentifier(keysTable)}.__key AND c.${TILE_COLUMN} = ${tileOf('e.__event', micros)}
UNION ALL BY NAME (${input.untiled})`;
}

function tilesOfKeysSql(keysTable: string, tiles: string, micros: number, plan: SweepPlan): string {
  const names = identifierList(plan.keys);
  const reach = longestReach(plan);
  const since =
    reach === undefined
      ? ''
      : ` AND epoch_us(t.${TILE_COLUMN}) >= k.__first - ${literalBigint(reach + BigInt(micros))}`;
  return `SELECT k.__key, t.* EXCLUDE (${names})
FROM (${tiles}) t JOIN ${quoteIdentifier(keysTable)} k USING (${names})
WHERE epoch_us(t.${TILE_COLUMN}) + ${literalBigint(BigInt(micros))} <= k.__last${since}`;
}

function instantsOf(batch: ColumnBatch, name: string): Float64Array | undefined {
  const { values, valid } = columnOf(batch, name)!;
  return int64Numbers(values as BigInt64Array, valid);
}

function filterKey(filter: readonly FilterColumn[]): string {
  return JSON.stringify(filter, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}

/** Keys and tiles, each once: those that a bound cuts, and those that are added. */
class CutTiles {
  readonly #keys: number[] = [];
  readonly #tiles: number[] = [];

  constructor({ begins, bounds }: RequestCells, micros: number) {
    for (let key = 0; key + 1 < begins.length; key++) {
      let last = Number.NaN;
      for (let cell = begins[key]!; cell < begins[key + 1]!; cell++) {
        const tile = floorTo(bounds[cell]!, micros);
        if (tile === bounds[cell] || tile === last) continue;
        last = tile;
        this.add(key, tile);
      }
    }
  }

  /** A tile that no bound cuts. */
  add(key: number, tile: number): void {
    this.#keys.push(key);
    this.#tiles.push(tile);
  }

  columns(): readonly [{ readonly values: Int32Array }, { readonly values: BigInt64Array }] {
    const tiles = new BigInt64Array(this.#tiles.length);
    const halves = new Int32Array(tiles.buffer);
    this.#tiles.forEach((tile, index) => writeInt64(halves, index, tile));
    return [{ values: Int32Array.from(this.#keys) }, { values: tiles }];
  }
}
