/** Features that are a column's value as of the request. */
import type { FeatureType } from '../../contracts/values.ts';
import type { Timestamp } from '../../contracts/timestamp.ts';
import type { MetadataOptions } from './metadata.ts';
import type { TransformDefinition } from './transforms.ts';

export interface FeatureOptions<Default, Transform extends TransformDefinition | undefined> extends MetadataOptions {
  /** Serves in place of a missing or expired value, never of a stored null. Of the type that is served. */
  readonly default?: Default;
  /** Applied to the stored value when it is read. */
  readonly transform?: Transform;
  /** Marks personal data. @default false */
  readonly pii?: boolean;
}

/** What a stored value must be. A row that breaks a rule of any feature is set aside in the quarantine. */
export interface FeatureRules {
  /** Least value, included; of the column's type. */
  readonly min_value?: Bound;
  /** Greatest value, included; of the column's type. */
  readonly max_value?: Bound;
  /** Whether null is refused. @default false */
  readonly null_check?: boolean;
}
type Bound = number | bigint | string | Timestamp | Date;

export interface ColumnFeatureOptions<
  Default,
  Column extends string | undefined,
  Transform extends TransformDefinition | undefined,
> extends FeatureOptions<Default, Transform> {
  /** The source's column. @default the feature's name */
  readonly column?: Column;
  /** Short for expectations on the view that quarantine: of the value as stored, before any transform. */
  readonly rules?: FeatureRules;
}

export interface ColumnFeatureDefinition<
  Type extends FeatureType = FeatureType,
  Column extends string | undefined = string | undefined,
  Transform extends TransformDefinition | undefined = TransformDefinition | undefined,
  Size extends number = number,
> {
  readonly feature: 'column';
  readonly type: Type;
  /** Dimensions of an embedding. */
  readonly size?: Size;
  readonly options: ColumnFeatureOptions<unknown, Column, Transform>;
}

/** A number: an int64 or float64 column, or a list of them. */
export function numeric<
  const Column extends string | undefined = undefined,
  Transform extends TransformDefinition | undefined = undefined,
>(
  options: ColumnFeatureOptions<number | bigint | readonly (number | bigint | null)[], Column, Transform> = {},
): ColumnFeatureDefinition<'numeric', Column, Transform> {
  return { feature: 'column', type: 'numeric', options };
}

/** One of few values: a string, int64 or boolean column, or a list of them. */
export function categorical<
  const Column extends string | undefined = undefined,
  Transform extends TransformDefinition | undefined = undefined,
>(
  options: ColumnFeatureOptions<CategoryDefault | readonly (CategoryDefault | null)[], Column, Transform> = {},
): ColumnFeatureDefinition<'categorical', Column, Transform> {
  return { feature: 'column', type: 'categorical', options };
}
type CategoryDefault = string | number | bigint | boolean;

/** Free text: a string column, or a list of them. */
export function text<
  const Column extends string | undefined = undefined,
  Transform extends TransformDefinition | undefined = undefined,
>(
  options: ColumnFeatureOptions<string | number | readonly (string | null)[], Column, Transform> = {},
): ColumnFeatureDefinition<'text', Column, Transform> {
  return { feature: 'column', type: 'text', options };
}

/** A vector of `size` numbers: a `float32[size]` column. */
export function embedding<const Size extends number, const Column extends string | undefined = undefined>(
  size: Size,
  options: ColumnFeatureOptions<readonly number[], Column, undefined> = {},
): ColumnFeatureDefinition<'embedding', Column, undefined, Size> {
  return { feature: 'column', type: 'embedding', size, options };
}

/** True or false: a boolean column, or a list of them. */
export function boolean<
  const Column extends string | undefined = undefined,
  Transform extends TransformDefinition | undefined = undefined,
>(
  options: ColumnFeatureOptions<boolean | number | readonly (boolean | null)[], Column, Transform> = {},
): ColumnFeatureDefinition<'boolean', Column, Transform> {
  return { feature: 'column', type: 'boolean', options };
}

/** An instant: a timestamp column, or a list of them. Defaults may be ISO 8601 text. */
export function timestamp<const Column extends string | undefined = undefined>(
  options: ColumnFeatureOptions<InstantDefault | readonly (InstantDefault | null)[], Column, undefined> = {},
): ColumnFeatureDefinition<'timestamp', Column, undefined> {
  return { feature: 'column', type: 'timestamp', options };
}
type InstantDefault = Timestamp | Date | string;
