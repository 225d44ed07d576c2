/** Values that are written in definitions, such as defaults and filters, as the manifest's JSON carries them. */
import { formatInstant, parseInstant } from '../contracts/time.ts';
import { Timestamp } from '../contracts/timestamp.ts';
import { elementType, type JsonScalar, type JsonValue, type ScalarType, type StoredType } from '../contracts/values.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const NON_FINITE = ['NaN', 'Infinity', '-Infinity'];

/**
 * The JSON of a value of this type: int64 as decimal text, timestamps as ISO 8601, NaN and infinities as text.
 * Undefined when the value is not of the type. Null is not a value.
 */
export function jsonValueOf(value: unknown, type: StoredType): JsonValue | undefined {
  const element = elementType(type);
  if (element === undefined) return jsonScalarOf(value, type as ScalarType);
  if (!Array.isArray(value)) return undefined;
  const size = /^float32\[(\d+)\]$/.exec(type)?.[1];
  if (size !== undefined && value.length !== Number(size)) return undefined;
  const items = value.map((item) => (item === null && size === undefined ? null : jsonScalarOf(item, element)));
  return items.includes(undefined) ? undefined : (items as readonly JsonScalar[]);
}

/** `jsonValueOf` for a single value. */
export function jsonScalarOf(value: unknown, type: ScalarType): JsonScalar | undefined {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'int64':
      return integerText(value);
    case 'float64':
      return float(value);
    case 'timestamp':
      return instantText(value);
  }
}

function integerText(value: unknown): string | undefined {
  const integer =
    typeof value === 'bigint'
      ? value
      : (typeof value === 'number' && Number.isSafeInteger(value)) ||
          (typeof value === 'string' && /^[+-]?\d{1,19}$/.test(value))
        ? BigInt(value)
        : undefined;
  return integer === undefined || integer < INT64_MIN || integer > INT64_MAX ? undefined : integer.toString();
}

function float(value: unknown): number | string | undefined {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return typeof value === 'string' && NON_FINITE.includes(value) ? value : undefined;
}

function instantText(value: unknown): string | undefined {
  if (value instanceof Timestamp) return value.toISOString();
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? undefined : formatInstant(BigInt(value.getTime()) * 1000n);
  const instant = typeof value === 'string' ? parseInstant(value) : undefined;
  return instant === undefined ? undefined : formatInstant(instant);
}
