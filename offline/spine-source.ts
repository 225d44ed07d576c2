/** From what a request says of its spine to what is read. */
import type { SpineSource } from '../contracts/datasets.ts';
import { AsofError } from '../contracts/errors.ts';
import type { Manifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { parseDuration, requireInstant } from '../contracts/time.ts';
import type { SpineInput } from './spine-input.ts';
import type { InstantGrid } from './spine-relation.ts';

/** `manifest` says which sources a query may read. Throws `INVALID_INSTANT`, `INVALID_RANGE` and `INVALID_VALUE`. */
export function spineInputOf(spine: SpineSource, manifest: Pick<Manifest, 'sources'>): SpineInput {
  if (typeof spine === 'string') return { kind: 'spine', path: spine };
  if ('query' in spine) return { kind: 'query', sql: spine.query, sources: storedSources(manifest) };
  const grid = instantGrid(spine);
  return spine.entities === undefined ? { kind: 'keys', ...grid } : { kind: 'entities', path: spine.entities, ...grid };
}

function storedSources({ sources }: Pick<Manifest, 'sources'>): readonly StoredSourceManifest[] {
  return sources.filter((source) => source.kind !== 'request');
}

function instantGrid(range: { readonly from: string; readonly to: string; readonly every?: string }): InstantGrid {
  const from = requireInstant(range.from, 'from');
  const to = requireInstant(range.to, 'to');
  if (from >= to) throw new AsofError('INVALID_RANGE', { where: 'spine', problem: '"from" must be before "to"' });
  const everyMicros = parseDuration(range.every ?? '1h');
  if (everyMicros === undefined) {
    const problem = `"every" takes a duration such as 1h, not "${range.every}"`;
    throw new AsofError('INVALID_VALUE', { where: 'spine', problem });
  }
  return { from, to, everyMicros };
}
