/** Column and feature types, and the statuses of a served value. */
import type { Timestamp } from './timestamp.ts';

export const SCALAR_TYPES = ['string', 'int64', 'float64', 'boolean', 'timestamp'] as const;
export type ScalarType = (typeof SCALAR_TYPES)[number];

/** Scalar types, `timestamp[s|ms|us]` (epoch integers in the file), `float32[n]` vectors, and lists as `string[]`. */
export type ColumnType =
  ScalarType | 'timestamp[s]' | 'timestamp[ms]' | 'timestamp[us]' | `float32[${number}]` | `${ScalarType}[]`;

/** A type as stored: what a file's epoch integers become once they are read. */
export type StoredType = ScalarType | `float32[${number}]` | `${ScalarType}[]`;

export const FEATURE_TYPES = ['numeric', 'categorical', 'text', 'embedding', 'boolean', 'timestamp'] as const;
export type FeatureType = (typeof FEATURE_TYPES)[number];

export const STATUSES = ['PRESENT', 'NULL', 'DEFAULT', 'EXPIRED', 'MISSING', 'DENIED', 'UNAVAILABLE'] as const;
export type FeatureStatus = (typeof STATUSES)[number];

/** Where a served value came from. */
export type ServedFrom = 'online' | 'cache' | 'lake' | 'default';

/** A value in TypeScript: int64 is `bigint`, float64 and counts are `number`, timestamps are `Timestamp`. */
export type ScalarValue = string | bigint | number | boolean | Timestamp;
export type FeatureValue = ScalarValue | readonly (ScalarValue | null)[] | null;

/** A value as JSON carries it inside manifests: int64 as decimal text, timestamps as ISO 8601. */
export type JsonScalar = string | number | boolean | null;
export type JsonValue = JsonScalar | readonly JsonScalar[];

/** The type that is stored for a declared column type. */
export function storedType(type: ColumnType): StoredType {
  return type.startsWith('timestamp[') && type !== 'timestamp[]' ? 'timestamp' : (type as StoredType);
}

/** The element type of a list type; undefined for scalars. `float32[n]` is a vector of float64 values in TypeScript. */
export function elementType(type: StoredType): ScalarType | undefined {
  if (type.startsWith('float32[')) return 'float64';
  return type.endsWith('[]') ? (type.slice(0, -2) as ScalarType) : undefined;
}
