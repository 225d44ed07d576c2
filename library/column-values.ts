/** Values of declared columns, as programs give them and as inputs hold them. */
import { formatInstant, parseInstant } from '../contracts/time.ts';
import { storedType, type ColumnType, type JsonValue } from '../contracts/values.ts';
import { jsonValueOf } from '../definitions/json-values.ts';
import { instantInZone } from './wall-clock.ts';

/** Microseconds in the unit of an input's epoch integers. */
const EPOCH_UNITS: Readonly<Partial<Record<ColumnType, bigint>>> = {
  'timestamp[s]': 1_000_000n,
  'timestamp[ms]': 1_000n,
  'timestamp[us]': 1n,
};

/**
 * The JSON of a value by its stored type; a time without a zone is a wall-clock time in `timezone`, null for UTC.
 * Undefined for a value that is not of the type, or that the lake or the input's form cannot hold.
 */
export function readColumnValue(value: unknown, type: ColumnType, timezone: string | null): JsonValue | undefined {
  const json = jsonOf(value, type, timezone);
  if (json === undefined || /\p{Surrogate}/u.test([json].flat().join())) return undefined;
  // years of the lake have four digits
  return storedType(type) === 'timestamp' && !/^\d{4}-/.test(String(json)) ? undefined : json;
}

/** What an input of a declared column holds for the value: for `timestamp[ms]` and the like, epoch integers. */
export function inputValue(json: JsonValue, type: ColumnType): JsonValue {
  const unit = EPOCH_UNITS[type];
  return unit === undefined || json === null ? json : (parseInstant(String(json))! / unit).toString();
}

function jsonOf(value: unknown, type: ColumnType, timezone: string | null): JsonValue | undefined {
  const unit = EPOCH_UNITS[type];
  if (unit !== undefined) return epochJson(value, unit);
  const json = jsonValueOf(value, storedType(type));
  const isWallClock = type === 'timestamp' && timezone !== null && typeof value === 'string' && !hasZone(value);
  return isWallClock && typeof json === 'string' ? formatInstant(instantInZone(parseInstant(json)!, timezone)) : json;
}

/** Epoch integers are what the column's inputs hold; an instant must be a whole number of the unit. */
function epochJson(value: unknown, unit: bigint): string | undefined {
  const isWhole = typeof value === 'bigint' || Number.isSafeInteger(value);
  const text = isWhole ? formatInstant(BigInt(value as bigint | number) * unit) : jsonValueOf(value, 'timestamp');
  return typeof text === 'string' && parseInstant(text)! % unit === 0n ? text : undefined;
}

/** After the date, only a zone has a sign or a letter but for the T. */
function hasZone(text: string): boolean {
  return /[Zz+-]/.test(text.trim().replace(/^([+-]\d{6}|\d{4})-\d{2}-\d{2}/, ''));
}
