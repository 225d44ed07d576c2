import type { ServiceManifest, ViewManifest, ViewReference } from '../contracts/manifest.ts';

/** Names of the online views that a service reads, directly or through derived views; sorted. */
export function onlineViewsOf(
  { features }: Pick<ServiceManifest, 'features'>,
  views: ReadonlyMap<string, ViewManifest>,
): readonly string[] {
  const found = new Set<string>();
  const visit = ({ view: name }: ViewReference): void => {
    const view = views.get(name);
    if (view?.kind === 'feature' && view.online) found.add(name);
    if (view?.kind !== 'derived') return;
    for (const input of view.inputs) if (input.kind === 'view') visit(input.reference);
  };
  features.forEach(visit);
  return [...found].sort();
}
