/** Transforms as functions on values. The same functions serve every path. */
import { createHash } from 'node:crypto';
import { AsofError } from '../contracts/errors.ts';
import type { TransformManifest } from '../contracts/manifest.ts';
import type { FeatureValue, ScalarValue } from '../contracts/values.ts';
import { log1p } from './log1p.ts';

type Parameters = Readonly<Record<string, unknown>>;
type ValueFunction = (value: FeatureValue, parameters: Parameters) => FeatureValue;

/** The code of null and of a category that the mapping does not hold. */
export const UNSEEN_CATEGORY = -1;

const TRANSFORMS: Readonly<Record<string, ValueFunction>> = {
  normalize: (value, { min, max }) => scale(value, Number(min), Number(max) - Number(min)),
  standardize: (value, { mean, std }) => scale(value, Number(mean), Number(std)),
  categoricalEncode: (value, { mapping }) => encodeCategory(value, mapping as Readonly<Record<string, number>>),
  aggregate: (value, parameters) => aggregateList(value, String(parameters.function)),
  clip: (value, { min, max }) => clip(value, Number(min), Number(max)),
  log1p: (value) => (value === null ? null : log1p(Number(value))),
  bucketize: (value, { boundaries }) => bucketize(value, boundaries as readonly number[]),
  hashEncode: (value, { buckets }) => hashEncode(value, Number(buckets)),
};

/**
 * The served value for a stored one. Null stays null, except that a null category is -1. Results are plain numbers but
 * for sums and clipped values of int64, which are `bigint`. Throws `INVALID_VALUE` for an unknown function, and
 * `NOT_FITTED` for a transform whose parameters are not known yet.
 */
export function applyTransform(transform: TransformManifest, value: FeatureValue): FeatureValue {
  const apply = Object.hasOwn(TRANSFORMS, transform.function) ? TRANSFORMS[transform.function] : undefined;
  if (apply === undefined) {
    throw invalid(transform, `there is no such function; known: ${Object.keys(TRANSFORMS).join(', ')}`);
  }
  if (!transform.fitted) throw notFitted(transform);
  return apply(value, transform.parameters);
}

/** For a transform that reached the values without its parameters; a plan says so earlier, with the names. */
export function notFitted(transform: Pick<TransformManifest, 'function'>): AsofError {
  return new AsofError('NOT_FITTED', { where: `transform ${transform.function}`, view: 'VIEW' });
}

function scale(value: FeatureValue, offset: number, spread: number): number | null {
  if (value === null || spread === 0) return null;
  return (Number(value) - offset) / spread;
}

function encodeCategory(value: FeatureValue, mapping: Readonly<Record<string, number>>): number {
  const category = String(value);
  return value !== null && Object.hasOwn(mapping, category) ? mapping[category]! : UNSEEN_CATEGORY;
}

/** NaN stays: it is neither below nor above. */
function clip(value: FeatureValue, min: number, max: number): FeatureValue {
  if (typeof value === 'bigint') return value < min ? BigInt(min) : value > max ? BigInt(max) : value;
  if (typeof value !== 'number') return null;
  return value < min ? min : value > max ? max : value;
}

/** How many boundaries are at or below the value. NaN ranks above every number. int64 values are compared exactly. */
function bucketize(value: FeatureValue, boundaries: readonly number[]): number | null {
  if (typeof value !== 'bigint' && typeof value !== 'number') return null;
  let [low, high] = [0, boundaries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value < boundaries[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The hash is the last eight bytes, read little-endian, of the MD5 of the value's text: the string in UTF-8, decimal digits,
 * `true` or `false`. `md5_number_lower` is the same in DuckDB.
 */
function hashEncode(value: FeatureValue, buckets: number): number | null {
  if (value === null) return null;
  const hash = createHash('md5').update(String(value), 'utf8').digest().readBigUInt64LE(8);
  return Number(hash % BigInt(buckets));
}

/** A single value counts as a list of one. */
function aggregateList(value: FeatureValue, name: string): FeatureValue {
  if (value === null) return null;
  const values = (isList(value) ? value : [value]).filter((item) => item !== null);
  switch (name) {
    case 'count':
      return values.length;
    case 'sum':
      return values.length === 0 ? null : sumOf(values);
    case 'mean':
      return values.length === 0
        ? null
        : values.reduce<number>((total, item) => total + Number(item), 0) / values.length;
    default:
      throw invalid({ function: 'aggregate' }, `there is no function "${name}"; known: mean, sum, count`);
  }
}

function sumOf(values: readonly ScalarValue[]): number | bigint {
  if (!values.every((item) => typeof item === 'bigint'))
    return values.reduce<number>((sum, item) => sum + Number(item), 0);
  const total = values.reduce((sum, item) => sum + item, 0n);
  if (BigInt.asIntN(64, total) !== total)
    throw new AsofError('INTEGER_OVERFLOW', { where: 'aggregate', column: 'list' });
  return total;
}

function isList(value: FeatureValue): value is readonly (ScalarValue | null)[] {
  return Array.isArray(value);
}

function invalid(transform: { readonly function: string }, problem: string): AsofError {
  return new AsofError('INVALID_VALUE', { where: `transform ${transform.function}`, problem });
}
