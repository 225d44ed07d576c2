/** What makes a version of a view: everything that can change a value, and nothing else. */
import type {
  DerivedViewManifest,
  FeatureManifest,
  FeatureViewManifest,
  DerivedFeatureManifest,
  SourceManifest,
  StoredSourceManifest,
  ViewManifest,
  ViewReference,
} from '../contracts/manifest.ts';
import { fingerprintOf } from './fingerprint.ts';

/**
 * Covers keys, features in their order (stored rows are laid out by it), time rules, and the meaning of the source for
 * this view: how it tells time and events, and the types of the columns in use. Where its rows come from, and which of
 * them its rules turn away, is left out.
 */
export function featureViewFingerprint(
  view: Omit<FeatureViewManifest, 'fingerprint'>,
  source: StoredSourceManifest,
): string {
  const used = new Set(usedColumns(view));
  return fingerprintOf({
    kind: view.kind,
    name: view.name,
    keys: view.keys,
    mode: view.mode,
    ttlMicros: view.ttlMicros,
    delayMicros: view.delayMicros,
    asKnown: view.asKnown,
    sql: view.sql,
    map: view.map,
    rows: view.rows,
    features: view.features.map(meaningOf),
    source: {
      name: source.name,
      timestamp: source.timestamp,
      created: source.created,
      timezone: source.timezone,
      eventId: source.eventId,
      operation: source.operation,
      columns: source.columns
        // what makes rows may read any column
        .filter(({ name }) => view.rows !== undefined || used.has(name))
        .map(({ name, type }) => [name, type])
        .sort(),
    },
  });
}

/** The source's columns that a view reads beside the times: keys, features and filters; without repeats. */
export function usedColumns(view: Pick<FeatureViewManifest, 'keys' | 'features'>): readonly string[] {
  const columns = view.features.flatMap((feature) =>
    feature.kind === 'column'
      ? [feature.column]
      : [...(feature.column === null ? [] : [feature.column]), ...feature.where.map(({ column }) => column)],
  );
  return [...new Set([...view.keys.map(({ column }) => column), ...columns])];
}

/** Covers the function with what it reaches, its inputs' fingerprints, and the outputs. */
export function derivedViewFingerprint(
  view: Omit<DerivedViewManifest, 'fingerprint'>,
  sources: ReadonlyMap<string, SourceManifest>,
  views: ReadonlyMap<string, ViewManifest>,
): string {
  return fingerprintOf({
    kind: view.kind,
    name: view.name,
    functionHash: view.functionHash,
    features: view.features.map(meaningOf),
    inputs: view.inputs.map((input) =>
      input.kind === 'request'
        ? { name: input.name, columns: sources.get(input.source)?.columns.map(({ name, type }) => [name, type]) }
        : { name: input.name, reference: referenceMeaning(input.reference, views) },
    ),
  });
}

/** Covers the versions of its views and what is read from them. */
export function serviceFingerprint(
  service: { readonly name: string; readonly features: readonly ViewReference[] },
  views: ReadonlyMap<string, ViewManifest>,
): string {
  return fingerprintOf({
    name: service.name,
    features: service.features.map((reference) => referenceMeaning(reference, views)),
  });
}

function referenceMeaning(reference: ViewReference, views: ReadonlyMap<string, ViewManifest>): unknown {
  return { ...reference, fingerprint: views.get(reference.view)?.fingerprint };
}

/** A feature without what only describes it. */
function meaningOf(feature: FeatureManifest | DerivedFeatureManifest): unknown {
  const { description: _description, owner: _owner, tags: _tags, pii: _pii, ...meaning } = feature;
  return meaning;
}
