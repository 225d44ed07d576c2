import type { AliasManifest, ViewManifest, ViewReference } from '../../contracts/manifest.ts';
import { suggestNames } from '../closest-names.ts';
import { isName, NAME_RULE } from '../names.ts';
import { isDefinition, type Found } from './definition-set.ts';
import { isRecord, show } from './option-reader.ts';
import type { Place } from './problems.ts';

export interface ReferenceSurroundings {
  readonly views: ReadonlyMap<string, ViewManifest>;
  readonly aliases: ReadonlyMap<string, AliasManifest>;
}

/** Undefined after a report. */
export function normalizeAlias(
  { definition }: Found<'alias'>,
  place: Place,
  views: ReadonlyMap<string, ViewManifest>,
): AliasManifest | undefined {
  const view = isDefinition(definition.view) ? views.get(definition.view.name) : undefined;
  if (view?.kind !== 'feature') {
    // a view that is wrong itself has been reported
    if (!isDefinition(definition.view)) place.report(`${show(definition.view)} is not a view`, 'write view.as(…)');
    return undefined;
  }
  const given: unknown = definition.keyColumns;
  if (!isRecord(given)) {
    place.report(`${show(given)} does not map keys`, "write view.as('name', { key: 'spine column' })");
    return undefined;
  }
  const keys = view.keys.map(({ name }) => name);
  const keyColumns = Object.entries(given).flatMap(([key, column]) => {
    if (!keys.includes(key)) {
      place
        .in(`key ${key}`)
        .report(`view ${view.name} has no such key`, `its keys: ${suggestNames(key, keys).join(', ')}`);
    } else if (column !== undefined && !isName(column)) {
      place.in(`key ${key}`).report(`${show(column)} is not a column of a spine`, NAME_RULE);
    }
    return isName(column) && column !== key ? [[key, String(column)] as const] : [];
  });
  return { name: definition.name, view: view.name, keyColumns: Object.fromEntries(keyColumns) };
}

/** The reference that a view, alias or pick stands for; undefined after a report. */
export function normalizeReference(
  given: unknown,
  { views, aliases }: ReferenceSurroundings,
  place: Place,
): ViewReference | undefined {
  if (!isDefinition(given)) {
    place.report(
      `${show(given)} is not a view`,
      'give a view, view.as(…) or view.pick(…), defined before it is used and not in a circle of imports',
    );
    return undefined;
  }
  switch (given.definition) {
    case 'selection': {
      const whole = normalizeReference(given.of, { views, aliases }, place);
      return whole && pickFeatures(whole, given.features, views, place);
    }
    case 'alias': {
      const alias = aliases.get(given.name);
      return alias && { view: alias.view, as: alias.name, keyColumns: alias.keyColumns, features: null };
    }
    case 'featureView':
    case 'derivedView':
      return views.has(given.name) ? { view: given.name, as: given.name, keyColumns: {}, features: null } : undefined;
    case 'entity':
    case 'source':
    case 'service':
      place.report(`${given.definition} ${given.name} has no features`, 'give a view, view.as(…) or view.pick(…)');
      return undefined;
  }
}

function pickFeatures(
  reference: ViewReference,
  picked: readonly unknown[],
  views: ReadonlyMap<string, ViewManifest>,
  place: Place,
): ViewReference {
  const known = views.get(reference.view)?.features.map(({ name }) => name) ?? [];
  const pick = place.in(`pick of ${reference.as}`);
  if (picked.length === 0) pick.report('it names no feature', `features: ${suggestNames('', known).join(', ')}`);
  for (const name of picked.filter((one) => !known.includes(one as string))) {
    pick.report(
      `view ${reference.view} has no feature ${show(name)}`,
      `features: ${suggestNames(String(name), known).join(', ')}`,
    );
  }
  return { ...reference, features: picked.filter((name): name is string => known.includes(name as string)) };
}
