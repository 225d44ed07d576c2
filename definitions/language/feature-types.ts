/** The compiler's knowledge of features: which columns they may read, and the type of their values. */
import type { Timestamp } from '../../contracts/timestamp.ts';
import type { AggregateFunction } from '../../contracts/manifest.ts';
import type { ColumnType, FeatureType, ScalarType } from '../../contracts/values.ts';
import type { AggregateFeatureDefinition } from './aggregate-features.ts';
import type { ColumnFeatureDefinition } from './column-features.ts';
import type { Schema } from './definition.ts';
import type { TransformDefinition } from './transforms.ts';
import type { TimestampType, ValueOf, VectorType } from './value-types.ts';

export type FeatureDefinition = ColumnFeatureDefinition | AggregateFeatureDefinition;
export type FeatureDefinitions = Readonly<Record<string, FeatureDefinition>>;

/** Stands where a definition is wrong, so that the compiler's message says why. */
export interface DefinitionTypeError<Message extends string> {
  readonly error: Message;
}

type OneOrList<Type extends ScalarType> = Type | `${Type}[]`;
type Numeric = 'int64' | 'float64';
type Scalar = ScalarType | TimestampType;

/** Column types that a feature type reads. The manifest is held to the same table when definitions are loaded. */
interface FeatureColumns {
  numeric: OneOrList<Numeric>;
  categorical: OneOrList<'string' | 'int64' | 'boolean'>;
  text: OneOrList<'string'>;
  embedding: VectorType;
  boolean: OneOrList<'boolean'>;
  timestamp: TimestampType | 'timestamp[]';
}

interface AggregateColumns {
  count: never;
  sum: Numeric;
  mean: Numeric;
  stddev: Numeric;
  variance: Numeric;
  min: Scalar;
  max: Scalar;
  first: ColumnType;
  last: ColumnType;
  lastN: Scalar;
  approxCountDistinct: Scalar;
  approxQuantile: Numeric;
  mostFrequent: Scalar;
  collectDistinct: Scalar;
}

type ColumnName<Key, Column> = Column extends string ? Column : Key;

type NoColumn<Name> = DefinitionTypeError<`the source has no column "${Name & string}"`>;
type WrongType<
  Name,
  Type,
  What extends string,
> = DefinitionTypeError<`column "${Name & string}" is ${Type & string}, which ${What} cannot read`>;

type CheckedColumn<Columns extends Schema, Name, Allowed, What extends string, Feature> = Name extends keyof Columns
  ? Columns[Name] extends Allowed
    ? Feature
    : WrongType<Name, Columns[Name], What>
  : NoColumn<Name>;

type CheckedWhere<Columns extends Schema, Where extends string, Feature> = [Where] extends [keyof Columns]
  ? Feature
  : NoColumn<Exclude<Where, keyof Columns>>;

/** The feature itself where it fits the source's columns, else a type that says what is wrong. */
export type CheckedFeature<Columns extends Schema, Key, Feature> =
  Feature extends ColumnFeatureDefinition<infer Type, infer Column, infer _Transform, infer Size>
    ? CheckedColumn<
        Columns,
        ColumnName<Key, Column>,
        Type extends 'embedding' ? `float32[${Size}]` : FeatureColumns[Type],
        `a ${Type} feature`,
        Feature
      >
    : Feature extends AggregateFeatureDefinition<infer Function, infer Column, infer Where>
      ? Column extends string
        ? CheckedColumn<Columns, Column, AggregateColumns[Function], Function, CheckedWhere<Columns, Where, Feature>>
        : CheckedWhere<Columns, Where, Feature>
      : never;

export type CheckedFeatures<Columns extends Schema, Features> = {
  readonly [Key in keyof Features]: CheckedFeature<Columns, Key, Features[Key]>;
};

type Transformed<Value, Transform> = [Transform] extends [TransformDefinition<infer _Name, infer Result>]
  ? [Result] extends ['number']
    ? number
    : Value extends readonly (infer Element)[]
      ? NonNullable<Element>
      : Value
  : Value;

/** What a column feature of this type holds when there is no source to ask: a derived view's output. */
export interface DerivedValues {
  numeric: number;
  categorical: string;
  text: string;
  embedding: readonly number[];
  boolean: boolean;
  timestamp: Timestamp;
}

type ColumnValue<Columns extends Schema, Name> = Name extends keyof Columns ? ValueOf<Columns[Name]> : never;

type AggregateValue<Columns extends Schema, Function extends AggregateFunction, Column> = Function extends
  'count' | 'mean' | 'stddev' | 'variance' | 'approxQuantile' | 'approxCountDistinct'
  ? number
  : Function extends 'lastN' | 'collectDistinct'
    ? readonly ColumnValue<Columns, Column>[]
    : ColumnValue<Columns, Column>;

/** Only `count`, and aggregates with a default, always have a value. */
type Nullability<Function extends AggregateFunction, Default> = Function extends 'count'
  ? never
  : [Default] extends [undefined]
    ? null
    : never;

export type ValueOfFeature<Columns extends Schema, Key, Feature> =
  Feature extends ColumnFeatureDefinition<FeatureType, infer Column, infer Transform>
    ? Transformed<ColumnValue<Columns, ColumnName<Key, Column>>, Transform> | null
    : Feature extends AggregateFeatureDefinition<infer Function, infer Column, string, infer Default, infer Transform>
      ? Transformed<AggregateValue<Columns, Function, Column>, Transform> | Nullability<Function, Default>
      : never;

export type RowOfFeatures<Columns extends Schema, Features> = {
  readonly [Key in keyof Features]: ValueOfFeature<Columns, Key, Features[Key]>;
};
