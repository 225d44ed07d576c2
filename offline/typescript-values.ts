/** Values between the engine and TypeScript, as `compute` functions see them. */
import { Timestamp } from '../contracts/timestamp.ts';
import { elementType, type FeatureValue, type ScalarValue, type StoredType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';

/** @param plain whether int64 values are plain numbers: counts and category codes */
export function toTypeScript(value: EngineValue, type: StoredType, plain: boolean): FeatureValue {
  if (value === null) return null;
  // most values, and nothing to look up
  if (typeof value === 'number' && type === 'float64') return value;
  const element = elementType(type);
  if (element === undefined) return scalarToTypeScript(value as string | bigint | number | boolean, type, plain);
  return (value as readonly (string | bigint | number | boolean | null)[]).map((item) =>
    item === null ? null : scalarToTypeScript(item, element, plain),
  );
}

function scalarToTypeScript(value: string | bigint | number | boolean, type: StoredType, plain: boolean): ScalarValue {
  if (type === 'timestamp') return new Timestamp(value as bigint);
  return type === 'int64' && plain ? Number(value) : value;
}

/** The engine's form of a value; undefined when it is not of the type. A whole number is an int64, a bigint a float64. */
export function fromTypeScript(value: unknown, type: StoredType): EngineValue | undefined {
  if (value === null || value === undefined) return null;
  const element = elementType(type);
  if (element === undefined) return scalarFromTypeScript(value, type);
  if (!Array.isArray(value)) return undefined;
  const size = /^float32\[(\d+)\]$/.exec(type)?.[1];
  if (size !== undefined && value.length !== Number(size)) return undefined;
  const items = value.map((item: unknown) => fromTypeScript(item, element));
  const holed = items.includes(undefined) || (size !== undefined && items.includes(null));
  return holed ? undefined : (items as readonly EngineValue[]);
}

function scalarFromTypeScript(value: unknown, type: StoredType): EngineValue | undefined {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'float64':
      return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
    case 'int64': {
      const whole =
        typeof value === 'bigint' ? value : Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
      return whole !== undefined && BigInt.asIntN(64, whole) === whole ? whole : undefined;
    }
    default:
      if (value instanceof Timestamp) return value.epochMicroseconds;
      return value instanceof Date && !Number.isNaN(value.getTime()) ? BigInt(value.getTime()) * 1000n : undefined;
  }
}
