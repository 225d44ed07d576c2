import type {
  DerivedInputManifest,
  DerivedViewManifest,
  FeatureViewManifest,
  Manifest,
  StoredSourceManifest,
  ViewReference,
} from '../../contracts/manifest.ts';
import { viewSource } from '../view-source.ts';
import type { PlannedDerived, PlannedInput, PlannedView } from '../../contracts/plan.ts';

/** A view under one prefix with the features that somebody needs of it. */
interface Need {
  readonly reference: ViewReference;
  readonly features: Set<string>;
}

/**
 * Every view that the references need, each once under its prefix, with the union of the features needed; derived views
 * come after their inputs.
 */
export function planInputs(
  manifest: Manifest,
  references: readonly ViewReference[],
): { readonly views: readonly PlannedView[]; readonly derived: readonly PlannedDerived[] } {
  const views = new Map(manifest.views.map((view) => [view.name, view]));
  const needs = new Map<string, Need>();
  const order: DerivedViewManifest[] = [];

  const require = (reference: ViewReference): void => {
    const view = views.get(reference.view)!;
    const known = needs.get(reference.as);
    const need = known ?? { reference, features: new Set<string>() };
    needs.set(reference.as, need);
    for (const name of featuresOf(reference)) need.features.add(name);
    if (view.kind !== 'derived' || known !== undefined) return;
    for (const input of view.inputs) if (input.kind === 'view') require(input.reference);
    order.push(view);
  };
  const featuresOf = ({ view, features }: ViewReference): readonly string[] =>
    features ?? views.get(view)!.features.map(({ name }) => name);
  for (const reference of references) require(reference);

  const planned = [...needs.values()].flatMap((need) => {
    const view = views.get(need.reference.view)!;
    return view.kind === 'feature' ? [planView(view, need, manifest)] : [];
  });
  const derived = order.map((view) => ({
    kind: 'derived' as const,
    as: view.name,
    view,
    inputs: view.inputs.map((input) => planInput(input, manifest, featuresOf)),
    features: view.features.filter(({ name }) => needs.get(view.name)!.features.has(name)),
  }));
  return { views: planned, derived };
}

function planView(view: FeatureViewManifest, { reference, features }: Need, manifest: Manifest): PlannedView {
  return {
    kind: 'feature',
    as: reference.as,
    view,
    source: viewSource(view, manifest.sources.find(({ name }) => name === view.source) as StoredSourceManifest),
    ...(view.rows && { base: manifest.sources.find(({ name }) => name === view.source) as StoredSourceManifest }),
    spineColumns: view.keys.map(({ name }) => reference.keyColumns[name] ?? name),
    features: view.features.filter(({ name }) => features.has(name)),
  };
}

function planInput(
  input: DerivedInputManifest,
  manifest: Manifest,
  featuresOf: (reference: ViewReference) => readonly string[],
): PlannedInput {
  if (input.kind === 'view') {
    return { kind: 'view', name: input.name, as: input.reference.as, features: featuresOf(input.reference) };
  }
  const source = manifest.sources.find(({ name }) => name === input.source)!;
  return { kind: 'request', name: input.name, columns: source.columns.map(({ name }) => name) };
}
