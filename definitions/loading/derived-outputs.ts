import { AsofError } from '../../contracts/errors.ts';
import { Timestamp } from '../../contracts/timestamp.ts';
import type { FeatureType, FeatureValue } from '../../contracts/values.ts';
import { isRecord, show } from '../normalization/option-reader.ts';

/** What a derived view declares: feature name to its type, with the dimensions of an embedding. */
export type Outputs = Readonly<Record<string, { readonly type: FeatureType; readonly size?: number }>>;

/**
 * The values that `compute` returned, one for each declared feature, in their TypeScript types; a value left out is null.
 * Throws `INVALID_VALUE` for anything else than a plain object of such values.
 */
export function readOutputs(view: string, outputs: Outputs, returned: unknown): Readonly<Record<string, FeatureValue>> {
  const where = `view ${view}`;
  if (!isRecord(returned) || typeof returned.then === 'function') {
    const what = isRecord(returned) ? 'a promise' : show(returned);
    throw new AsofError('INVALID_VALUE', {
      where,
      problem: `compute returned ${what}; return an object, synchronously`,
    });
  }
  const unknown = Object.keys(returned).find((name) => !Object.hasOwn(outputs, name));
  if (unknown !== undefined) {
    const problem = `compute returned "${unknown}", which is not among its features: ${Object.keys(outputs).join(', ')}`;
    throw new AsofError('INVALID_VALUE', { where, problem });
  }
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { type, size }]) => {
      const value = readValue(returned[name] ?? null, type, size);
      if (value !== undefined) return [name, value];
      const what = `compute returned ${show(returned[name])} for a ${type} feature`;
      const problem = typeof returned[name] === 'bigint' && type === 'numeric' ? `${what}, ${BEYOND_FLOAT64}` : what;
      throw new AsofError('INVALID_VALUE', { where: `${where}, feature ${name}`, problem });
    }),
  );
}

/** A numeric feature of a derived view is a float64: nothing is rounded that was exact. */
const BEYOND_FLOAT64 = 'which holds no such integer exactly; return Number(value) to round it, or text to keep it';

/** Undefined when the value is not of the type. */
function readValue(value: unknown, type: FeatureType, size: number | undefined): FeatureValue | undefined {
  if (value === null) return null;
  switch (type) {
    case 'numeric':
      if (typeof value === 'bigint') return exactNumber(value);
      return typeof value === 'number' ? value : undefined;
    case 'categorical':
    case 'text':
      return typeof value === 'string' ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'timestamp':
      return value instanceof Timestamp || value instanceof Date ? Timestamp.from(value) : undefined;
    case 'embedding': {
      const isVector = Array.isArray(value) && value.length === size && value.every((item) => typeof item === 'number');
      return isVector ? value : undefined;
    }
  }
}

function exactNumber(value: bigint): number | undefined {
  const number = Number(value);
  return Number.isFinite(number) && BigInt(number) === value ? number : undefined;
}
