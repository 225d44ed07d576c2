/**
 * Values between JSON and TypeScript. An int64 beyond ±(2^53-1) is decimal text, NaN and infinities are text,
 * timestamps are ISO 8601 with six digits.
 */
import { requireInstant } from '../contracts/time.ts';
import { Timestamp } from '../contracts/timestamp.ts';
import {
  elementType,
  type FeatureValue,
  type JsonScalar,
  type JsonValue,
  type ScalarType,
  type ScalarValue,
  type StoredType,
} from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';

/** A value that a manifest or a checked request carries as JSON. */
export function parseJsonValue(json: JsonValue, type: StoredType): FeatureValue {
  const element = elementType(type);
  if (json === null) return null;
  if (element === undefined) return parseScalar(json as NonNullable<JsonScalar>, type as ScalarType);
  return (json as readonly JsonScalar[]).map((item) => (item === null ? null : parseScalar(item, element)));
}

/** The JSON form of a value. */
export function formatJsonValue(value: FeatureValue): JsonValue {
  return isList(value) ? value.map(formatScalar) : formatScalar(value);
}

/** A stored value in TypeScript's form: the engine's timestamps are microseconds. */
export function fromEngine(value: EngineValue, type: StoredType): FeatureValue {
  if (value === null) return null;
  const element = elementType(type);
  if (element === undefined) return scalarFromEngine(value, type as ScalarType);
  if (element !== 'timestamp') return value as FeatureValue;
  return (value as readonly EngineValue[]).map((item) => (item === null ? null : scalarFromEngine(item, element)));
}

function scalarFromEngine(value: NonNullable<EngineValue>, type: ScalarType): ScalarValue {
  return type === 'timestamp' ? new Timestamp(value as bigint) : (value as ScalarValue);
}

/** A scalar in the engine's form. */
export function toEngine(value: ScalarValue): string | bigint | number | boolean {
  return value instanceof Timestamp ? value.epochMicroseconds : value;
}

function parseScalar(json: string | number | boolean, type: ScalarType): ScalarValue {
  switch (type) {
    case 'int64':
      return BigInt(json);
    case 'float64':
      return Number(json);
    case 'timestamp':
      return new Timestamp(requireInstant(String(json), 'timestamp'));
    case 'string':
    case 'boolean':
      return json;
  }
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
