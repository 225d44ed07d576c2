/** Values of flat objects in their declared types, where their text is of the form that nearly all have. */
import { MICROS_PER_DAY, MICROS_PER_SECOND } from '../contracts/time.ts';
import type { ColumnType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';
import { MEMBER, type FlatObject } from './flat-object.ts';

/** The value of a member that is there and not null; undefined when it takes the engine to say what it is. */
export type PlainValueReader = (object: FlatObject, bytes: Buffer, place: number) => EngineValue | undefined;

/** Below it digits are exact in a double. */
const SAFE_DIGITS = 15;
/** Instants within these years have microseconds that are exact in a double. */
const [FIRST_YEAR, LAST_YEAR] = [1000, 2200];
/** The 29th of February is left to the engine. */
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MILLIS_PER_DAY = 86_400_000;
const MICROS_PER_MILLI = 1000;
const LATEST_EPOCH_MICROS = 2n ** 52n;

/** How values of a type are read; undefined for types whose values are always left to the engine. `timezone` is the source's. */
export function plainValueReader(type: ColumnType, timezone: string | null): PlainValueReader | undefined {
  switch (type) {
    case 'string':
      return (object, _, place) => (object.kind(place) === MEMBER.TEXT ? object.text(place) : undefined);
    case 'int64':
      return readInteger;
    case 'float64':
      return readNumber;
    case 'boolean':
      return (object, _, place) => {
        const kind = object.kind(place);
        return kind === MEMBER.TRUE ? true : kind === MEMBER.FALSE ? false : undefined;
      };
    case 'timestamp':
      return (object, bytes, place) =>
        object.kind(place) === MEMBER.TEXT
          ? readInstant(bytes, object.start(place), object.end(place), timezone)
          : undefined;
    case 'timestamp[s]':
      return epochReader(BigInt(MICROS_PER_SECOND));
    case 'timestamp[ms]':
      return epochReader(BigInt(MICROS_PER_MILLI));
    case 'timestamp[us]':
      return epochReader(1n);
    default:
      return undefined;
  }
}

function readInteger(object: FlatObject, bytes: Buffer, place: number): bigint | undefined {
  if (object.kind(place) !== MEMBER.INTEGER) return undefined;
  const [start, end] = [object.start(place), object.end(place)];
  if (end - start > SAFE_DIGITS) return BigInt(object.text(place));
  const isNegative = bytes[start] === 0x2d;
  let value = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at += 1) value = value * 10 + digit(bytes, at);
  return BigInt(isNegative ? -value : value);
}

function readNumber(object: FlatObject, bytes: Buffer, place: number): number | undefined {
  const kind = object.kind(place);
  if (kind !== MEMBER.INTEGER && kind !== MEMBER.FRACTION) return undefined;
  const value = Number(object.text(place));
  // what becomes of the sign of a zero is the engine's matter
  return value === 0 && bytes[object.start(place)] === 0x2d ? undefined : value;
}

function epochReader(unit: bigint): PlainValueReader {
  return (object, bytes, place) => {
    const value = readInteger(object, bytes, place);
    if (value === undefined) return undefined;
    const micros = value * unit;
    return micros >= 0n && micros < LATEST_EPOCH_MICROS ? micros : undefined;
  };
}

const DATE_LENGTH = 10;
const TIME_LENGTH = 19;
const MOST_FRACTION = 6;
/** What the first digit of a fraction counts. */
const TENTH_MICROS = 100_000;

/** `2024-05-06T07:08:09.123456Z`: a fraction of up to six digits may be there, and where there is no zone the `Z` may be missing. */
function readInstant(bytes: Buffer, start: number, end: number, timezone: string | null): bigint | undefined {
  const year = digitsAt(bytes, start, 4);
  const month = digitsAt(bytes, start + 5, 2);
  const day = digitsAt(bytes, start + 8, 2);
  const hour = digitsAt(bytes, start + 11, 2);
  const minute = digitsAt(bytes, start + 14, 2);
  const second = digitsAt(bytes, start + 17, 2);
  const isPlain =
    end - start >= TIME_LENGTH &&
    bytes[start + 4] === 0x2d &&
    bytes[start + 7] === 0x2d &&
    (bytes[start + DATE_LENGTH] === 0x54 || bytes[start + DATE_LENGTH] === 0x20) &&
    bytes[start + 13] === 0x3a &&
    bytes[start + 16] === 0x3a &&
    year >= FIRST_YEAR &&
    year <= LAST_YEAR &&
    day >= 1 &&
    day <= (MONTH_DAYS[month - 1] ?? 0) &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59;
  if (!isPlain) return undefined;
  let at = start + TIME_LENGTH;
  let micros = 0;
  if (at < end && bytes[at] === 0x2e) {
    at += 1;
    const from = at;
    for (let scale = TENTH_MICROS; at < end && isDigit(bytes[at]!); at += 1, scale /= 10) {
      if (at - from === MOST_FRACTION) return undefined;
      micros += digit(bytes, at) * scale;
    }
    if (at === from) return undefined;
  }
  if (at < end && bytes[at] === 0x5a) at += 1;
  else if (timezone !== null) return undefined;
  if (at !== end) return undefined;
  const days = Date.UTC(year, month - 1, day) / MILLIS_PER_DAY;
  return BigInt(days * MICROS_PER_DAY + ((hour * 60 + minute) * 60 + second) * MICROS_PER_SECOND + micros);
}

/** NaN where one of them is no digit, which is neither above nor below anything. */
function digitsAt(bytes: Buffer, start: number, digits: number): number {
  let value = 0;
  for (let at = start; at < start + digits; at += 1) {
    if (!isDigit(bytes[at]!)) return Number.NaN;
    value = value * 10 + digit(bytes, at);
  }
  return value;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function digit(bytes: Buffer, at: number): number {
  return bytes[at]! - 0x30;
}
