/** Rows in TypeScript's values as JSON text that loses nothing. */
import { formatInstant } from '../contracts/time.ts';
import { Timestamp } from '../contracts/timestamp.ts';

/** `bigint` becomes text, which every integer column reads; instants become ISO 8601; NaN and infinities their names. */
export function rowJson(row: Readonly<Record<string, unknown>>): string {
  const values = Object.entries(row).map(([name, value]) => [name, plainValue(value)] as const);
  return JSON.stringify(Object.fromEntries(values));
}

function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Timestamp) return formatInstant(value.epochMicroseconds);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, plainValue);
  return Array.isArray(value) ? value.map(plainValue) : value;
}
