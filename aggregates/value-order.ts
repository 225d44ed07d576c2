/**
 * The order of values in `min` and `max`, equal to DuckDB's: NaN is greater than every number, text is ordered by code
 * point (the order of its UTF-8 bytes), false is less than true. Minus zero counts as zero.
 */
import type { EngineValue } from '../engine/engine.ts';

/** Negative when `a` is less than `b`. Both are non-null scalars of one type. */
export function compareValues(a: EngineValue, b: EngineValue): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'number' && typeof b === 'number') return compareNumbers(a, b);
  if (a === b) return 0;
  return (a as bigint | boolean) < (b as bigint | boolean) ? -1 : 1;
}

/** Numbers with NaN as the greatest. */
function compareNumbers(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return (Number.isNaN(a) ? 1 : 0) - (Number.isNaN(b) ? 1 : 0);
}

/** Text by code point. JavaScript's own order is by UTF-16 unit, which puts U+E000..U+FFFF above the other planes. */
function compareText(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return planeOrder(left) - planeOrder(right);
  }
  return a.length - b.length;
}

/** Moves the surrogates, D800..DFFF, above E000..FFFF. */
function planeOrder(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
