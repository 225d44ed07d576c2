/** From a feature's manifest to its aggregate. */
import { AsofError } from '../contracts/errors.ts';
import type { AggregateFeatureManifest } from '../contracts/manifest.ts';
import type { StoredType } from '../contracts/values.ts';
import type { Aggregate } from './aggregate.ts';
import { COUNT } from './count.ts';
import { APPROX_COUNT_DISTINCT } from './distinct.ts';
import { createCollectDistinct } from './distinct-values.ts';
import { createEdge } from './edge.ts';
import { createExtreme } from './extreme.ts';
import { FLOAT_MEAN, FLOAT_SUM } from './float-sum.ts';
import { createIntegerSum, INTEGER_MEAN } from './integer-sum.ts';
import { STDDEV, VARIANCE } from './moments.ts';
import { createMostFrequent, MOST_COUNTED_VALUES } from './most-frequent.ts';
import { createQuantile } from './quantile.ts';
import { createRecentRows, finishWith, listNewestFirst } from './recent-rows.ts';

/**
 * The aggregate of a feature over the rows of one tile or window. The caller leaves out rows that the feature's `where`
 * refuses. For a last-N window (and `lastN`) the state holds the N greatest rows whatever the function is.
 *
 * `columnType` is the stored type of the feature's column, null for `count`. Throws `INVALID_VALUE` when the function does
 * not take the type.
 */
export function createAggregate(feature: AggregateFeatureManifest, columnType: StoredType | null): Aggregate {
  if (feature.window.kind !== 'last') return createFunction(feature, columnType);
  const finish = feature.function === 'lastN' ? listNewestFirst : finishWith(createFunction(feature, columnType));
  return createRecentRows(feature.window.count, columnType, finish);
}

function createFunction(feature: AggregateFeatureManifest, type: StoredType | null): Aggregate {
  switch (feature.function) {
    case 'count':
      return COUNT;
    case 'sum':
      if (type === 'int64') return createIntegerSum({ where: feature.name, column: feature.column ?? '' });
      if (type === 'float64') return FLOAT_SUM;
      break;
    case 'mean':
      if (type === 'int64') return INTEGER_MEAN;
      if (type === 'float64') return FLOAT_MEAN;
      break;
    case 'stddev':
      if (isNumeric(type)) return STDDEV;
      break;
    case 'variance':
      if (isNumeric(type)) return VARIANCE;
      break;
    case 'approxQuantile':
      if (isNumeric(type) && feature.quantile !== undefined) return createQuantile(feature.quantile);
      break;
    case 'min':
    case 'max':
      if (isScalar(type)) return createExtreme(feature.function, type);
      break;
    case 'first':
    case 'last':
      if (type !== null) return createEdge(feature.function, type);
      break;
    case 'approxCountDistinct':
      if (isScalar(type)) return APPROX_COUNT_DISTINCT;
      break;
    case 'mostFrequent':
      if (isScalar(type)) return createMostFrequent(type, keepsRows(feature) ? Infinity : MOST_COUNTED_VALUES);
      break;
    case 'collectDistinct':
      if (isScalar(type) && feature.limit !== undefined) return createCollectDistinct(type, feature.limit);
      break;
    case 'lastN':
      break;
  }
  throw new AsofError('INVALID_VALUE', {
    where: feature.name,
    problem: `${feature.function} does not take a column of type ${type ?? 'none'} with a window of kind ${feature.window.kind}`,
  });
}

/** Windows whose rows themselves are kept, a bounded number of them. */
function keepsRows({ window }: AggregateFeatureManifest): boolean {
  return window.kind === 'last' || (window.kind === 'duration' && window.resolutionMicros === null);
}

function isNumeric(type: StoredType | null): boolean {
  return type === 'int64' || type === 'float64';
}

function isScalar(type: StoredType | null): type is StoredType {
  return type !== null && !type.endsWith(']');
}
