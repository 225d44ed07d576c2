import { AsofError } from '../contracts/errors.ts';
import type { FeatureViewManifest, Manifest, SourceManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { whyNotStreamed } from '../definitions/streamable-view.ts';

/** The feature view of that name. Throws `UNKNOWN_NAME`, or `INVALID_VALUE` for a derived view, which stores nothing. */
export function requireFeatureView(manifest: Manifest, name: string): FeatureViewManifest {
  const where = `project ${manifest.project}`;
  const view = manifest.views.find((candidate) => candidate.name === name);
  if (!view) {
    const known = manifest.views.filter(({ kind }) => kind === 'feature').map((candidate) => candidate.name);
    throw new AsofError('UNKNOWN_NAME', { where, kind: 'view', name, known });
  }
  if (view.kind === 'derived') {
    const problem = 'is derived: it is computed when it is read, and has no table to write';
    throw new AsofError('INVALID_VALUE', { where: `view ${name}`, problem });
  }
  return view;
}

/** The feature view of that name, to which a stream can bring rows. Throws `UNKNOWN_NAME`, and `INVALID_VALUE` with what is in the way. */
export function requireStreamable(manifest: Manifest, name: string): FeatureViewManifest {
  const view = requireFeatureView(manifest, name);
  const source = manifest.sources.find((one) => one.name === view.source);
  const problem = source && whyNotStreamed(view, source);
  if (problem !== undefined) throw new AsofError('INVALID_VALUE', { where: `view ${name}`, problem });
  return view;
}

/** The source of that name, with a table of its own. Throws `UNKNOWN_NAME`. */
export function requireStoredSource(manifest: Manifest, name: string): StoredSourceManifest {
  const stored = manifest.sources.filter(isStored);
  const source = stored.find((candidate) => candidate.name === name);
  if (source) return source;
  const known = stored.map((candidate) => candidate.name);
  throw new AsofError('UNKNOWN_NAME', { where: `project ${manifest.project}`, kind: 'source', name, known });
}

function isStored(source: SourceManifest): source is StoredSourceManifest {
  return source.kind !== 'request';
}
