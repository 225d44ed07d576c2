/** One feature over one window of a block. */
import { AsofError } from '../../contracts/errors.ts';
import { evaluateDistinct, evaluateDistinctValues } from './evaluate-distinct.ts';
import { evaluateExtreme } from './evaluate-extremes.ts';
import { evaluateMostFrequent } from './evaluate-most-frequent.ts';
import { evaluateEdge, evaluateLastN } from './evaluate-places.ts';
import { evaluateQuantile } from './evaluate-quantile.ts';
import { evaluateSpread } from './evaluate-spread.ts';
import { evaluateMean, evaluateSum } from './evaluate-sums.ts';
import type { ResultColumn } from './result-column.ts';
import type { RowGroup } from './row-group.ts';
import type { Spans } from './spans.ts';
import type { SweepFeature, SweepPlan } from './sweep-plan.ts';
import { countRows, type WindowRows } from './window-rows.ts';

/** Writes the answers of all requests. What it leaves unset is null: an empty window. */
export function evaluateFeature(
  { feature, input, naming }: SweepFeature,
  plan: SweepPlan,
  group: RowGroup,
  spans: Spans,
  result: ResultColumn,
): void {
  if (feature.function === 'count') {
    countRows(group, spans, undefined).forEach((count, request) => result.setNumber(request, count));
    return;
  }
  const column = group.inputs[input];
  const type = plan.inputs[input]?.type;
  if (column === undefined || type === undefined) {
    throw new AsofError('INTERNAL', { problem: `${feature.name}: ${feature.function} has no column` });
  }
  const rows: WindowRows = { group, spans, input, column, type, present: countRows(group, spans, column.valid) };
  switch (feature.function) {
    case 'sum':
      return evaluateSum(rows, naming, result);
    case 'mean':
      return evaluateMean(rows, result);
    case 'variance':
    case 'stddev':
      return evaluateSpread(rows, feature.function, result);
    case 'min':
    case 'max':
      return evaluateExtreme(rows, feature.function, result);
    case 'first':
    case 'last':
      return evaluateEdge(rows, feature.function, result);
    case 'lastN':
      return evaluateLastN(rows, result);
    case 'approxCountDistinct':
      return evaluateDistinct(rows, result);
    case 'approxQuantile':
      return evaluateQuantile(rows, feature.quantile!, result);
    case 'mostFrequent':
      return evaluateMostFrequent(rows, result);
    case 'collectDistinct':
      return evaluateDistinctValues(rows, feature.limit!, result);
  }
}
