/** How a feature's value becomes what is served. Without parameters a transform is fitted to data. */

export type TransformFunction =
  'normalize' | 'standardize' | 'categoricalEncode' | 'aggregate' | 'clip' | 'log1p' | 'bucketize' | 'hashEncode';
export type ListFunction = 'mean' | 'sum' | 'count';

export interface TransformDefinition<
  Name extends TransformFunction = TransformFunction,
  /** Whether the result is a plain number, or of the type of the value, or of the list's elements. */
  Result extends 'number' | 'element' = 'number' | 'element',
> {
  readonly transform: Name;
  /** Undefined for parameters that are fitted. */
  readonly parameters: object | undefined;
  /** Exists for the compiler only. */
  readonly result?: Result;
}

/** `(value - min) / (max - min)`; null when both are equal. */
export function normalize(parameters?: {
  readonly min: number;
  readonly max: number;
}): TransformDefinition<'normalize', 'number'> {
  return { transform: 'normalize', parameters };
}

/** `(value - mean) / std`, with the sample's deviation; null when it is zero. */
export function standardize(parameters?: {
  readonly mean: number;
  readonly std: number;
}): TransformDefinition<'standardize', 'number'> {
  return { transform: 'standardize', parameters };
}

/** The number of the value's category; -1 for null and for a category that is not in the mapping. */
export function categoricalEncode(parameters?: {
  readonly mapping: Readonly<Record<string, number>>;
}): TransformDefinition<'categoricalEncode', 'number'> {
  return { transform: 'categoricalEncode', parameters };
}

/** One number for a list: nulls in it are skipped. */
export function aggregate<const Function extends ListFunction>(parameters: {
  readonly function: Function;
}): TransformDefinition<'aggregate', Function extends 'sum' ? 'element' : 'number'> {
  return { transform: 'aggregate', parameters };
}

/** The value moved into [min, max]; of the value's own type, so whole bounds for int64. NaN stays NaN. */
export function clip(parameters: {
  readonly min: number;
  readonly max: number;
}): TransformDefinition<'clip', 'element'> {
  return { transform: 'clip', parameters };
}

/** ln(1 + value): NaN below -1. */
export function log1p(): TransformDefinition<'log1p', 'number'> {
  return { transform: 'log1p', parameters: {} };
}

/** How many of the boundaries are at or below the value: 0 below the first. They ascend. NaN is in the last bucket. */
export function bucketize(parameters: {
  readonly boundaries: readonly number[];
}): TransformDefinition<'bucketize', 'number'> {
  return { transform: 'bucketize', parameters };
}

/** A bucket from 0 on, by a hash of the value's text: for categories that are too many to number. */
export function hashEncode(parameters: { readonly buckets: number }): TransformDefinition<'hashEncode', 'number'> {
  return { transform: 'hashEncode', parameters };
}
