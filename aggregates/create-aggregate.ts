/** From a feature's manifest to its aggregate. */
import { AsofError } from '../contracts/errors.ts';
import type { AggregateFeatureManifest } from '../contracts/manifest.ts';
import type { StoredType } from '../contracts/values.ts';
import type { Aggregate } from './aggregate.ts';
import { COUNT } from './count.ts';
import { APPROX_COUNT_DISTINCT } from './distinct.ts';
import { createEdge } from './edge.ts';
import { createExtreme } from './extreme.ts';
import { FLOAT_MEAN, FLOAT_SUM } from './float-sum.ts';
import { createIntegerSum, INTEGER_MEAN } from './integer-sum.ts';
import { STDDEV } from './moments.ts';
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
      if (type === 'int64' || type === 'float64') return STDDEV;
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
    case 'lastN':
      break;
  }
  throw new AsofError('INVALID_VALUE', {
    where: feature.name,
    problem: `${feature.function} does not take a column of type ${type ?? 'none'} with a window of kind ${feature.window.kind}`,
  });
}

function isScalar(type: StoredType | null): type is StoredType {
  return type !== null && !type.endsWith(']');
}
