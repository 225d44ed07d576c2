/** From the names in a request to what must be read, computed and returned. */
import { AsofError } from '../contracts/errors.ts';
import type {
  DerivedFeatureManifest,
  FeatureManifest,
  Manifest,
  ViewManifest,
  ViewReference,
} from '../contracts/manifest.ts';
import type { FeaturePlan, FeatureRequest, PlannedColumn } from '../contracts/plan.ts';
import { suggestNames } from './closest-names.ts';
import { planInputs } from './resolution/inputs.ts';
import { planSpine } from './resolution/spine.ts';

/**
 * The plan of a request: features by `view:feature`, `view` (all), an alias in place of the view, or a service. Inputs
 * of derived views are pulled in. Throws `USAGE`, `UNKNOWN_NAME` with close names, and `NAME_COLLISION`.
 */
export function resolveFeatures(manifest: Manifest, request: FeatureRequest): FeaturePlan {
  const references = referencesOf(manifest, request);
  const columns = references.flatMap((reference) => columnsOf(reference, findView(manifest, reference.view)));
  requireUniqueColumns(columns);
  const { views, derived } = planInputs(manifest, references);
  return { views, derived, columns, ...planSpine(manifest, views, derived) };
}

function referencesOf(manifest: Manifest, { features, service }: FeatureRequest): readonly ViewReference[] {
  if ((features === undefined) === (service === undefined)) {
    throw new AsofError('USAGE', { problem: 'name either features or a service' });
  }
  if (features !== undefined) {
    if (features.length === 0) throw new AsofError('USAGE', { problem: 'the list of features is empty' });
    return features.map((name) => parseReference(manifest, name));
  }
  const found = manifest.services.find(({ name }) => name === service);
  if (found === undefined) {
    throw unknownName(
      'service',
      service!,
      manifest.services.map(({ name }) => name),
    );
  }
  return found.features;
}

/** Reads `view:feature` or `view`. */
function parseReference(manifest: Manifest, text: string): ViewReference {
  const [prefix = '', feature, ...rest] = text.trim().split(':');
  if (rest.length > 0) throw new AsofError('USAGE', { problem: `"${text}" is not a feature; write view:feature` });
  const alias = manifest.aliases.find(({ name }) => name === prefix);
  const view = manifest.views.find(({ name }) => name === (alias?.view ?? prefix));
  if (view === undefined) {
    throw unknownName(
      'view',
      prefix,
      [...manifest.views, ...manifest.aliases].map(({ name }) => name),
    );
  }
  if (feature !== undefined && !view.features.some(({ name }) => name === feature)) {
    const known = suggestNames(
      feature,
      view.features.map(({ name }) => name),
    );
    throw new AsofError('UNKNOWN_NAME', {
      where: 'features',
      kind: `feature of ${prefix}`,
      name: feature,
      known: known.map((name) => (name === '…' ? name : `${prefix}:${name}`)),
    });
  }
  return {
    view: view.name,
    as: prefix,
    keyColumns: alias?.keyColumns ?? {},
    features: feature === undefined ? null : [feature],
  };
}

function columnsOf(reference: ViewReference, view: ViewManifest): readonly PlannedColumn[] {
  const features: readonly (FeatureManifest | DerivedFeatureManifest)[] = view.features;
  const names = reference.features ?? features.map(({ name }) => name);
  return names.map((name) => ({
    name: `${reference.as}__${name}`,
    as: reference.as,
    feature: features.find((feature) => feature.name === name)!,
  }));
}

function requireUniqueColumns(columns: readonly PlannedColumn[]): void {
  const names = columns.map(({ name }) => name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated === undefined) return;
  const problem = `the output column ${repeated} is asked for twice; name each feature once, or read the view through an alias`;
  throw new AsofError('NAME_COLLISION', { where: 'features', problem });
}

function findView(manifest: Manifest, name: string): ViewManifest {
  return manifest.views.find((view) => view.name === name)!;
}

function unknownName(kind: string, name: string, candidates: readonly string[]): AsofError {
  return new AsofError('UNKNOWN_NAME', { where: 'features', kind, name, known: suggestNames(name, candidates) });
}
