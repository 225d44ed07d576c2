/** Features that are computed over the events before the request. */
import type { AggregateFunction } from '../../contracts/manifest.ts';
import type { Timestamp } from '../../contracts/timestamp.ts';
import type { FeatureOptions } from './column-features.ts';
import type { TransformDefinition } from './transforms.ts';
import type { Duration } from './value-types.ts';

type Scalar = string | number | bigint | boolean | Timestamp | Date;
type DefaultValue = Scalar | readonly (Scalar | null)[];
type Transform = TransformDefinition | undefined;

export interface EventFilter<Where extends string, Default, Transforming extends Transform> extends FeatureOptions<
  Default,
  Transforming
> {
  /** Only events whose column equals the value, or one of the list. Several columns must all match. */
  readonly where?: Readonly<Record<Where, Scalar | readonly Scalar[]>>;
}

export type AggregateOptions<Where extends string, Default, Transforming extends Transform> = EventFilter<
  Where,
  Default,
  Transforming
> &
  (
    | {
        /** How far back events count; `all` for no lower bound. */
        readonly window: Duration | 'all';
        /** Grid on which the window's start is rounded down. @default the largest of 1s … 1d that is at most 1/48 of the window */
        readonly resolution?: Duration | 'exact';
        /** Raw events kept online per key for exact windows. @default 10000 */
        readonly maxEvents?: number;
        readonly last?: never;
      }
    | {
        /** Only this many of the newest events count. */
        readonly last: number;
        readonly window?: never;
        readonly resolution?: never;
        readonly maxEvents?: never;
      }
  );

export interface AggregateFeatureDefinition<
  Function extends AggregateFunction = AggregateFunction,
  Column extends string | null = string | null,
  Where extends string = string,
  Default = unknown,
  Transforming extends Transform = Transform,
> {
  readonly feature: 'aggregate';
  readonly function: Function;
  /** Null for `count`, which counts events. */
  readonly column: Column;
  /** The N of `lastN`. */
  readonly length?: number;
  /** The p of `approxQuantile`. */
  readonly quantile?: number;
  readonly options: FeatureOptions<Default, Transforming> & {
    readonly where?: Readonly<Record<Where, Scalar | readonly Scalar[]>>;
  };
}

type ColumnAggregate<Function extends AggregateFunction> = <
  const Column extends string,
  const Where extends string = never,
  const Default extends DefaultValue | undefined = undefined,
  Transforming extends Transform = undefined,
>(
  column: Column,
  options: AggregateOptions<Where, Default, Transforming>,
) => AggregateFeatureDefinition<Function, Column, Where, Default, Transforming>;

function columnAggregate<Function extends AggregateFunction>(name: Function): ColumnAggregate<Function> {
  return (column, options) => ({ feature: 'aggregate', function: name, column, options });
}

/** The number of events; 0 when there are none. */
export function count<const Where extends string = never, Transforming extends Transform = undefined>(
  options: AggregateOptions<Where, undefined, Transforming>,
): AggregateFeatureDefinition<'count', null, Where, undefined, Transforming> {
  return { feature: 'aggregate', function: 'count', column: null, options };
}

/** The sum of an int64 (exact, 64 bits) or float64 column. */
export const sum = columnAggregate('sum');
/** The mean of an int64 or float64 column. */
export const mean = columnAggregate('mean');
export const min = columnAggregate('min');
export const max = columnAggregate('max');
/** The sample's standard deviation; null below two values. */
export const stddev = columnAggregate('stddev');
/** The sample's variance; null below two values. */
export const variance = columnAggregate('variance');
/** The value of the earliest event that has one. */
export const first = columnAggregate('first');
/** The value of the latest event that has one. */
export const last = columnAggregate('last');
/** An estimate of the number of different values. */
export const approxCountDistinct = columnAggregate('approxCountDistinct');

/**
 * The p-quantile of an int64 or float64 column, p from 0 to 1 with at most six digits after the point: the first value at
 * or below which a share of p stands, rounded to seven significant binary digits, so within 0.8 % of it.
 */
export function approxQuantile<
  const Column extends string,
  const Where extends string = never,
  const Default extends DefaultValue | undefined = undefined,
  Transforming extends Transform = undefined,
>(
  column: Column,
  p: number,
  options: AggregateOptions<Where, Default, Transforming>,
): AggregateFeatureDefinition<'approxQuantile', Column, Where, Default, Transforming> {
  return { feature: 'aggregate', function: 'approxQuantile', column, quantile: p, options };
}

/**
 * The value of most events; the least of those that are equally frequent. Online a window of more than 10,000 different
 * values is `UNAVAILABLE`.
 */
export const mostFrequent = columnAggregate('mostFrequent');

/** The different values in ascending order; of more than the limit the least ones. */
export function collectDistinct<
  const Column extends string,
  const Where extends string = never,
  const Default extends DefaultValue | undefined = undefined,
  Transforming extends Transform = undefined,
>(
  column: Column,
  options: AggregateOptions<Where, Default, Transforming> & {
    /** The most values that the list has, at most 10,000. @default 100 */
    readonly limit?: number;
  },
): AggregateFeatureDefinition<'collectDistinct', Column, Where, Default, Transforming> {
  return { feature: 'aggregate', function: 'collectDistinct', column, options };
}

/** The values of the `length` newest events, newest first, without nulls. */
export function lastN<
  const Column extends string,
  const Where extends string = never,
  const Default extends DefaultValue | undefined = undefined,
  Transforming extends Transform = undefined,
>(
  column: Column,
  length: number,
  options: EventFilter<Where, Default, Transforming> = {},
): AggregateFeatureDefinition<'lastN', Column, Where, Default, Transforming> {
  return { feature: 'aggregate', function: 'lastN', column, length, options };
}
