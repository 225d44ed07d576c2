/** Whether a value is the one that the oracle wants. */
import type { EngineValue } from '../../engine/engine.ts';

/** NaN equals NaN, lists are equal item by item, and numbers may be off by `tolerance`. */
export function isSameValue(actual: EngineValue, expected: EngineValue, tolerance: number): boolean {
  if (isList(actual) && isList(expected)) {
    return actual.length === expected.length && actual.every((item, index) => isSameValue(item, expected[index]!, 0));
  }
  if (typeof actual === 'number' && typeof expected === 'number') {
    if (actual === expected || (Number.isNaN(actual) && Number.isNaN(expected))) return true;
    return Math.abs(actual - expected) <= tolerance && Number.isFinite(tolerance);
  }
  return actual === expected;
}

function isList(value: EngineValue): value is readonly EngineValue[] {
  return Array.isArray(value);
}
