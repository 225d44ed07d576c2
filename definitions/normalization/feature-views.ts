import { ENGINE_WISHES } from '../../contracts/engines.ts';
import type {
  EntityManifest,
  FeatureManifest,
  FeatureViewManifest,
  SourceManifest,
  StoredSourceManifest,
  ViewKeyManifest,
  ViewOptionsManifest,
} from '../../contracts/manifest.ts';
import { storedType } from '../../contracts/values.ts';
import { findSimilarNames, isName, NAME_RULE } from '../names.ts';
import { featureViewFingerprint, usedColumns } from '../view-fingerprints.ts';
import type { Columns } from './columns.ts';
import { isDefinition, type Found } from './definition-set.ts';
import { normalizeExpectations } from './expectations.ts';
import { normalizeFeatureRules } from './feature-rules.ts';
import { normalizeFeature } from './features.ts';
import { madeRows, normalizeMadeRows } from './made-rows.ts';
import { OptionReader, show } from './option-reader.ts';
import type { Place } from './problems.ts';
import { normalizeViewSchedule } from './schedules.ts';

const OPTIONS = [
  'entities',
  'source',
  'features',
  'ttl',
  'delay',
  'asKnown',
  'online',
  'offline',
  'map',
  'sql',
  'schema',
  'freshness',
  'schedule',
  'cache',
  'expectations',
  'engine',
];

export interface ViewSurroundings {
  readonly entities: ReadonlyMap<string, EntityManifest>;
  readonly sources: ReadonlyMap<string, SourceManifest>;
  /** Hash of a function with everything it reaches. */
  readonly functionHash: (code: (...values: never[]) => unknown) => string;
}

/** Undefined after a report that leaves nothing to go on with. */
export function normalizeFeatureView(
  { definition }: Found<'featureView'>,
  place: Place,
  { entities, sources, functionHash }: ViewSurroundings,
): FeatureViewManifest | undefined {
  const options = new OptionReader(definition.options, place, OPTIONS);
  const source = resolveSource(options, sources);
  const viewEntities = resolveEntities(options, entities);
  if (source === undefined) return undefined;
  const made = normalizeMadeRows(options, source);
  const { columns } = made;
  const features = normalizeFeatures(options, columns, source.name);
  const mode = modeOf(features, place);
  const ttlMicros = options.duration('ttl');
  const sql = options.text('sql');
  const map = options.get('map');
  const stores = { online: options.flag('online', false), offline: options.flag('offline', true) };
  const keys = viewEntities.flatMap((entity) => normalizeKeys(entity, columns, source, place));
  const rows = madeRows(made, source, usedColumns({ keys, features }));
  const view: Omit<FeatureViewManifest, 'fingerprint'> = {
    kind: 'feature',
    name: definition.name,
    entities: viewEntities.map(({ name }) => name),
    keys,
    source: source.name,
    mode,
    // events in a window have no age limit of their own
    ttlMicros: mode === 'asof' ? ttlMicros : null,
    delayMicros: options.duration('delay') ?? 0,
    asKnown: options.flag('asKnown', false),
    ...stores,
    features,
    options: normalizeViewOptions(options, features, columns, stores),
    ...(sql !== null && { sql }),
    ...(typeof map === 'function' && { map: functionHash(map as (...values: never[]) => unknown) }),
    ...(rows !== undefined && { rows }),
    ...options.metadata(),
  };
  checkKeys(view.keys, place);
  return { ...view, fingerprint: featureViewFingerprint(view, source) };
}

function resolveSource(
  options: OptionReader,
  sources: ReadonlyMap<string, SourceManifest>,
): StoredSourceManifest | undefined {
  const given = options.get('source');
  const place = options.place.in('source');
  if (!isDefinition(given) || given.definition !== 'source') {
    place.report(`unknown source ${show(given)}`, 'give the result of fileSource(…) or another source');
    return undefined;
  }
  const source = sources.get(given.name);
  if (source?.kind === 'request') {
    place.report(`"${given.name}" is a request source, which has no history`, 'read it from a derived view');
    return undefined;
  }
  return source;
}

