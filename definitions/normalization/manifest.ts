import type { AliasManifest, Manifest, ViewManifest } from '../../contracts/manifest.ts';
import { MANIFEST_FORMAT } from '../../contracts/manifest.ts';
import type { SelectionDefinition } from '../language/definition.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { findSimilarNames, isName, NAME_RULE } from '../names.ts';
import {
  definitionsOf,
  type Definition,
  type DefinitionKind,
  type DefinitionSet,
  type Found,
} from './definition-set.ts';
import { normalizeDerivedView, orderDerivedViews } from './derived-views.ts';
import { normalizeEntity } from './entities.ts';
import { normalizeFeatureView, type ViewSurroundings } from './feature-views.ts';
import { isRecord, show } from './option-reader.ts';
import { Place, Problems } from './problems.ts';
import { normalizeAlias } from './references.ts';
import { checkPublishing } from './publishing.ts';
import { checkSpine, normalizeService } from './services.ts';
import { normalizeSource } from './sources.ts';

type NamedKind = Exclude<DefinitionKind, 'selection'>;

const WORDS: Readonly<Record<NamedKind, string>> = {
  entity: 'entity',
  source: 'source',
  featureView: 'view',
  derivedView: 'view',
  alias: 'alias',
  service: 'service',
};

interface FoundNamed {
  readonly file: string;
  readonly definition: Exclude<Definition, SelectionDefinition>;
}

export interface Normalization {
  readonly project: string;
  /** Absolute; relative paths of sources start here. */
  readonly projectDirectory: string;
  readonly functionHash: ViewSurroundings['functionHash'];
}

/** Checks all definitions and says what they mean. Throws `DEFINITIONS_INVALID`. */
export function normalizeDefinitions(
  set: DefinitionSet,
  { project, projectDirectory, functionHash }: Normalization,
): Manifest {
  const problems = new Problems();
  const placeOf = ({ definition, file }: FoundNamed): Place =>
    new Place(problems, file, `${WORDS[definition.definition]} ${String(definition.name)}`);
  const find = <const Kind extends NamedKind>(kind: Kind): readonly Found<Kind>[] => definitionsOf(set, kind);

  const [featureViews, derivedViews] = [find('featureView'), find('derivedView')];
  const aliasesFound = uniqueAliases(find('alias'));
  for (const namespace of [
    find('entity'),
    find('source'),
    [...featureViews, ...derivedViews, ...aliasesFound],
    find('service'),
  ]) {
    checkNames(namespace, placeOf);
  }

  const entities = byName(find('entity').map((found) => normalizeEntity(found, placeOf(found))));
  const sources = byName(find('source').map((found) => normalizeSource(found, placeOf(found), projectDirectory)));
  const views = new Map<string, ViewManifest>();
  const aliases = new Map<string, AliasManifest>();
  for (const found of featureViews) {
    const view = normalizeFeatureView(found, placeOf(found), { entities, sources, functionHash });
    if (view !== undefined) views.set(view.name, view);
  }
  for (const found of aliasesFound) {
    const alias = normalizeAlias(found, placeOf(found), views);
    if (alias !== undefined) aliases.set(alias.name, alias);
  }
  for (const found of orderDerivedViews(derivedViews, placeOf)) {
    const view = normalizeDerivedView(found, placeOf(found), { views, aliases, sources, functionHash });
    if (view !== undefined) views.set(view.name, view);
  }
  const services = find('service').map((found) =>
    normalizeService(found, placeOf(found), { views, aliases, projectDirectory }),
  );
  problems.throwIfAny();

  const manifest = sealManifest({
    format: MANIFEST_FORMAT,
    project,
    entities: [...entities.values()],
    sources: [...sources.values()],
    views: [...views.values()],
    aliases: [...aliases.values()],
    services,
  });
  for (const found of find('service')) {
    const service = manifest.services.find(({ name }) => name === found.definition.name)!;
    checkSpine(manifest, service, placeOf(found));
    checkPublishing(manifest, service, placeOf(found));
  }
  problems.throwIfAny();
  return manifest;
}

/** Sorts every list by name and adds the fingerprint. One that is there already does not count. */
export function sealManifest(manifest: Omit<Manifest, 'fingerprint'>): Manifest {
  const content: Omit<Manifest, 'fingerprint'> = {
    format: manifest.format,
    project: manifest.project,
    entities: sorted(manifest.entities),
    sources: sorted(manifest.sources),
    views: sorted(manifest.views),
    aliases: sorted(manifest.aliases),
    services: sorted(manifest.services),
  };
  return { ...content, fingerprint: fingerprintOf(content) };
}

/** Names are valid and, within what shares a namespace, unique even without regard to case. */
function checkNames(found: readonly FoundNamed[], placeOf: (found: FoundNamed) => Place): void {
  const earlier = new Map<string, FoundNamed>();
  for (const one of found) {
    const name: unknown = one.definition.name;
    if (typeof name !== 'string' || !isName(name)) {
      placeOf(one).report(`${show(name)} is not a valid name`, NAME_RULE);
      continue;
    }
    const other = earlier.get(name);
    if (other === undefined) {
      earlier.set(name, one);
    } else {
      const word = WORDS[other.definition.definition];
      placeOf(one).report(`${other.file} has another ${word} of this name`, 'rename one of them');
    }
  }
  for (const { name, earlier: similar } of findSimilarNames([...earlier.keys()])) {
    placeOf(earlier.get(name)!).report(`the name differs from "${similar}" in case only`, 'rename one of them');
  }
}

/** The same alias may be written in several places; it is one as long as it means the same. */
function uniqueAliases(found: readonly Found<'alias'>[]): readonly Found<'alias'>[] {
  const isSame = (a: Found<'alias'>['definition'], b: Found<'alias'>['definition']): boolean =>
    a.name === b.name &&
    a.view === b.view &&
    fingerprintOf(textsOf(a.keyColumns)) === fingerprintOf(textsOf(b.keyColumns));
  return found.filter(
    ({ definition }, index) => found.findIndex((other) => isSame(other.definition, definition)) === index,
  );
}

function textsOf(value: unknown): unknown {
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)])) : null;
}

function byName<Item extends { readonly name: string }>(items: readonly Item[]): ReadonlyMap<string, Item> {
  return new Map(items.map((item) => [item.name, item]));
}

function sorted<Item extends { readonly name: string }>(items: readonly Item[]): readonly Item[] {
  return [...items].sort((a, b) => (a.name < b.name ? -1 : 1));
}
