import type { Manifest, ServiceManifest } from '../../contracts/manifest.ts';
import { normalizePublishing } from './publishing.ts';
import { planInputs } from '../resolution/inputs.ts';
import { findTypeClash } from '../resolution/spine.ts';
import { serviceFingerprint } from '../view-fingerprints.ts';
import type { Found } from './definition-set.ts';
import { OptionReader } from './option-reader.ts';
import { onlineViewsOf } from '../online-views.ts';
import type { Place } from './problems.ts';
import { normalizeReference, type ReferenceSurroundings } from './references.ts';
import { normalizeServiceSchedule } from './schedules.ts';

export function normalizeService(
  { definition }: Found<'service'>,
  place: Place,
  surroundings: ReferenceSurroundings & { readonly projectDirectory: string },
): ServiceManifest {
  const options = new OptionReader(definition.options, place, ['features', 'schedule', 'publish']);
  const given = options.list('features');
  if (given.length === 0) place.in('features').report('the service has no features', 'give a list of views');
  const features = given.flatMap(
    (item, index) => normalizeReference(item, surroundings, place.in(`features[${index}]`)) ?? [],
  );
  const service = { name: definition.name, features, ...options.metadata() };
  checkColumns(service, surroundings, place);
  const hasOnline = onlineViewsOf(service, surroundings.views).length > 0;
  const schedule = normalizeServiceSchedule(options, { hasOnline, ...surroundings });
  const publish = normalizePublishing(options);
  const fingerprint = serviceFingerprint(service, surroundings.views);
  return { ...service, fingerprint, ...(schedule !== undefined && { schedule }), ...(publish && { publish }) };
}

/** What a reader of the service must bring has one type a column, over all views that it reads. */
export function checkSpine(manifest: Manifest, { features }: Pick<ServiceManifest, 'features'>, place: Place): void {
  const { views, derived } = planInputs(manifest, features);
  const clash = findTypeClash(manifest, views, derived);
  if (clash !== undefined) {
    place.report(clash, "rename one, or read the view through view.as('…', { key: 'another column' })");
  }
}

function checkColumns(
  { features }: Pick<ServiceManifest, 'features'>,
  { views }: ReferenceSurroundings,
  place: Place,
): void {
  const columns = features.flatMap(({ view, as, features: picked }) =>
    (picked ?? views.get(view)?.features.map(({ name }) => name) ?? []).map((feature) => `${as}__${feature}`),
  );
  for (const column of new Set(columns.filter((one, index) => columns.indexOf(one) !== index))) {
    place.report(
      `the output column ${column} comes twice`,
      "list each feature once, or read the view under another name with view.as('…', { … })",
    );
  }
}
