/** What Spark computes for an aggregate view: which columns, filters and windows, and by which method each feature. */
import { readFilter, type FilterColumn } from '../../aggregates/row-filter.ts';
import type { AggregateFeatureManifest, AggregateFunction, WindowManifest } from '../../contracts/manifest.ts';
import type { PlannedView } from '../../contracts/plan.ts';
import type { StoredType } from '../../contracts/values.ts';
import { columnType, usedColumns } from '../event-relation.ts';
import { RUNNING_FUNCTIONS } from './aggregate-sql.ts';

/**
 * `ranged`: a join over slots of time, for windows of a duration. `running`: one pass over requests and events, for windows
 * without a lower bound. `recent`: a join over places in the key's order, for last-N windows. `joined`: every request with
 * every earlier row of its key, for what a pass cannot do: rows that stop to count or come to be known later, and what
 * keeps many values without a lower bound.
 */
export type SparkMethod = 'ranged' | 'running' | 'recent' | 'joined';

/** A view of a Spark session: distinct doubles, `value`, with their hashes, `hash`. */
export const FLOAT_HASHES = 'asof_float_hashes';

export interface SparkWindows {
  readonly keys: number;
  /** Of the event relation, by position. */
  readonly columns: readonly string[];
  readonly delayMicros: number;
  readonly hasCreated: boolean;
  /** Only rows with `created <= q` count. Never without `created`. */
  readonly asKnown: boolean;
  /** Of the event relation; null when every row is an event of its own. */
  readonly eventId: string | null;
  readonly inputs: readonly SparkInput[];
  /** Without repeats; an empty one takes every row. */
  readonly filters: readonly (readonly FilterColumn[])[];
  readonly features: readonly SparkFeature[];
}

export interface SparkInput {
  readonly kind: 'value' | 'hash';
  /** The source's column, and the event relation's. */
  readonly name: string;
  readonly column: string;
  readonly type: StoredType;
}

export interface SparkFeature {
  /** Position in the view's planned features. */
  readonly position: number;
  readonly function: AggregateFunction;
  /** Positions in `inputs` (null for `count`) and `filters`. */
  readonly input: number | null;
  readonly filter: number;
  readonly window: WindowManifest;
  readonly method: SparkMethod;
  readonly quantile: number | undefined;
  readonly limit: number | undefined;
}

/** `asKnown` is the caller's wish; the view's own adds to it. Throws `INVALID_VALUE` for a bad filter value. */
export function planSparkWindows({ view, source, features }: PlannedView, asKnown: boolean): SparkWindows {
  const used = usedColumns({ features });
  const columns = source.eventId === null || used.includes(source.eventId) ? used : [...used, source.eventId];
  const columnOf = (name: string): string => `c${columns.indexOf(name)}`;
  const typeOf = (name: string): StoredType => columnType(source, name);
  const hasCreated = source.created !== null;
  const known = hasCreated && (asKnown || view.asKnown);
  const simple = source.eventId === null;

  const inputs = new Positions<SparkInput>();
  const filters = new Positions<AggregateFeatureManifest['where']>();
  const planned = features.flatMap((feature, position): SparkFeature[] => {
    if (feature.kind !== 'aggregate') return [];
    const { function: name, column, window, where } = feature;
    const kind = name === 'approxCountDistinct' ? 'hash' : 'value';
    return [
      {
        position,
        function: name,
        input:
          column === null ? null : inputs.of({ kind, name: column, column: columnOf(column), type: typeOf(column) }),
        filter: filters.of(where),
        window,
        method: chooseMethod(name, window, { simple, asKnown: known }),
        quantile: feature.quantile,
        limit: feature.limit,
      },
    ];
  });
  return {
    keys: view.keys.length,
    columns,
    delayMicros: view.delayMicros,
    hasCreated,
    asKnown: known,
    eventId: source.eventId === null ? null : columnOf(source.eventId),
    inputs: inputs.items,
    filters: filters.items.map((where) =>
      readFilter(where, typeOf).map((one) => ({ ...one, column: columnOf(one.column) })),
    ),
    features: planned,
  };
}

function chooseMethod(
  name: AggregateFunction,
  window: WindowManifest,
  { simple, asKnown }: { readonly simple: boolean; readonly asKnown: boolean },
): SparkMethod {
  switch (window.kind) {
    case 'duration':
      return 'ranged';
    case 'all':
      return simple && RUNNING_FUNCTIONS.includes(name) ? 'running' : 'joined';
    case 'last':
      return simple && !asKnown ? 'recent' : 'joined';
  }
}

/** Items without repeats, and their positions. */
class Positions<T> {
  readonly items: T[] = [];
  readonly #positions = new Map<string, number>();

  of(item: T): number {
    const key = JSON.stringify(item);
    const known = this.#positions.get(key);
    if (known !== undefined) return known;
    this.#positions.set(key, this.items.length);
    this.items.push(item);
    return this.items.length - 1;
  }
}
