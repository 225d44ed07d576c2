/** How the features of bounded and unbounded windows are answered from the measures of cells. */
import { requireInt64 } from '../../aggregates/integer-sum.ts';
import { sampleDeviation, sampleVariance } from '../../aggregates/moments.ts';
import { GreatestTree, LeastTree, SumTree, type OrderTree } from '../sweep/order-tree.ts';
import type { ResultColumn } from '../sweep/result-column.ts';
import type { SweepFeature, SweepPlan } from '../sweep/sweep-plan.ts';
import type { CellGroup } from './cell-group.ts';
import { FloatSumMeasure, roundPair, squaredDeviations, SquareSumMeasure, type PairSum } from './exact-sums.ts';
import { CountMeasure, CreatedMeasure, ExtremeMeasure, IntegerSumMeasure } from './measure.ts';
import { PairTree } from './pair-tree.ts';
import { EdgeMeasure, PlainExtremeMeasure } from './plain-measures.ts';
import { PlainTree } from './plain-tree.ts';
import type { CellSpans } from './request-cells.ts';

/** Writes the answers of all requests, once all rows are in. What it leaves unset is null. */
export type Answer = (spans: CellSpans, beginOf: Int32Array, result: ResultColumn) => void;

/** Runs of cells by request. */
type ByRun<T> = (begin: number, start: number, end: number) => T;

/** Registers the measures of a feature; undefined for a function that cells cannot answer. */
export function answerFromCells(
  group: CellGroup,
  { feature, input, naming }: SweepFeature,
  { inputs, hasCreated }: SweepPlan,
): Answer | undefined {
  if (feature.function === 'count') return answerCount(group);
  const type = inputs[input]?.type;
  if (type === undefined) return undefined;
  const isNumber = type === 'int64' || type === 'float64' || type === 'timestamp';
  const counts = countsOf(group, input);
  switch (feature.function) {
    case 'sum': {
      if (type !== 'int64') return withValues(counts, floatSums(group, input));
      const sums = integerSums(group, input);
      return withValues(counts, (begin, start, end) => {
        const total = sums(begin, start, end);
        return Number.isSafeInteger(total) ? total : requireInt64(BigInt(total), naming);
      });
    }
    case 'mean': {
      const sums = type === 'int64' ? integerSums(group, input) : floatSums(group, input);
      return withValues(counts, (begin, start, end, count) => sums(begin, start, end) / count);
    }
    case 'variance':
    case 'stddev': {
      const deviations = deviationSquares(group, input);
      const spread = feature.function === 'variance' ? sampleVariance : sampleDeviation;
      return withValues(counts, (begin, start, end, count) =>
        spread({ count, mean: 0, squares: deviations(begin, start, end, count) }),
      );
    }
    case 'min':
    case 'max':
      return isNumber
        ? withValues(counts, extremes(group, input, feature.function))
        : withValues(counts, plainExtremes(group, input, feature.function));
    case 'first':
    case 'last':
      return withValues(counts, edges(group, input, feature.function, hasCreated));
    default:
      return undefined;
  }
}

function answerCount(group: CellGroup): Answer {
  const counts = countsOf(group);
  return ({ starts, ends }, beginOf, result) => {
    for (let request = 0; request < ends.length; request++) {
      result.setNumber(request, counts(beginOf[request]!, starts[request]!, ends[request]!));
    }
  };
}

/** Null where no row of the window has a value. */
function withValues(
  counts: ByRun<number>,
  valueOf: (begin: number, start: number, end: number, count: number) => Parameters<ResultColumn['setValue']>[1],
): Answer {
  return ({ starts, ends }, beginOf, result) => {
    for (let request = 0; request < ends.length; request++) {
      const begin = beginOf[request]!;
      const start = starts[request]!;
      const end = ends[request]!;
      const count = counts(begin, start, end);
      if (count > 0) result.setValue(request, valueOf(begin, start, end, count));
    }
  };
}

function countsOf(group: CellGroup, input?: number): ByRun<number> {
  return differences(group.measure(`count ${input ?? ''}`, () => new CountMeasure(group.cells, input)).counts);
}

function integerSums(group: CellGroup, input: number): ByRun<number> {
  return differences(group.measure(`integers ${input}`, () => new IntegerSumMeasure(group.cells, input)).totals);
}

