import type {
  AliasManifest,
  FeatureViewManifest,
  Manifest,
  Origin,
  ServiceManifest,
  ViewManifest,
  ViewReference,
} from '../../contracts/manifest.ts';
import type { Place } from '../normalization/problems.ts';
import { featureViewFingerprint, serviceFingerprint, usedColumns } from '../view-fingerprints.ts';

type PlaceOf = (label: string) => Place;

export function isRegistered({ origin }: Origin): boolean {
  return origin === 'code';
}

/**
 * Holds registered definitions against what they read, and gives them the versions that follow from it. `before` is what
 * they were right with. What is missing or of another type by now is reported.
 */
export function settleReferences(manifest: Manifest, before: Manifest, placeOf: PlaceOf): Manifest {
  const settle = (view: ViewManifest): ViewManifest =>
    isRegistered(view) && view.kind === 'feature'
      ? settleView(view, manifest, before, placeOf(`view ${view.name}`))
      : view;
  const views = new Map(manifest.views.map((view) => [view.name, settle(view)]));
  for (const alias of manifest.aliases.filter(isRegistered)) checkAlias(alias, views, placeOf(`alias ${alias.name}`));
  const services = manifest.services.map((service) =>
    isRegistered(service) ? settleService(service, views, placeOf(`service ${service.name}`)) : service,
  );
  return { ...manifest, views: [...views.values()], services };
}

function settleView(
  view: FeatureViewManifest,
  { entities, sources }: Manifest,
  before: Manifest,
  place: Place,
): FeatureViewManifest {
  const keys = view.entities.flatMap((name) => entities.find((entity) => entity.name === name)?.keys ?? []);
  if (describeKeys(keys) !== describeKeys(view.keys)) {
    const now = keys.length === 0 ? 'are no longer defined' : `have the keys (${describeKeys(keys)}) now`;
    place
      .in('entities')
      .report(`${view.entities.join(', ')} ${now}`, `the view was registered with (${describeKeys(view.keys)})`);
  }
  const source = sources.find(({ name }) => name === view.source);
  if (source === undefined || source.kind === 'request') {
    place.in('source').report(`${view.source} is no longer defined`, 'keep it in the definition files');
    return view;
  }
  const earlier = before.sources.find(({ name }) => name === view.source);
  for (const name of view.rows === undefined ? usedColumns(view) : []) {
    const [was, is] = [earlier, source].map((one) => one?.columns.find((column) => column.name === name)?.type);
    if (is !== undefined && (was === undefined || was === is)) continue;
    place
      .in('source')
      .report(
        `column "${name}" of ${view.source} ${is === undefined ? 'is gone' : `is ${is} now`}`,
        'keep the columns that the registered view reads',
      );
  }
  return { ...view, fingerprint: featureViewFingerprint(view, source) };
}

function settleService(
  service: ServiceManifest,
  views: ReadonlyMap<string, ViewManifest>,
  place: Place,
): ServiceManifest {
  for (const reference of service.features) checkReference(reference, views, place);
  return { ...service, fingerprint: serviceFingerprint(service, views) };
}

function checkAlias(alias: AliasManifest, views: ReadonlyMap<string, ViewManifest>, place: Place): void {
  checkReference({ ...alias, as: alias.name, features: null }, views, place);
}

function checkReference(
  { view: name, features, keyColumns }: ViewReference,
  views: ReadonlyMap<string, ViewManifest>,
  place: Place,
): void {
  const view = views.get(name);
  if (view === undefined) {
    place.report(`view ${name} is not defined`, 'keep it in the definition files');
    return;
  }
  const known = view.features.map((feature) => feature.name);
  for (const feature of features?.filter((one) => !known.includes(one)) ?? []) {
    place.report(`view ${name} has no feature "${feature}"`, `its features: ${known.join(', ')}`);
  }
  const keys = view.kind === 'feature' ? view.keys.map((key) => key.name) : [];
  for (const key of Object.keys(keyColumns).filter((one) => !keys.includes(one))) {
    place.report(`view ${name} has no key "${key}"`, `its keys: ${keys.join(', ')}`);
  }
}

function describeKeys(keys: readonly { readonly name: string; readonly type: string }[]): string {
  return keys.map(({ name, type }) => `${name} ${type}`).join(', ');
}
