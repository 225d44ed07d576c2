/** What a push names: a view, for whose source the rows are, or the source itself. */
import { AsofError } from '../contracts/errors.ts';
import type { FeatureViewManifest, Manifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { findStoredView } from '../definitions/stored-view.ts';

export interface PushTarget {
  /** In words, for errors: `view last_order`. */
  readonly where: string;
  /** Null when the source is named. */
  readonly view: FeatureViewManifest | null;
  readonly source: StoredSourceManifest;
}

/** Throws `UNKNOWN_NAME`, and `INVALID_VALUE` for what no rows are stored of. */
export function findPushTarget(manifest: Manifest, name: string): PushTarget {
  const source = manifest.sources.find((one) => one.name === name);
  const isView = manifest.views.some((one) => one.name === name);
  if (source !== undefined && !isView) {
    if (source.kind !== 'request') return { where: `source ${name}`, view: null, source };
    const problem = 'its columns come with each read; it has no rows';
    throw new AsofError('INVALID_VALUE', { where: `source ${name}`, problem });
  }
  const found = findStoredView(manifest, name, 'push');
  if (found !== undefined) return { where: `view ${name}`, ...found };
  throw new AsofError('INVALID_VALUE', {
    where: `view ${name}`,
    problem: 'it is computed at each read; put its inputs',
  });
}
