/** From a view's name to the rows that it reads. */
import { AsofError } from '../contracts/errors.ts';
import type { FeatureViewManifest, Manifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { suggestNames } from './closest-names.ts';

/** The view with its source; undefined for a derived view, which reads no rows. Throws `UNKNOWN_NAME`, from `where`. */
export function findStoredView(
  manifest: Manifest,
  name: string,
  where: string,
): { readonly view: FeatureViewManifest; readonly source: StoredSourceManifest } | undefined {
  const view = manifest.views.find((candidate) => candidate.name === name);
  if (view === undefined) {
    const known = suggestNames(
      name,
      manifest.views.map((one) => one.name),
    );
    throw new AsofError('UNKNOWN_NAME', { where, kind: 'view', name, known });
  }
  if (view.kind === 'derived') return undefined;
  const source = manifest.sources.find((one) => one.name === view.source);
  return source === undefined || source.kind === 'request' ? undefined : { view, source };
}
