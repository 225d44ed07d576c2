/** Served values as JSON. */
import { Timestamp } from '../contracts/timestamp.ts';
import type { FeatureValue, JsonScalar, JsonValue, ScalarValue } from '../contracts/values.ts';

/**
 * The JSON form of a value: an int64 beyond ±(2^53-1) is decimal text, NaN and infinities are text, timestamps are ISO
 * 8601 with six digits.
 */
export function formatJsonValue(value: FeatureValue): JsonValue {
  return isList(value) ? value.map(formatScalar) : formatScalar(value);
}

function formatScalar(value: ScalarValue | null): JsonScalar {
  if (value instanceof Timestamp) return value.toISOString();
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function isList(value: FeatureValue): value is readonly (ScalarValue | null)[] {
  return Array.isArray(value);
}
