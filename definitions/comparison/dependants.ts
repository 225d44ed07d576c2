import type { Manifest, ViewReference } from '../../contracts/manifest.ts';

/** `source flights`, `view clock`: a definition as plans name it. */
export type DefinitionLabel = `${'entity' | 'source' | 'view' | 'alias' | 'service'} ${string}`;

/** Everything that reads the definition, directly or through others, of any of the manifests; sorted. */
export function findDependants(label: DefinitionLabel, manifests: readonly Manifest[]): readonly DefinitionLabel[] {
  const edges = manifests.flatMap(edgesOf);
  const found = new Set<DefinitionLabel>();
  const visit = (read: DefinitionLabel): void => {
    for (const [reader] of edges.filter(([, target]) => target === read)) {
      if (found.has(reader)) continue;
      found.add(reader);
      visit(reader);
    }
  };
  visit(label);
  return [...found].sort();
}

/** Pairs of a reader and what it reads. */
function edgesOf(manifest: Manifest): readonly (readonly [DefinitionLabel, DefinitionLabel])[] {
  const views = manifest.views.flatMap((view) => {
    const read: readonly DefinitionLabel[] =
      view.kind === 'feature'
        ? [`source ${view.source}`, ...view.entities.map((entity) => `entity ${entity}` as const)]
        : view.inputs.flatMap((input) =>
            input.kind === 'request' ? [`source ${input.source}` as const] : labelsOf(input.reference),
          );
    return read.map((target) => [`view ${view.name}`, target] as const);
  });
  const aliases = manifest.aliases.map(({ name, view }) => [`alias ${name}`, `view ${view}`] as const);
  const services = manifest.services.flatMap(({ name, features }) =>
    features.flatMap(labelsOf).map((target) => [`service ${name}`, target] as const),
  );
  return [...views, ...aliases, ...services];
}

function labelsOf({ view, as }: ViewReference): readonly DefinitionLabel[] {
  return as === view ? [`view ${view}`] : [`view ${view}`, `alias ${as}`];
}
