/** A random world as online states see it: what the world says of created times, online the view and its rows say. */
import { compareRowOrder } from '../../aggregates/row-order.ts';
import type { EngineValue } from '../../engine/engine.ts';
import { isSameValue } from './matches-answer.ts';
import type { ValueColumn, World, WorldRow } from './world.ts';

/** The view counts rows once they are known if the world does; rows of a source without created times have none. */
export function asOnline(world: World): World {
  const { planned, asKnown, rows } = world;
  return {
    ...world,
    planned: { ...planned, view: { ...planned.view, asKnown } },
    rows: planned.source.created === null ? rows.map((row) => ({ ...row, created: null })) : rows,
  };
}

/** The rows of a key that can count at some instant, in row order. */
export function rowsOfKey({ planned, asKnown, rows }: World, keys: readonly EngineValue[]): readonly WorldRow[] {
  const needsCreated = asKnown && planned.source.created !== null;
  return rows
    .filter((row) => keys.every((key, index) => key === row.keys[index]) && !(needsCreated && row.created === null))
    .toSorted(compareRowOrder);
}

/** The values of a row by columns of the source. */
export function valuesOf(row: WorldRow, columns: readonly string[]): readonly EngineValue[] {
  return columns.map((column) => row.values[column as ValueColumn]);
}

/** Whether a state's value is the oracle's. Counts are plain numbers in states and BIGINT to the oracle. */
export function isOracleValue(actual: EngineValue, wanted: EngineValue, tolerance: number): boolean {
  if (typeof actual === 'number' && typeof wanted === 'bigint') return BigInt(actual) === wanted;
  return isSameValue(actual, wanted, tolerance);
}