/** Of running sums of whole numbers: exact. */
function differences(running: Float64Array): ByRun<number> {
  return (begin, start, end) => (start === end ? 0 : running[end - 1]! - (start === begin ? 0 : running[start - 1]!));
}

function floatSums(group: CellGroup, input: number): ByRun<number> {
  const sums = pairSums(group, input);
  const measure = group.measure(`floats ${input}`, () => new FloatSumMeasure(group.cells, input));
  return (begin, start, end) => {
    if (measure.strange) {
      const strange = strangeTree(group, input, measure.strange).query(begin, start, end);
      if (strange !== 0) return strange;
    }
    return roundPair(sums(begin, start, end));
  };
}

function strangeTree(group: CellGroup, input: number, strange: Float64Array): OrderTree {
  return group.remember(`strange ${input}`, () => new SumTree(strange, group.begins));
}

function pairSums(group: CellGroup, input: number): ByRun<PairSum> {
  const measure = group.measure(`floats ${input}`, () => new FloatSumMeasure(group.cells, input));
  return (begin, start, end) =>
    group
      .remember(`float tree ${input}`, () => new PairTree(measure.totals, measure.rests, group.begins))
      .query(begin, start, end);
}

function deviationSquares(
  group: CellGroup,
  input: number,
): (begin: number, start: number, end: number, count: number) => number {
  const sums = pairSums(group, input);
  const floats = group.measure(`floats ${input}`, () => new FloatSumMeasure(group.cells, input));
  const squares = group.measure(`squares ${input}`, () => new SquareSumMeasure(group.cells, input));
  return (begin, start, end, count) => {
    if (floats.strange && strangeTree(group, input, floats.strange).query(begin, start, end) !== 0) return Number.NaN;
    const tree = group.remember(
      `square tree ${input}`,
      () => new PairTree(squares.totals, squares.rests, group.begins),
    );
    return squaredDeviations(count, sums(begin, start, end), tree.query(begin, start, end));
  };
}

function extremes(group: CellGroup, input: number, kind: 'min' | 'max'): ByRun<number> {
  const measure = group.measure(`${kind} ${input}`, () => new ExtremeMeasure(group.cells, input, kind));
  return (begin, start, end) =>
    group
      .remember(`${kind} tree ${input}`, () =>
        kind === 'min'
          ? new LeastTree(measure.extremes, group.begins)
          : new GreatestTree(measure.extremes, group.begins),
      )
      .query(begin, start, end);
}

function plainExtremes(group: CellGroup, input: number, kind: 'min' | 'max'): ByRun<ReturnType<PlainTree['query']>> {
  const measure = group.measure(`plain ${kind} ${input}`, () => new PlainExtremeMeasure(group.cells, input, kind));
  return (begin, start, end) =>
    group
      .remember(`plain ${kind} tree ${input}`, () => new PlainTree(measure.extremes, group.begins, measure.choose))
      .query(begin, start, end);
}

/** Cells stand in order, so the first row of a run is that of its first cell with one. */
function edges(
  group: CellGroup,
  input: number,
  kind: 'first' | 'last',
  hasCreated: boolean,
): ByRun<ReturnType<EdgeMeasure['valueOf']>> {
  const measure = group.measure(`${kind} ${input}`, () => new EdgeMeasure(group.cells, input, kind, hasCreated));
  return (begin, start, end) => {
    const tree = group.remember(`${kind} tree ${input}`, () => {
      const identity = kind === 'first' ? LeastTree.identity : GreatestTree.identity;
      const leaves = Float64Array.from({ length: group.cells }, (_, cell) => (measure.has(cell) ? cell : identity));
      return kind === 'first' ? new LeastTree(leaves, group.begins) : new GreatestTree(leaves, group.begins);
    });
    return measure.valueOf(tree.query(begin, start, end));
  };
}

/** Whether any row of the window was created after the request's instant. */
export function leaksFromCells(
  group: CellGroup,
): (spans: CellSpans, beginOf: Int32Array, at: Float64Array) => readonly boolean[] {
  const measure = group.measure('created', () => new CreatedMeasure(group.cells));
  return ({ starts, ends }, beginOf, at) => {
    const tree = group.remember('created tree', () => new GreatestTree(measure.latest, group.begins));
    return Array.from(at, (time, request) => tree.query(beginOf[request]!, starts[request]!, ends[request]!) > time);
  };
}
