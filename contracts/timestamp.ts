/** The TypeScript value of a `timestamp` column: an immutable UTC instant that keeps its microseconds. */
import { formatInstant, parseInstant, type Micros } from './time.ts';
import { AsofError } from './errors.ts';

/**
 * An instant with microsecond precision. It compares and subtracts as milliseconds (`valueOf`), prints as ISO 8601 with
 * six digits, and `new Date(timestamp)` works; the UTC getters are those of `Date`.
 */
export class Timestamp {
  readonly epochMicroseconds: Micros;

  constructor(epochMicroseconds: Micros) {
    this.epochMicroseconds = epochMicroseconds;
  }

  /** Accepts a `Timestamp`, a `Date`, epoch microseconds as `bigint`, or ISO 8601 text; throws `INVALID_INSTANT`. */
  static from(value: Timestamp | Date | bigint | string, where = 'timestamp'): Timestamp {
    if (value instanceof Timestamp) return value;
    if (typeof value === 'bigint') return new Timestamp(value);
    if (value instanceof Date && !Number.isNaN(value.getTime())) return new Timestamp(BigInt(value.getTime()) * 1000n);
    const instant = typeof value === 'string' ? parseInstant(value) : undefined;
    if (instant === undefined) throw new AsofError('INVALID_INSTANT', { where, text: String(value) });
    return new Timestamp(instant);
  }

  get epochMilliseconds(): number {
    return Number(this.epochMicroseconds) / 1000;
  }

  /** The nearest `Date` at or before the instant: microseconds are lost. */
  toDate(): Date {
    return new Date(Math.floor(this.epochMilliseconds));
  }

  getTime(): number {
    return this.toDate().getTime();
  }
  getUTCFullYear(): number {
    return this.toDate().getUTCFullYear();
  }
  getUTCMonth(): number {
    return this.toDate().getUTCMonth();
  }
  getUTCDate(): number {
    return this.toDate().getUTCDate();
  }
  getUTCDay(): number {
    return this.toDate().getUTCDay();
  }
  getUTCHours(): number {
    return this.toDate().getUTCHours();
  }
  getUTCMinutes(): number {
    return this.toDate().getUTCMinutes();
  }
  getUTCSeconds(): number {
    return this.toDate().getUTCSeconds();
  }
  getUTCMilliseconds(): number {
    return this.toDate().getUTCMilliseconds();
  }

  toISOString(): string {
    return formatInstant(this.epochMicroseconds);
  }
  toString(): string {
    return this.toISOString();
  }
  toJSON(): string {
    return this.toISOString();
  }
  valueOf(): number {
    return this.epochMilliseconds;
  }
}
