import type {
  DerivedFeatureManifest,
  ExpectationManifest,
  FeatureManifest,
  FeatureViewManifest,
  Manifest,
  StoredSourceManifest,
} from '../contracts/manifest.ts';

export interface Unavailable {
  /** Words such as `view airport_delays, feature delay_z`. */
  readonly place: string;
  readonly what: string;
}

/**
 * What the language accepts and nothing carries out yet, so that a plan refuses it rather than ignore it. Empty when
 * everything in the manifest works.
 */
export function notAvailableYet(manifest: Manifest): readonly Unavailable[] {
  const sources = manifest.sources.flatMap((source) => (source.kind === 'request' ? [] : inSource(source)));
  const views = manifest.views.flatMap((view) =>
    view.kind === 'derived' ? inFeatures(view.features, `view ${view.name}`) : inView(view),
  );
  return [...sources, ...views];
}

function inSource(source: StoredSourceManifest): readonly Unavailable[] {
  const { columns, types } = source.contract;
  const mayQuarantine = (mode: string): boolean => source.kind === 'kafka' && mode === 'quarantine';
  return list(`source ${source.name}`, {
    'a file source on S3': source.kind === 'file' && source.path.startsWith('s3://'),
    [`primaryKey of a ${source.kind} source`]: ['file', 'kafka'].includes(source.kind) && source.primaryKey.length > 0,
    'column and table expectations on a push source': source.kind === 'push' && !areOfRows(source.expectations),
    [`contract columns: '${columns}'`]: columns !== 'evolve' && columns !== 'freeze' && !mayQuarantine(columns),
    [`contract types: '${types}'`]: types !== 'freeze' && !mayQuarantine(types),
  });
}

function inView(view: FeatureViewManifest): readonly Unavailable[] {
  const place = `view ${view.name}`;
  const { expectations } = view.options;
  const own = list(place, {
    'expectations on aggregates': view.mode === 'aggregate' && expectations.length > 0,
    'column and table expectations on a view': view.mode === 'asof' && !areOfRows(expectations),
  });
  return [...own, ...inFeatures(view.features, place)];
}

function inFeatures(
  features: readonly (FeatureManifest | DerivedFeatureManifest)[],
  view: string,
): readonly Unavailable[] {
  return features.flatMap(({ name, pii }) => list(`${view}, feature ${name}`, { pii }));
}

function areOfRows(expectations: readonly ExpectationManifest[]): boolean {
  return expectations.every(({ level }) => level === 'row');
}

function list(place: string, uses: Readonly<Record<string, boolean>>): readonly Unavailable[] {
  return Object.entries(uses)
    .filter(([, used]) => used)
    .map(([what]) => ({ place, what }));
}