function resolveEntities(
  options: OptionReader,
  entities: ReadonlyMap<string, EntityManifest>,
): readonly EntityManifest[] {
  const given = options.list('entities');
  if (given.length === 0) options.place.in('entities').report('the view has no entity', 'give a list of entities');
  return given.flatMap((one) => {
    const entity = isDefinition(one) && one.definition === 'entity' ? entities.get(one.name) : undefined;
    if (entity !== undefined) return [entity];
    options.place.in('entities').report(`unknown entity ${show(one)}`, 'give the result of entity(…)');
    return [];
  });
}

function normalizeFeatures(options: OptionReader, columns: Columns, source: string): readonly FeatureManifest[] {
  const { place } = options;
  const given = options.record('features');
  if (Object.keys(given).length === 0) place.report('the view has no features', 'give at least one');
  checkFeatureNames(Object.keys(given), place);
  return Object.entries(given).flatMap(
    ([name, one]) => normalizeFeature(name, one, columns, `source ${source}`, place.in(`feature ${name}`)) ?? [],
  );
}

/** Names of features, declared once each by the language, must also differ for engines that ignore case. */
export function checkFeatureNames(names: readonly string[], view: Place): void {
  for (const name of names) {
    if (!isName(name)) view.in(`feature ${name}`).report(`${show(name)} is not a valid name`, NAME_RULE);
  }
  for (const { name, earlier } of findSimilarNames(names)) {
    view.in(`feature ${name}`).report(`the name differs from "${earlier}" in case only`, 'rename one of them');
  }
}

function modeOf(features: readonly FeatureManifest[], place: Place): FeatureViewManifest['mode'] {
  const aggregates = features.filter(({ kind }) => kind === 'aggregate');
  if (aggregates.length > 0 && aggregates.length < features.length) {
    const column = features.find(({ kind }) => kind === 'column');
    place.report(
      `it mixes columns (${column?.name}) and aggregates (${aggregates[0]?.name})`,
      'put the columns and the aggregates into two views',
    );
  }
  return aggregates.length > 0 ? 'aggregate' : 'asof';
}

function normalizeKeys(
  entity: EntityManifest,
  columns: Columns,
  source: StoredSourceManifest,
  view: Place,
): readonly ViewKeyManifest[] {
  return entity.keys.map(({ name, type }) => {
    const place = view.in(`key ${name}`);
    const column = columns.get(name);
    if (column === undefined) {
      place.report(
        `source ${source.name} has no column for the key of entity ${entity.name}`,
        `declare "${name}" in its schema; if the input calls it differently, add rename: { ${name}: '…' }`,
      );
    } else if (storedType(column.type) !== type) {
      place.report(
        `column "${name}" of source ${source.name} is ${column.type}, but entity ${entity.name} declares ${type}`,
        'declare the same type in both',
      );
    }
    return { name, type, column: name };
  });
}

function checkKeys(keys: readonly ViewKeyManifest[], place: Place): void {
  const names = keys.map(({ name }) => name);
  for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
    place.in(`key ${name}`).report('two of its entities have this key', 'let each entity have keys of its own');
  }
}

function normalizeFreshness(options: OptionReader, { online }: { readonly online: boolean }): number | null {
  const micros = options.duration('freshness');
  if (micros !== null && !online) {
    options.place
      .in('freshness')
      .report('the view is not online, so there is nothing to keep fresh', 'declare online: true');
  }
  return micros;
}

function normalizeViewOptions(
  options: OptionReader,
  features: readonly FeatureManifest[],
  columns: Columns,
  stores: Pick<FeatureViewManifest, 'online' | 'offline'>,
): ViewOptionsManifest {
  const { place } = options;
  // expectations look at what is stored, under the names of the features
  const values: Columns = new Map(
    features.map(({ name, valueType, ...feature }) => {
      const stored = feature.kind === 'column' ? columns.get(feature.column)?.type : undefined;
      return [name, { name, type: stored ?? valueType, from: name }];
    }),
  );
  const rules = Object.entries(options.record('features')).flatMap(([name, feature]) =>
    values.has(name) ? normalizeFeatureRules(name, feature, values, place.in(`feature ${name}`)) : [],
  );
  return {
    freshnessMicros: normalizeFreshness(options, stores),
    schedule: normalizeViewSchedule(options, stores),
    engine: options.choice('engine', ENGINE_WISHES, 'auto'),
    cacheMicros: options.duration('cache'),
    expectations: [...rules, ...normalizeExpectations(options.list('expectations'), values, place)],
  };
}
