/** Transforms as functions on values. The same functions serve every path. */
import { AsofError } from '../contracts/errors.ts';
import type { TransformManifest } from '../contracts/manifest.ts';
import type { FeatureValue, ScalarValue } from '../contracts/values.ts';

type Parameters = Readonly<Record<string, unknown>>;
type ValueFunction = (value: FeatureValue, parameters: Parameters) => FeatureValue;

/** The code of null and of a category that the mapping does not hold. */
export const UNSEEN_CATEGORY = -1;

const TRANSFORMS: Readonly<Record<string, ValueFunction>> = {
  normalize: (value, { min, max }) => scale(value, Number(min), Number(max) - Number(min)),
  standardize: (value, { mean, std }) => scale(value, Number(mean), Number(std)),
  categoricalEncode: (value, { mapping }) => encodeCategory(value, mapping as Readonly<Record<string, number>>),
  aggregate: (value, parameters) => aggregateList(value, String(parameters.function)),
};

/**
 * The served value for a stored one. Null stays null, except that a null category is -1. Results are plain numbers but
 * for the sum of int64 values, which is `bigint`. Throws `INVALID_VALUE` for an unknown function and for a transform
 * whose parameters are not known yet.
 */
export function applyTransform(transform: TransformManifest, value: FeatureValue): FeatureValue {
  const apply = Object.hasOwn(TRANSFORMS, transform.function) ? TRANSFORMS[transform.function] : undefined;
  if (apply === undefined) {
    throw invalid(transform, `there is no such function; known: ${Object.keys(TRANSFORMS).join(', ')}`);
  }
  if (!transform.fitted) throw invalid(transform, 'the parameters are not known yet; give them, or fit the view');
  return apply(value, transform.parameters);
}

function scale(value: FeatureValue, offset: number, spread: number): number | null {
  if (value === null || spread === 0) return null;
  return (Number(value) - offset) / spread;
}

function encodeCategory(value: FeatureValue, mapping: Readonly<Record<string, number>>): number {
  const category = String(value);
  return value !== null && Object.hasOwn(mapping, category) ? mapping[category]! : UNSEEN_CATEGORY;
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
