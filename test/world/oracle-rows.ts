/** The oracle's row order and filter. */
import type { WhereManifest } from '../../contracts/manifest.ts';
import { parseInstant } from '../../contracts/time.ts';
import type { JsonScalar } from '../../contracts/values.ts';
import type { EngineValue } from '../../engine/engine.ts';
import { VALUE_COLUMNS, type ValueColumn, type WorldRow } from './world.ts';

/** By event, then created with null first, then sequence. */
export function compareOracleRows(a: WorldRow, b: WorldRow): number {
  return (
    compareIntegers(a.event, b.event) ||
    Number(a.created !== null) - Number(b.created !== null) ||
    compareIntegers(a.created ?? 0n, b.created ?? 0n) ||
    compareIntegers(a.sequence, b.sequence)
  );
}

export function passesWhere(row: WorldRow, where: readonly WhereManifest[]): boolean {
  return where.every(({ column, values }) =>
    values.some((wanted) => equalsJson(row.values[column as ValueColumn], wanted, column as ValueColumn)),
  );
}

function equalsJson(value: EngineValue, wanted: JsonScalar, column: ValueColumn): boolean {
  if (wanted === null || value === null) return wanted === value;
  switch (VALUE_COLUMNS[column]) {
    case 'int64':
      return value === BigInt(wanted);
    case 'float64':
      return Number(value) === Number(wanted) || (Number.isNaN(value) && wanted === 'NaN');
    case 'timestamp':
      return value === parseInstant(String(wanted));
    default:
      return value === wanted;
  }
}

function compareIntegers(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
