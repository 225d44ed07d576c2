/** How the features of last-N windows are answered: the function's own state takes the window's rows in, in row order. */
import { createAggregate } from '../../aggregates/create-aggregate.ts';
import type { RowOrder } from '../../aggregates/row-order.ts';
import type { EngineValue } from '../../engine/engine.ts';
import type { ResultColumn } from '../sweep/result-column.ts';
import type { SweepFeature, SweepPlan } from '../sweep/sweep-plan.ts';
import type { RecentRowsMeasure } from './recent-rows.ts';
import type { RecentGrid } from './recent-grid.ts';
import type { SortedRequests } from './request-cells.ts';

/** The features of one last-N window. */
export interface RecentWindow {
  readonly count: number;
  readonly features: readonly SweepFeature[];
}

export interface RecentAnswers {
  readonly windows: readonly RecentWindow[];
  /** By position of the plan's features. */
  readonly results: readonly ResultColumn[];
  /** Takes whether the window of a request leaks; undefined when the source does not say. */
  readonly leak: ((window: number, request: number, leaks: boolean) => void) | undefined;
}

/** Walks the cells of each key once, with the newest rows so far. */
export function answerRecent(
  rows: RecentRowsMeasure,
  requests: SortedRequests,
  { begins, ends }: RecentGrid,
  plan: SweepPlan,
  { windows, results, leak }: RecentAnswers,
): void {
  const evaluations = windows.map(({ features }) => features.map((feature) => evaluator(rows, feature, plan)));
  const slots: number[] = [];
  for (let key = 0; key + 1 < begins.length; key++) {
    slots.length = 0;
    let cell = begins[key]!;
    for (let request = requests.begins[key]!; request < requests.begins[key + 1]!; request++) {
      for (; cell < ends[request]!; cell++) rows.collect(cell, slots);
      // older rows are out of every window that is to come
      if (slots.length > 4 * rows.limit) slots.splice(0, slots.length - rows.limit);
      windows.forEach(({ count, features }, window) => {
        const from = Math.max(0, slots.length - count);
        features.forEach(({ position }, index) =>
          results[position]!.setValue(request, evaluations[window]![index]!(slots, from)),
        );
        leak?.(window, request, rows.latestCreated(slots, from) > requests.at[request]!);
      });
    }
  }
}

/** The function over the slots from `from` on. */
function evaluator(
  rows: RecentRowsMeasure,
  { feature, input, naming }: SweepFeature,
  { inputs }: SweepPlan,
): (slots: readonly number[], from: number) => EngineValue {
  const type = inputs[input]?.type ?? null;
  if (feature.function === 'lastN') {
    return (slots, from) => {
      const values: EngineValue[] = [];
      for (let index = slots.length - 1; index >= from; index--) {
        const value = rows.valueOf(input, slots[index]!);
        if (value !== null) values.push(value);
      }
      return values.length === 0 ? null : values;
    };
  }
  const aggregate = createAggregate({ ...feature, name: naming.where, window: { kind: 'all' } }, type);
  return (slots, from) => {
    let state = aggregate.empty();
    for (let index = from; index < slots.length; index++) {
      const value = type === null ? null : rows.valueOf(input, slots[index]!);
      state = aggregate.add(state, value, orderAt(index));
    }
    return aggregate.finish(state) ?? null;
  };
}

const orders: RowOrder[] = [];

/** Orders that rise like their numbers: the rows come in order, and the function need not know more. */
function orderAt(index: number): RowOrder {
  return (orders[index] ??= { event: BigInt(index), created: null, sequence: 0n });
}
