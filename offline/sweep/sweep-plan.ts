/** What one sweep reads and computes, from the planned view: columns, filters, windows, features. */
import type { Naming } from '../../aggregates/integer-sum.ts';
import { readFilter, type FilterColumn } from '../../aggregates/row-filter.ts';
import type { AggregateFeatureManifest, WindowManifest } from '../../contracts/manifest.ts';
import type { PlannedView } from '../../contracts/plan.ts';
import { columnType, relationKeys } from '../event-relation.ts';
import { aggregateType } from '../feature-sql.ts';
import type { StoredType } from '../../contracts/values.ts';

export interface SweepPlan {
  /** Names of the key columns in both relations. */
  readonly keys: readonly string[];
  readonly delayMicros: number;
  /** Whether the source says when its rows were created. */
  readonly hasCreated: boolean;
  /** Only rows with `created <= q` count. Never without `created`. */
  readonly asKnown: boolean;
  /** Whether rows have `__until`. */
  readonly hasUntil: boolean;
  /** What is read of each event beside its order, without repeats. */
  readonly inputs: readonly SweepInput[];
  readonly groups: readonly SweepGroup[];
  /** In the order of the view's features. */
  readonly features: readonly SweepFeature[];
}

/** A column's value, or the hash of it that the distinct sketch goes by. */
export interface SweepInput {
  readonly kind: 'value' | 'hash';
  readonly column: string;
  readonly type: StoredType;
}

/** Features with the same `where`. */
export interface SweepGroup {
  /** Empty for all events. */
  readonly filter: readonly FilterColumn[];
  readonly windows: readonly SweepWindow[];
}

/** Features of one group with the same window. */
export interface SweepWindow {
  readonly window: WindowManifest;
  readonly features: readonly SweepFeature[];
}

export interface SweepFeature {
  readonly feature: AggregateFeatureManifest;
  /** Position in `SweepPlan.features`. */
  readonly position: number;
  /** Position in `SweepPlan.inputs`; -1 for `count`. */
  readonly input: number;
  /** Of the result: the aggregate's own, before a transform. */
  readonly type: StoredType;
  readonly naming: Naming;
}

/** `asKnown` is the caller's wish; the view's own `asKnown` adds to it. Throws `INVALID_VALUE` for a bad filter value. */
export function planSweep(
  { view, source, features }: PlannedView,
  { asKnown, hasUntil }: { readonly asKnown: boolean; readonly hasUntil: boolean },
): SweepPlan {
  const typeOf = (column: string): StoredType => columnType(source, column);
  const aggregates = features.filter((feature) => feature.kind === 'aggregate');
  const inputs: SweepInput[] = [];
  const planned = aggregates.map((feature, position): SweepFeature => ({
    feature,
    position,
    input: inputOf(feature, inputs, typeOf),
    type: aggregateType(feature, source),
    naming: { where: `${view.name}:${feature.name}`, column: feature.column ?? '' },
  }));
  const hasCreated = source.created !== null;
  return {
    keys: relationKeys(view),
    delayMicros: view.delayMicros,
    hasCreated,
    asKnown: hasCreated && (asKnown || view.asKnown),
    hasUntil,
    inputs,
    groups: groupBy(planned, ({ feature }) => JSON.stringify(feature.where)).map((group) => ({
      filter: readFilter(group[0]!.feature.where, typeOf),
      windows: groupBy(group, ({ feature }) => windowKey(feature.window)).map((members) => ({
        window: members[0]!.feature.window,
        features: members,
      })),
    })),
    features: planned,
  };
}

/** The position of the feature's input among the inputs, added when it is new. */
function inputOf(
  { function: name, column }: AggregateFeatureManifest,
  inputs: SweepInput[],
  typeOf: (column: string) => StoredType,
): number {
  if (name === 'count' || column === null) return -1;
  const kind = name === 'approxCountDistinct' ? 'hash' : 'value';
  const known = inputs.findIndex((input) => input.kind === kind && input.column === column);
  if (known >= 0) return known;
  inputs.push({ kind, column, type: typeOf(column) });
  return inputs.length - 1;
}

function windowKey(window: WindowManifest): string {
  switch (window.kind) {
    case 'duration':
      return `${window.micros}/${window.resolutionMicros}`;
    case 'last':
      return `last ${window.count}`;
    case 'all':
      return 'all';
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()];
}
