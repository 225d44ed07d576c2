/**
 * The buckets of approximate quantiles: a number rounded to seven significant binary digits, half away from zero. So a
 * bucket's value is within 1/128 (0.8 %) of every number in it, and whole numbers up to 128 are themselves.
 *
 * A bucket's code is a whole number that compares as the values do. It is cut from the bits of the double, so it is the same
 * on every machine. Numbers nearer to zero than 2^-1022 count as zero, and the greatest finite bucket takes what would be
 * rounded to infinity. NaN is the greatest, as in `min` and `max`.
 */
import { QUANTILE_DIGITS } from '../contracts/manifest.ts';

const KEPT_BITS = 6;
/** Bits of the double's upper half below the kept ones. */
const DROPPED_BITS = 20 - KEPT_BITS;
/** So that the least normal number has code 1. */
const OFFSET = (1 << KEPT_BITS) - 1;
const INFINITE = (0x7ff << KEPT_BITS) - OFFSET;
const NAN_CODE = INFINITE + 1;

const view = new DataView(new ArrayBuffer(8));

/** The code of a number's bucket; an int64 is taken as the nearest double. */
export function bucketCode(value: number): number {
  if (Number.isNaN(value)) return NAN_CODE;
  const size = Math.abs(value);
  const code = size === Infinity ? INFINITE : Math.min(sizeCode(size), INFINITE - 1);
  // a plain minus would make zero a minus zero
  return value < 0 ? 0 - code : code;
}

function sizeCode(size: number): number {
  view.setFloat64(0, size);
  const upper = view.getUint32(0);
  if (upper < 1 << 20) return 0;
  return ((upper + (1 << (DROPPED_BITS - 1))) >>> DROPPED_BITS) - OFFSET;
}

/** The number that stands for a bucket. */
export function bucketValue(code: number): number {
  if (code === NAN_CODE) return Number.NaN;
  if (code === 0) return 0;
  view.setUint32(0, (Math.abs(code) + OFFSET) << DROPPED_BITS);
  view.setUint32(4, 0);
  const size = view.getFloat64(0);
  return code < 0 ? -size : size;
}

const PARTS = 10 ** QUANTILE_DIGITS;

/**
 * Which of `count` values in order, from 1, is the p-quantile: the first at or below which a share of at least p of them
 * stands. In whole numbers, since 0.07 · 100 is more than 7 in doubles.
 */
export function quantileRank(count: number, p: number): number {
  const parts = count * Math.round(p * PARTS);
  const rest = parts % PARTS;
  return Math.max(1, (parts - rest) / PARTS + (rest > 0 ? 1 : 0));
}
