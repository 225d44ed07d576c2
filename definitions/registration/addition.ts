import { AsofError } from '../../contracts/errors.ts';
import type { Manifest, Metadata, Origin } from '../../contracts/manifest.ts';
import type { DefinitionLabel } from '../comparison/dependants.ts';
import { canonicalJson } from '../fingerprint.ts';
import { findSimilarNames } from '../names.ts';
import type { Place } from '../normalization/problems.ts';

interface Named extends Origin {
  readonly name: string;
  readonly fingerprint?: string;
}

type Kind = 'entity' | 'source' | 'view' | 'alias' | 'service';

/**
 * Adds what is found to the applied definitions, marked as registered. A given definition must have a new name; one that
 * is only read may be applied already if it means the same. Throws `CONFLICT`; names that differ in case only are reported.
 */
export function addDefinitions(
  applied: Manifest,
  found: Manifest,
  given: ReadonlySet<DefinitionLabel>,
  placeOf: (label: string) => Place,
): Manifest {
  const add = <Item extends Named>(
    kind: Kind,
    before: readonly Item[],
    items: readonly Item[],
    taken: readonly Named[] = before,
  ): readonly Item[] => {
    const added = items.filter((item) => isNew(kind, item, before, given));
    refuseTaken(added, taken);
    for (const { name, earlier } of findSimilarNames([...taken, ...added].map((one) => one.name))) {
      placeOf(`${kind} ${name}`).report(`the name differs from "${earlier}" in case only`, 'rename one of them');
    }
    return [...before, ...added.map((item) => ({ ...item, origin: 'code' as const }))];
  };
  const prefixes = [...applied.views, ...applied.aliases];
  return {
    ...applied,
    entities: add('entity', applied.entities, found.entities),
    sources: add('source', applied.sources, found.sources),
    views: add('view', applied.views, found.views, prefixes),
    aliases: add('alias', applied.aliases, found.aliases, prefixes),
    services: add('service', applied.services, found.services),
  };
}

function isNew(kind: Kind, item: Named, before: readonly Named[], given: ReadonlySet<DefinitionLabel>): boolean {
  const label: DefinitionLabel = `${kind} ${item.name}`;
  const same = before.find(({ name }) => name === item.name);
  if (same === undefined) return true;
  if (given.has(label)) throw conflict(label, 'is registered already');
  if (meaningOf(item) !== meaningOf(same))
    throw conflict(label, 'differs from the one that is applied under this name');
  return false;
}

/** Views and aliases share their names. */
function refuseTaken(added: readonly Named[], taken: readonly Named[]): void {
  const clash = added.find(({ name }) => taken.some((other) => other.name === name));
  if (clash !== undefined) throw conflict(clash.name, 'is registered already');
}

/** Derived views that are read come from files: their functions have no hash here, and the name says it all. */
function meaningOf(item: Named & { readonly kind?: string }): string {
  if (item.kind === 'derived') return item.name;
  if (item.fingerprint !== undefined) return item.fingerprint;
  const { description: _d, owner: _o, tags: _t, origin: _g, ...meaning }: Named & Metadata = item;
  return canonicalJson(meaning);
}

function conflict(label: string, problem: string): AsofError {
  return new AsofError('CONFLICT', { where: label, problem });
}
