/** Where the features of a plan stand between the stages. Names are positions, since names in SQL have no case. */
import type { FeaturePlan, PlannedColumn, PlannedDerived, PlannedView } from '../contracts/plan.ts';
import type { FeatureManifest, DerivedFeatureManifest } from '../contracts/manifest.ts';
import type { StoredType } from '../contracts/values.ts';

export interface FeatureColumn {
  /** The column's name in its relation. */
  readonly value: string;
  /** The column that derived views read: without the default, which stands in for a value in answers only. */
  readonly input: string;
  readonly type: StoredType;
  /** Columns whose truth says that the value leaks. */
  readonly leaks: readonly string[];
  /** Whether the sources say when their rows were created. */
  readonly leakKnown: boolean;
  readonly feature: FeatureManifest | DerivedFeatureManifest;
}

/** The columns that a view's features get in the relation of their group. */
export function viewFeatureColumns(plan: FeaturePlan, planned: PlannedView): readonly FeatureColumn[] {
  const view = plan.views.indexOf(planned);
  const leakKnown = planned.source.created !== null;
  return planned.features.map((feature, index) => ({
    value: `__v${view}_${index}`,
    input: feature.default !== null && isInput(plan, planned, feature) ? `__i${view}_${index}` : `__v${view}_${index}`,
    type: feature.valueType,
    leaks: leakKnown ? [planned.view.mode === 'asof' ? `__leak${view}` : `__leak${view}_${index}`] : [],
    leakKnown,
    feature,
  }));
}

/** Whether a derived view of the plan reads the feature. */
function isInput({ derived }: FeaturePlan, { as }: PlannedView, { name }: FeatureManifest): boolean {
  const inputs = derived.flatMap((view) => view.inputs);
  return inputs.some((input) => input.kind === 'view' && input.as === as && input.features.includes(name));
}

/** The columns of a derived view's features. They leak when a feature that they are made from leaks. */
export function derivedFeatureColumns(plan: FeaturePlan, derived: PlannedDerived): readonly FeatureColumn[] {
  const inputs = derived.inputs.flatMap((input) =>
    input.kind === 'view' ? input.features.map((name) => findFeatureColumn(plan, input.as, name)) : [],
  );
  const position = plan.derived.indexOf(derived);
  return derived.features.map((feature, index) => ({
    value: `__d${position}_${index}`,
    input: `__d${position}_${index}`,
    type: feature.valueType,
    leaks: [...new Set(inputs.flatMap((input) => input.leaks))],
    leakKnown: inputs.every((input) => input.leakKnown),
    feature,
  }));
}

/** By plan, so that a plan of ten thousand features is not searched for each of them. */
const COLUMNS = new WeakMap<FeaturePlan, Map<string, ReadonlyMap<string, FeatureColumn>>>();

/** The column of a feature by the prefix and name that a plan uses for it. */
export function findFeatureColumn(plan: FeaturePlan, as: string, feature: string): FeatureColumn {
  const known = COLUMNS.get(plan) ?? new Map<string, ReadonlyMap<string, FeatureColumn>>();
  COLUMNS.set(plan, known);
  const columns = known.get(as) ?? columnsByFeature(plan, as);
  known.set(as, columns);
  const found = columns.get(feature);
  if (!found) throw new TypeError(`the plan has no feature ${as}__${feature}`);
  return found;
}

function columnsByFeature(plan: FeaturePlan, as: string): ReadonlyMap<string, FeatureColumn> {
  const view = plan.views.find((candidate) => candidate.as === as);
  const derived = plan.derived.find((candidate) => candidate.as === as);
  const columns = view ? viewFeatureColumns(plan, view) : derived ? derivedFeatureColumns(plan, derived) : [];
  return new Map(columns.map((column) => [column.feature.name, column]));
}

export function outputColumn(plan: FeaturePlan, { as, feature }: PlannedColumn): FeatureColumn {
  return findFeatureColumn(plan, as, feature.name);
}
