import type { Manifest } from '../../contracts/manifest.ts';
import type { DefinitionLabel } from '../comparison/dependants.ts';
import { isDefinition, type Definition, type DefinitionSet } from '../normalization/definition-set.ts';
import { isRecord, show } from '../normalization/option-reader.ts';
import type { Place } from '../normalization/problems.ts';

/** The names of the definitions that a call gives, without those that they read. */
export function labelsOf(given: readonly unknown[]): ReadonlySet<DefinitionLabel> {
  return new Set(given.filter(isDefinition).flatMap((one) => labelOf(one) ?? []));
}

/** Reports what is no definition, and functions that are not applied already: only a file's bundle can hold those. */
export function refuseUnregistrable(
  given: readonly unknown[],
  set: DefinitionSet,
  applied: Manifest,
  placeOf: (label: string) => Place,
): void {
  if (given.length === 0) placeOf('call').report('it names no definition', 'give entities, sources, views or services');
  for (const [index, one] of given.entries()) {
    const place = placeOf(`argument ${index + 1}`);
    if (!isDefinition(one)) place.report(`${show(one)} is not a definition`, 'give an entity, source, view or service');
    else if (one.definition === 'selection') place.report('a pick is part of a view', 'register the view itself');
  }
  for (const one of set.keys()) {
    const option = functionOption(one);
    const label = labelOf(one);
    if (option === undefined || label === undefined) continue;
    const isApplied = applied.views.some(({ name }) => label === `view ${name}`);
    if (isApplied && !given.includes(one)) continue;
    placeOf(label)
      .in(option)
      .report('a call cannot register a function', 'write the view in a definitions file, and run `asof apply`');
  }
}

function functionOption(definition: Definition): string | undefined {
  if (definition.definition === 'derivedView') return 'compute';
  const options: unknown = definition.definition === 'featureView' ? definition.options : undefined;
  return isRecord(options) && options.map !== undefined ? 'map' : undefined;
}

function labelOf(definition: Definition): DefinitionLabel | undefined {
  switch (definition.definition) {
    case 'featureView':
    case 'derivedView':
      return `view ${definition.name}`;
    case 'entity':
    case 'source':
    case 'alias':
    case 'service':
      return `${definition.definition} ${definition.name}`;
    case 'selection':
      return undefined;
  }
}
