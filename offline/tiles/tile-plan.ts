/**
 * Tiles: the rows of a key between two neighbouring points of a grid, as states that merge. A tile that lies within one
 * cell of the requests' windows stands for its rows, however many there are. See ADR 0011.
 */
import type { FeatureViewManifest, StoredSourceManifest } from '../../contracts/manifest.ts';
import { MICROS_PER_DAY } from '../../contracts/time.ts';
import { defaultResolution } from '../../definitions/normalization/windows.ts';
import type { FilterColumn } from '../../aggregates/row-filter.ts';
import { planSweep, type SweepFeature, type SweepInput, type SweepPlan } from '../sweep/sweep-plan.ts';

/** A state of the rows that pass one filter. */
export type TileState = 'rows' | 'created' | 'values' | 'integers' | 'floats' | 'strange' | 'min' | 'max';

export interface TileGroup {
  readonly filter: readonly FilterColumn[];
  /** What is kept of each column, beside the number of rows and their latest created time. */
  readonly columns: readonly { readonly input: SweepInput; readonly states: readonly TileState[] }[];
}

export interface TilePlan {
  /** Of the grid. */
  readonly micros: number;
  readonly hasCreated: boolean;
  readonly groups: readonly TileGroup[];
}

/** What a view's tiles hold: a matter of its version alone. Undefined for a view that no tile can help. */
export function planTiles(view: FeatureViewManifest, source: StoredSourceManifest): TilePlan | undefined {
  if (view.mode !== 'aggregate' || source.eventId !== null) return undefined;
  const micros = tileMicros(view);
  if (micros === undefined) return undefined;
  const plan = planSweep(
    { kind: 'feature', as: view.name, view, source, spineColumns: [], features: view.features },
    { asKnown: false, hasUntil: false },
  );
  const groups = plan.groups.flatMap((group): readonly TileGroup[] => {
    const features = group.windows.flatMap((window) => window.features).filter((one) => fitsTiles(one, plan));
    if (features.length === 0) return [];
    const columns = plan.inputs.flatMap((input, index) => {
      const states = new Set(features.filter((one) => one.input === index).flatMap((one) => statesOf(one, plan)));
      return states.size === 0 ? [] : [{ input, states: [...states] }];
    });
    return [{ filter: group.filter, columns }];
  });
  return groups.length === 0 ? undefined : { micros, hasCreated: source.created !== null, groups };
}

/** The coarsest grid of the view's windows: the longest window then covers some fifty to a hundred tiles. */
function tileMicros({ features }: FeatureViewManifest): number | undefined {
  const grids = features.flatMap((feature) => {
    if (feature.kind !== 'aggregate' || feature.window.kind !== 'duration') return [];
    return feature.window.resolutionMicros ?? defaultResolution(feature.window.micros) ?? [];
  });
  if (grids.length > 0) return Math.max(...grids);
  return features.some((one) => one.kind === 'aggregate' && one.window.kind === 'all') ? MICROS_PER_DAY : undefined;
}

/** Whether a feature can be answered from tiles. */
export function fitsTiles({ feature, input }: SweepFeature, { inputs }: SweepPlan): boolean {
  if (feature.window.kind === 'last') return false;
  const type = inputs[input]?.type;
  switch (feature.function) {
    case 'count':
      return true;
    case 'sum':
    case 'mean':
      return true;
    case 'min':
    case 'max':
      return type === 'int64' || type === 'float64' || type === 'timestamp';
    default:
      return false;
  }
}

function statesOf({ feature, input }: SweepFeature, { inputs }: SweepPlan): readonly TileState[] {
  const isInteger = inputs[input]?.type === 'int64';
  switch (feature.function) {
    case 'sum':
    case 'mean':
      return ['values', ...(isInteger ? (['integers'] as const) : (['floats', 'strange'] as const))];
    case 'min':
    case 'max':
      return ['values', feature.function];
    default:
      return [];
  }
}

/** The name of a state's column. Groups are told apart by their place among those of the view. */
export function tileColumn(group: number, state: TileState, column?: string): string {
  return column === undefined ? `${group}:${state}` : `${group}:${state}:${column}`;
}
