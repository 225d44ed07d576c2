/** Every aggregate function over every type it takes, several windows and filters; and a feature for each column. */
import fc from 'fast-check';
import {
  AGGREGATE_FUNCTIONS,
  type AggregateFeatureManifest,
  type AggregateFunction,
  type FeatureManifest,
  type WhereManifest,
  type WindowManifest,
} from '../../contracts/manifest.ts';
import { aggregateFeature, columnFeature, VALUE_COLUMNS, type ValueColumn } from './world.ts';

const NUMERIC: readonly ValueColumn[] = ['amount', 'price'];
const SCALAR: readonly ValueColumn[] = ['amount', 'price', 'label', 'flag', 'seen'];

const COLUMNS: Readonly<Record<AggregateFunction, readonly (ValueColumn | null)[]>> = {
  count: [null],
  sum: NUMERIC,
  mean: NUMERIC,
  stddev: NUMERIC,
  variance: NUMERIC,
  min: SCALAR,
  max: SCALAR,
  first: [...SCALAR, 'vector'],
  last: [...SCALAR, 'vector'],
  lastN: SCALAR,
  approxCountDistinct: SCALAR,
  approxQuantile: NUMERIC,
  mostFrequent: SCALAR,
  collectDistinct: SCALAR,
};

const LAST_WINDOWS: readonly WindowManifest[] = [
  { kind: 'last', count: 1 },
  { kind: 'last', count: 3 },
];
const WINDOWS: readonly WindowManifest[] = [
  ...LAST_WINDOWS,
  { kind: 'all' },
  { kind: 'duration', micros: 7, resolutionMicros: null },
  { kind: 'duration', micros: 8, resolutionMicros: 4 },
  { kind: 'duration', micros: 14, resolutionMicros: 3 },
];

const FILTERS: readonly (readonly WhereManifest[])[] = [
  [],
  [],
  [{ column: 'label', values: ['x', "it's"] }],
  [
    { column: 'amount', values: ['1', '2', '9007199254740993', null] },
    { column: 'flag', values: [true, null] },
  ],
  [{ column: 'price', values: ['NaN', 0, 0.25, 'Infinity'] }],
];

interface Choices {
  readonly windows: readonly WindowManifest[];
  readonly filters: typeof FILTERS;
}

/** Old rows may be left out where every window is bounded, and more of them the fewer windows and filters there are. */
const CHOICES: readonly Choices[] = [
  { windows: WINDOWS, filters: FILTERS },
  { windows: WINDOWS.filter(({ kind }) => kind !== 'all'), filters: FILTERS },
  { windows: LAST_WINDOWS.slice(0, 1), filters: FILTERS.slice(0, 3) },
  { windows: WINDOWS.filter(({ kind }) => kind !== 'all').slice(0, 3), filters: [[]] },
  { windows: LAST_WINDOWS, filters: [[]] },
];

/** One to three features of every function. */
export const aggregateFeatures: fc.Arbitrary<readonly FeatureManifest[]> = fc
  .constantFrom(...CHOICES)
  .chain((choices) =>
    fc.tuple(...AGGREGATE_FUNCTIONS.map((name) => fc.array(featureOf(name, choices), { minLength: 1, maxLength: 3 }))),
  )
  .map((lists) => lists.flat().map((feature, index) => ({ ...feature, name: `${feature.name}_${index}` })));

/** A feature for every column, one with a default. */
export const COLUMN_FEATURES: readonly FeatureManifest[] = (Object.keys(VALUE_COLUMNS) as ValueColumn[]).map((column) =>
  columnFeature(column, column === 'label' ? 'none' : null),
);

function featureOf(name: AggregateFunction, { windows, filters }: Choices): fc.Arbitrary<AggregateFeatureManifest> {
  return fc
    .record({
      column: fc.constantFrom(...COLUMNS[name]),
      window: fc.constantFrom(...(name === 'lastN' ? windows.filter(({ kind }) => kind === 'last') : windows)),
      where: fc.constantFrom(...filters),
      ...(name === 'approxQuantile' && { quantile: fc.constantFrom(0, 0.07, 0.25, 0.5, 0.999999, 1) }),
      ...(name === 'collectDistinct' && { limit: fc.constantFrom(1, 2, 100) }),
    })
    .map((parts) => aggregateFeature(`${name}_${parts.column ?? 'rows'}`, { function: name, ...parts }));
}
