import { types } from 'node:util';
import type {
  DerivedFeatureManifest,
  DerivedInputManifest,
  DerivedViewManifest,
  SourceManifest,
} from '../../contracts/manifest.ts';
import type { DerivedViewDefinition } from '../language/definition.ts';
import { derivedViewFingerprint } from '../view-fingerprints.ts';
import { isDefinition, type Definition, type Found } from './definition-set.ts';
import { checkFeatureNames, type ViewSurroundings } from './feature-views.ts';
import { normalizeDerivedFeature } from './features.ts';
import { isRecord, OptionReader, show } from './option-reader.ts';
import type { Place } from './problems.ts';
import { normalizeReference, type ReferenceSurroundings } from './references.ts';

export type DerivedSurroundings = ReferenceSurroundings & Pick<ViewSurroundings, 'sources' | 'functionHash'>;

/** The inputs must have been normalized before; see `orderDerivedViews`. Undefined after a report. */
export function normalizeDerivedView(
  { definition }: Found<'derivedView'>,
  place: Place,
  surroundings: DerivedSurroundings,
): DerivedViewManifest | undefined {
  const options = new OptionReader(definition.options, place, ['inputs', 'features', 'compute']);
  const compute = options.get('compute');
  if (typeof compute !== 'function') {
    place.in('compute').report(`${show(compute)} is no function`, 'write compute: (inputs, { at }) => ({ … })');
    return undefined;
  }
  if (types.isAsyncFunction(compute) || types.isGeneratorFunction(compute)) {
    place.in('compute').report('it does not return its values at once', 'write a plain synchronous function');
  }
  const view: Omit<DerivedViewManifest, 'fingerprint'> = {
    kind: 'derived',
    name: definition.name,
    inputs: normalizeInputs(options, surroundings),
    features: normalizeOutputs(options),
    functionHash: surroundings.functionHash(compute as (...values: never[]) => unknown),
    ...options.metadata(),
  };
  return { ...view, fingerprint: derivedViewFingerprint(view, surroundings.sources, surroundings.views) };
}

/** Inputs before those who read them; a circle is reported and its views left out. */
export function orderDerivedViews(
  found: readonly Found<'derivedView'>[],
  placeOf: (view: Found<'derivedView'>) => Place,
): readonly Found<'derivedView'>[] {
  const ordered: Found<'derivedView'>[] = [];
  const done = new Set<DerivedViewDefinition>();
  const visit = (view: Found<'derivedView'>, trail: readonly DerivedViewDefinition[]): void => {
    if (done.has(view.definition)) return;
    const start = trail.indexOf(view.definition);
    if (start >= 0) {
      const circle = [...trail.slice(start), view.definition].map(({ name }) => name).join(' → ');
      placeOf(view).report(`it is cyclic: ${circle}`, 'let one of them read its inputs from elsewhere');
      for (const one of trail.slice(start)) done.add(one);
      return;
    }
    for (const input of derivedInputsOf(view.definition)) {
      const next = found.find(({ definition }) => definition === input);
      if (next !== undefined) visit(next, [...trail, view.definition]);
    }
    if (done.has(view.definition)) return;
    done.add(view.definition);
    ordered.push(view);
  };
  for (const view of found) visit(view, []);
  return ordered;
}

function derivedInputsOf(view: DerivedViewDefinition): readonly Definition[] {
  const options: unknown = view.options;
  const inputs = isRecord(options) && Array.isArray(options.inputs) ? (options.inputs as readonly unknown[]) : [];
  return inputs
    .filter(isDefinition)
    .map((input) => (input.definition === 'selection' ? (input.of as Definition) : input));
}

function normalizeInputs(options: OptionReader, surroundings: DerivedSurroundings): readonly DerivedInputManifest[] {
  const { place } = options;
  const given = options.list('inputs');
  if (given.length === 0) place.in('inputs').report('the view has no inputs', 'give request sources or views');
  const inputs = given.flatMap(
    (input, index) => normalizeInput(input, place.in(`inputs[${index}]`), surroundings) ?? [],
  );
  const names = inputs.map(({ name }) => name);
  for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
    place.in('inputs').report(`two inputs are named "${name}"`, "give one of them another name with view.as('…', {})");
  }
  return inputs;
}

function normalizeInput(
  given: unknown,
  place: Place,
  surroundings: DerivedSurroundings,
): DerivedInputManifest | undefined {
  if (isDefinition(given) && given.definition === 'source') {
    const source: SourceManifest | undefined = surroundings.sources.get(given.name);
    if (source?.kind === 'request') return { kind: 'request', name: given.name, source: given.name };
    place.report(`source ${given.name} holds rows, not request values`, 'give a view of it, or a requestSource');
    return undefined;
  }
  const reference = normalizeReference(given, surroundings, place);
  return reference && { kind: 'view', name: reference.as, reference };
}

function normalizeOutputs(options: OptionReader): readonly DerivedFeatureManifest[] {
  const given = options.record('features');
  if (Object.keys(given).length === 0) options.place.report('the view has no features', 'give at least one');
  checkFeatureNames(Object.keys(given), options.place);
  return Object.entries(given).flatMap(
    ([name, one]) => normalizeDerivedFeature(name, one, options.place.in(`feature ${name}`)) ?? [],
  );
}
