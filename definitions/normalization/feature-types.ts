/** Which stored types a feature type or an aggregate reads, and what it gives. */
import type { AggregateFunction } from '../../contracts/manifest.ts';
import {
  elementType,
  SCALAR_TYPES,
  type FeatureType,
  type ScalarType,
  type StoredType,
} from '../../contracts/values.ts';

/** Scalar types that each feature type reads, alone or in lists. An embedding reads a vector of its own size. */
const FEATURE_COLUMNS: Readonly<Record<Exclude<FeatureType, 'embedding'>, readonly ScalarType[]>> = {
  numeric: ['int64', 'float64'],
  categorical: ['string', 'int64', 'boolean'],
  text: ['string'],
  boolean: ['boolean'],
  timestamp: ['timestamp'],
};

/** What a derived view gives for each feature type. */
const DERIVED_TYPES: Readonly<Record<Exclude<FeatureType, 'embedding'>, ScalarType>> = {
  numeric: 'float64',
  categorical: 'string',
  text: 'string',
  boolean: 'boolean',
  timestamp: 'timestamp',
};

interface AggregateRule {
  /** Types of the column; undefined for any. */
  readonly accepts: readonly StoredType[] | undefined;
  valueType(column: StoredType): StoredType;
}

const NUMERIC = ['int64', 'float64'] as const;
const same = (column: StoredType): StoredType => column;
const listOf = (column: StoredType): StoredType => `${column as ScalarType}[]`;

export const AGGREGATE_RULES: Readonly<Record<Exclude<AggregateFunction, 'count'>, AggregateRule>> = {
  sum: { accepts: NUMERIC, valueType: same },
  mean: { accepts: NUMERIC, valueType: () => 'float64' },
  stddev: { accepts: NUMERIC, valueType: () => 'float64' },
  variance: { accepts: NUMERIC, valueType: () => 'float64' },
  min: { accepts: SCALAR_TYPES, valueType: same },
  max: { accepts: SCALAR_TYPES, valueType: same },
  first: { accepts: undefined, valueType: same },
  last: { accepts: undefined, valueType: same },
  lastN: { accepts: SCALAR_TYPES, valueType: listOf },
  approxCountDistinct: { accepts: SCALAR_TYPES, valueType: () => 'int64' },
  approxQuantile: { accepts: NUMERIC, valueType: () => 'float64' },
  mostFrequent: { accepts: SCALAR_TYPES, valueType: same },
  collectDistinct: { accepts: SCALAR_TYPES, valueType: listOf },
};

export function acceptsColumn(type: FeatureType, size: number | undefined, column: StoredType): boolean {
  if (type === 'embedding') return column === `float32[${size}]`;
  const scalar = column.startsWith('float32[') ? undefined : (elementType(column) ?? (column as ScalarType));
  return scalar !== undefined && FEATURE_COLUMNS[type].includes(scalar);
}

/** The columns that a feature type reads, in words. */
export function describeColumns(type: FeatureType, size: number | undefined): string {
  if (type === 'embedding') return `float32[${size}]`;
  return `${FEATURE_COLUMNS[type].join(' or ')}, or a list of them`;
}

export function derivedValueType(type: FeatureType, size: number | undefined): StoredType {
  return type === 'embedding' ? `float32[${size ?? 0}]` : DERIVED_TYPES[type];
}

/** The feature type of an aggregate's value. */
export function featureTypeOf(value: StoredType): FeatureType {
  if (value.startsWith('float32[')) return 'embedding';
  switch (elementType(value) ?? (value as ScalarType)) {
    case 'int64':
    case 'float64':
      return 'numeric';
    case 'string':
      return 'categorical';
    case 'boolean':
      return 'boolean';
    case 'timestamp':
      return 'timestamp';
  }
}

/**
 * Whether an int64 value is a plain `number` in TypeScript: counts and category codes. Other int64 values, columns and
 * what is chosen or summed from them, are `bigint`.
 */
export function isPlainNumber(feature: {
  readonly kind: string;
  readonly function?: AggregateFunction;
  readonly transform: { readonly function: string; readonly parameters: Readonly<Record<string, unknown>> } | null;
}): boolean {
  const { transform } = feature;
  if (transform !== null && transform.function !== 'clip')
    return transform.function !== 'aggregate' || transform.parameters.function !== 'sum';
  return feature.function === 'count' || feature.function === 'approxCountDistinct';
}
