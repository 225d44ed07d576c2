/** Which features of a sweep cells can answer, and which need the rows of a key sorted. */
import { fitsTiles } from '../tiles/tile-plan.ts';
import type { SweepFeature, SweepPlan } from '../sweep/sweep-plan.ts';

/** Places for the rows of last-N windows, at most: more than that is cheaper sorted. */
const MOST_RECENT_PLACES = 8_000_000;

/** By how features are answered; undefined where none is. */
export interface SplitPlan {
  /** By cells from tiles, with rows where tiles are cut. */
  readonly tiles?: SweepPlan | undefined;
  /** By cells from rows. */
  readonly cells?: SweepPlan | undefined;
  /** From sorted rows. */
  readonly sorted?: SweepPlan | undefined;
}

export function splitPlan(plan: SweepPlan, requests: number, useTiles: boolean): SplitPlan {
  const wayOf = (feature: SweepFeature): keyof SplitPlan => {
    if (!takesCells(feature, requests)) return 'sorted';
    return useTiles && fitsTiles(feature, plan) ? 'tiles' : 'cells';
  };
  const part = (way: keyof SplitPlan): SweepPlan | undefined => choose(plan, (feature) => wayOf(feature) === way);
  return { tiles: part('tiles'), cells: part('cells'), sorted: part('sorted') };
}

function takesCells({ feature }: SweepFeature, requests: number): boolean {
  // its state may be too small for its rows, which the sorted sweep says
  if (feature.function === 'mostFrequent') return false;
  if (feature.window.kind === 'last') return feature.window.count * requests <= MOST_RECENT_PLACES;
  switch (feature.function) {
    case 'count':
    case 'sum':
    case 'mean':
    case 'variance':
    case 'stddev':
    case 'min':
    case 'max':
    case 'first':
    case 'last':
      return true;
    default:
      return false;
  }
}

/** The plan with those features alone. Groups and inputs that none of them has are left out. */
function choose(plan: SweepPlan, wanted: (feature: SweepFeature) => boolean): SweepPlan | undefined {
  const features = plan.features.filter(wanted);
  if (features.length === 0) return undefined;
  if (features.length === plan.features.length) return plan;
  const inputs = plan.inputs.filter((_, index) => features.some(({ input }) => input === index));
  const renumbered = new Map(
    features.map((feature, position) => [
      feature,
      { ...feature, position, input: feature.input < 0 ? -1 : inputs.indexOf(plan.inputs[feature.input]!) },
    ]),
  );
  const groups = plan.groups
    .map((group) => ({
      ...group,
      windows: group.windows
        .map((window) => ({ ...window, features: window.features.flatMap((one) => renumbered.get(one) ?? []) }))
        .filter((window) => window.features.length > 0),
    }))
    .filter((group) => group.windows.length > 0);
  return { ...plan, inputs, groups, features: [...renumbered.values()] };
}
