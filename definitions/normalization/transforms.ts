import type { TransformManifest } from '../../contracts/manifest.ts';
import { elementType, type ScalarType, type StoredType } from '../../contracts/values.ts';
import { suggestNames } from '../closest-names.ts';
import { isRecord, show } from './option-reader.ts';
import type { Place } from './problems.ts';

export interface NormalizedTransform {
  readonly transform: TransformManifest | null;
  /** The type after the transform. */
  readonly valueType: StoredType;
}

interface TransformRule {
  readonly parameters: readonly string[];
  /** Whether it may come without parameters, to be fitted. */
  readonly fits: boolean;
  /** What the value must be, in words; undefined when `input` is. */
  refuse(input: StoredType, parameters: Readonly<Record<string, unknown>>): string | undefined;
  /** What is wrong with complete parameters. */
  check(parameters: Readonly<Record<string, unknown>>, input: StoredType): string | undefined;
  valueType(input: StoredType, parameters: Readonly<Record<string, unknown>>): StoredType;
}

const LIST_FUNCTIONS = ['mean', 'sum', 'count'];

const RULES: Readonly<Record<string, TransformRule>> = {
  normalize: {
    parameters: ['min', 'max'],
    fits: true,
    refuse: (input) => (isNumeric(input) ? undefined : 'an int64 or float64 value'),
    check: ({ min, max }) =>
      !isFinite(min) || !isFinite(max)
        ? 'min and max are finite numbers'
        : min > max
          ? 'min is at most max'
          : undefined,
    valueType: () => 'float64',
  },
  standardize: {
    parameters: ['mean', 'std'],
    fits: true,
    refuse: (input) => (isNumeric(input) ? undefined : 'an int64 or float64 value'),
    check: ({ mean, std }) =>
      !isFinite(mean) || !isFinite(std) ? 'mean and std are finite numbers' : std < 0 ? 'std is at least 0' : undefined,
    valueType: () => 'float64',
  },
  categoricalEncode: {
    parameters: ['mapping'],
    fits: true,
    refuse: (input) =>
      ['string', 'int64', 'boolean'].includes(input) ? undefined : 'a string, int64 or boolean value',
    check: ({ mapping }) =>
      isRecord(mapping) && Object.values(mapping).every((code) => Number.isSafeInteger(code))
        ? undefined
        : 'mapping gives each category a whole number',
    valueType: () => 'int64',
  },
  aggregate: {
    parameters: ['function'],
    fits: false,
    refuse: (input, parameters) =>
      parameters.function === 'count' || isNumeric(elementOf(input)) ? undefined : 'a list of int64 or float64 values',
    check: ({ function: name }) =>
      LIST_FUNCTIONS.includes(name as string) ? undefined : `function is one of ${LIST_FUNCTIONS.join(', ')}`,
    valueType: (input, parameters) =>
      parameters.function === 'count' ? 'int64' : parameters.function === 'mean' ? 'float64' : elementOf(input),
  },
  clip: {
    parameters: ['min', 'max'],
    fits: false,
    refuse: (input) => (isNumeric(input) ? undefined : 'an int64 or float64 value'),
    check: ({ min, max }, input) => {
      if (!isFinite(min) || !isFinite(max)) return 'min and max are finite numbers';
      if (min > max) return 'min is at most max';
      const isWhole = Number.isSafeInteger(min) && Number.isSafeInteger(max);
      return input === 'int64' && !isWhole ? 'min and max are whole numbers, since the value is int64' : undefined;
    },
    valueType: (input) => input,
  },
  log1p: {
    parameters: [],
    fits: false,
    refuse: (input) => (isNumeric(input) ? undefined : 'an int64 or float64 value'),
    check: () => undefined,
    valueType: () => 'float64',
  },
  bucketize: {
    parameters: ['boundaries'],
    fits: false,
    refuse: (input) => (isNumeric(input) ? undefined : 'an int64 or float64 value'),
    check: ({ boundaries }) =>
      Array.isArray(boundaries) && boundaries.length > 0 && boundaries.length <= MOST_BOUNDARIES && ascends(boundaries)
        ? undefined
        : `boundaries is a list of 1 to ${MOST_BOUNDARIES} finite numbers, each above the one before`,
    valueType: () => 'int64',
  },
  hashEncode: {
    parameters: ['buckets'],
    fits: false,
    refuse: (input) =>
      ['string', 'int64', 'boolean'].includes(input) ? undefined : 'a string, int64 or boolean value',
    check: ({ buckets }) =>
      Number.isSafeInteger(buckets) && Number(buckets) > 0 ? undefined : 'buckets is a whole number of at least 1',
    valueType: () => 'int64',
  },
};

const MOST_BOUNDARIES = 10_000;

/** Checks a transform against the type of the values it gets. */
export function normalizeTransform(given: unknown, input: StoredType, feature: Place): NormalizedTransform {
  const unchanged: NormalizedTransform = { transform: null, valueType: input };
  if (given === undefined) return unchanged;
  const place = feature.in('transform');
  const name = isRecord(given) ? given.transform : undefined;
  const rule = typeof name === 'string' && Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  if (rule === undefined || !isRecord(given)) {
    const known = typeof name === 'string' ? suggestNames(name, Object.keys(RULES)) : Object.keys(RULES);
    place.report(`${show(name ?? given)} is not a transform`, `use ${known.join(', ')}`);
    return unchanged;
  }
  const parameters = readParameters(given.parameters, rule, input, place);
  const needed = rule.refuse(input, parameters);
  if (needed !== undefined) place.report(`${String(name)} cannot read ${input}`, `it needs ${needed}`);
  const fitted = !rule.fits || Object.keys(parameters).length > 0;
  return {
    transform: { function: String(name), parameters, fitted },
    valueType: needed === undefined ? rule.valueType(input, parameters) : input,
  };
}

/** The parameters, all of them or none. */
function readParameters(
  given: unknown,
  rule: TransformRule,
  input: StoredType,
  place: Place,
): Readonly<Record<string, unknown>> {
  const form = `{ ${rule.parameters.join(', ')} }`;
  if (given === undefined) {
    if (!rule.fits) place.report('its parameters are missing', `give ${form}`);
    return {};
  }
  const values = isRecord(given) ? given : {};
  const unknown = Object.keys(values).filter((name) => !rule.parameters.includes(name));
  const missing = rule.parameters.filter((name) => values[name] === undefined);
  if (unknown.length > 0 || missing.length > 0) {
    const problem =
      unknown.length > 0 ? `unknown parameter "${unknown[0]}"` : `the parameter "${missing[0]}" is missing`;
    place.report(problem, rule.fits ? `give ${form}, or no parameters to have them fitted` : `give ${form}`);
    return {};
  }
  const wrong = rule.check(values, input);
  if (wrong === undefined) return values;
  place.report(`${show(given)} are not valid parameters`, wrong);
  return {};
}

function isNumeric(type: StoredType): boolean {
  return type === 'int64' || type === 'float64';
}

function elementOf(type: StoredType): ScalarType {
  return elementType(type) ?? (type as ScalarType);
}

function ascends(values: readonly unknown[]): boolean {
  return values.every((value, index) => isFinite(value) && (index === 0 || value > Number(values[index - 1])));
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}
