/**
 * Instants and durations. An instant is a UTC time with microsecond precision, carried as a `bigint` count of
 * microseconds since 1970-01-01T00:00:00Z; a duration is a `number` of microseconds (exact up to 285 years).
 */
import { AsofError } from './errors.ts';

export type Micros = bigint;

export const MICROS_PER_SECOND = 1_000_000;
export const MICROS_PER_MINUTE = 60 * MICROS_PER_SECOND;
export const MICROS_PER_HOUR = 60 * MICROS_PER_MINUTE;
export const MICROS_PER_DAY = 24 * MICROS_PER_HOUR;
const SECONDS_PER_DAY = 86_400;
const MILLIS_PER_DAY = 1000 * SECONDS_PER_DAY;

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1000,
  s: MICROS_PER_SECOND,
  m: MICROS_PER_MINUTE,
  h: MICROS_PER_HOUR,
  d: MICROS_PER_DAY,
  w: 7 * MICROS_PER_DAY,
};

/** Parses `500ms 30s 5m 1h 7d 2w` to microseconds; undefined when the text is not a positive duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,15})(ms|s|m|h|d|w)$/.exec(text);
  if (!match) return undefined;
  const micros = Number(match[1]) * (DURATION_UNITS[match[2] ?? ''] ?? Number.NaN);
  return Number.isSafeInteger(micros) && micros > 0 ? micros : undefined;
}

/** The shortest text that `parseDuration` reads back to the same number of microseconds. */
export function formatDuration(micros: number): string {
  for (const unit of ['w', 'd', 'h', 'm', 's', 'ms']) {
    const size = DURATION_UNITS[unit] ?? 1;
    if (micros % size === 0) return `${micros / size}${unit}`;
  }
  return `${micros}us`;
}

/** The later one of those that there are. */
export function laterInstant(left: Micros | null, right: Micros | null): Micros | null {
  if (left === null || right === null) return left ?? right;
  return left > right ? left : right;
}

/** Floor of an instant on the UTC epoch grid, right for instants before 1970 too. */
export function floorToGrid(instant: Micros, step: number): Micros {
  const size = BigInt(step);
  const rest = instant % size;
  return rest < 0n ? instant - rest - size : instant - rest;
}

const INSTANT =
  /^([+-]\d{6}|\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|z|[+-]\d{2}(?::?\d{2})?)?$/;

/**
 * Reads ISO 8601 with any offset and fraction to microseconds (digits beyond the sixth are cut); a text without a
 * zone is UTC. Undefined when the text is not an instant.
 */
export function parseInstant(text: string): Micros | undefined {
  const match = INSTANT.exec(text.trim());
  if (!match) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match;
  const fields = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [y, mo, d, h, mi, s] = fields;
  if (mo < 1 || mo > 12 || d < 1 || h > 24 || mi > 59 || s > 60 || (h === 24 && mi + s > 0)) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(y, mo - 1, d);
  if (date.getUTCMonth() !== mo - 1) return undefined;
  const seconds = date.getTime() / 1000 + h * 3600 + mi * 60 + s;
  return BigInt(seconds - zoneSeconds(zone)) * 1_000_000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
}

function zoneSeconds(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const digits = zone.slice(1).replace(':', '');
  const seconds = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2) || '0') * 60;
  return zone.startsWith('-') ? -seconds : seconds;
}

/** Writes `2024-01-01T00:00:00.000000Z`, always six digits. */
export function formatInstant(instant: Micros): string {
  const micros = Number(instant);
  // beyond that a double does not tell microseconds apart: the years from 2255 on, and those before 1684
  if (!Number.isSafeInteger(micros)) return formatFarInstant(instant);
  const seconds = Math.floor(micros / MICROS_PER_SECOND);
  const day = Math.floor(seconds / SECONDS_PER_DAY);
  const second = seconds - day * SECONDS_PER_DAY;
  const rest = micros - seconds * MICROS_PER_SECOND;
  const time = `${twoDigits(Math.floor(second / 3600))}:${twoDigits(Math.floor(second / 60) % 60)}:${twoDigits(second % 60)}`;
  const fraction = `${twoDigits(Math.floor(rest / 10_000))}${twoDigits(Math.floor(rest / 100) % 100)}${twoDigits(rest % 100)}`;
  return `${dayText(day)}T${time}.${fraction}Z`;
}

function formatFarInstant(instant: Micros): string {
  const seconds = floorToGrid(instant, MICROS_PER_SECOND);
  const date = new Date(Number(seconds / 1000n));
  return `${date.toISOString().slice(0, -5)}.${(instant - seconds).toString().padStart(6, '0')}Z`;
}

const TWO_DIGITS = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));

function twoDigits(number: number): string {
  return TWO_DIGITS[number]!;
}

/** Instants that are written together are mostly of few days. */
const dayTexts = new Map<number, string>();
const MOST_DAY_TEXTS = 1000;

/** `2024-01-31`, of days since 1970. */
function dayText(day: number): string {
  let text = dayTexts.get(day);
  if (text === undefined) {
    if (dayTexts.size === MOST_DAY_TEXTS) dayTexts.clear();
    text = new Date(day * MILLIS_PER_DAY).toISOString().slice(0, -14);
    dayTexts.set(day, text);
  }
  return text;
}

/** `parseInstant` for input that a person gave: throws `INVALID_INSTANT` naming where the text stood. */
export function requireInstant(text: string, where: string): Micros {
  const instant = parseInstant(text);
  if (instant === undefined) throw new AsofError('INVALID_INSTANT', { where, text });
  return instant;
}

/** The machine's clock. `Date` has milliseconds; the sub-millisecond part comes from the monotonic clock. */
export function clockNow(): Micros {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000));
}
