/** The state of a column in words for people and programs. */
import { NAMED_QUANTILES, type ColumnState, type FeatureStatistics } from '../../contracts/statistics.ts';
import { formatInstant } from '../../contracts/time.ts';
import type { JsonScalar } from '../../contracts/values.ts';
import { distinctOf, quantileOf } from './column-state.ts';
import { isNumeric } from './state-sql.ts';
import { deviationOf, meanOf } from './stored-moments.ts';

const LISTED_VALUES = 10;

export function describeState(feature: string, state: ColumnState, isPersonal: boolean): FeatureStatistics {
  const { type, rows, nulls, nan, infinite, moments, top } = state;
  const isListed = (type === 'string' || type === 'boolean') && !isPersonal;
  return {
    feature,
    type,
    sampleSize: rows,
    nulls,
    nullShare: rows === 0 ? null : nulls / rows,
    nan,
    infinite,
    mean: meanOf(moments),
    std: deviationOf(moments),
    min: describeBound(state, state.min),
    max: describeBound(state, state.max),
    distinct: type.endsWith(']') ? null : distinctOf(state),
    quantiles: isNumeric(type) && state.buckets.length > 0 ? quantilesOf(state) : null,
    top: isListed ? top.values.slice(0, LISTED_VALUES).map(([value, count]) => ({ value, count })) : null,
  };
}

function quantilesOf(state: ColumnState): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(NAMED_QUANTILES).map(([name, p]) => [name, quantileOf(state, p)!]));
}

function describeBound({ type }: ColumnState, bound: ColumnState['min']): JsonScalar {
  if (bound === null || typeof bound === 'number') return bound;
  if (type === 'timestamp') return formatInstant(BigInt(bound));
  return type === 'int64' && Number.isSafeInteger(Number(bound)) ? Number(bound) : bound;
}
