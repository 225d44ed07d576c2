/** A view of the applied definitions, with what a stream needs to make its values. */
import { AsofError } from '../contracts/errors.ts';
import type { Manifest } from '../contracts/manifest.ts';
import type { DefinitionRuntime } from '../contracts/plan.ts';
import { whyNotStreamed } from '../definitions/streamable-view.ts';
import { viewSource } from '../definitions/view-source.ts';
import { createKeyEncoder } from '../online/entity-key.ts';
import { createStateMerger } from '../online/state-merger.ts';
import { withRequiredColumns } from '../quality/required-columns.ts';
import type { StreamedView } from './event-rows.ts';
import { createDescriber, publicationsOf } from './publication.ts';

/** Throws `UNKNOWN_NAME`, and `INVALID_VALUE` for a view to which a stream can bring nothing. */
export function streamedView(manifest: Manifest, name: string, runtime: DefinitionRuntime): StreamedView {
  const view = manifest.views.find((one) => one.name === name);
  if (view === undefined) {
    const known = manifest.views.map((one) => one.name);
    throw new AsofError('UNKNOWN_NAME', { where: `project ${manifest.project}`, kind: 'view', name, known });
  }
  const refuse = (problem: string): AsofError => new AsofError('INVALID_VALUE', { where: `view ${name}`, problem });
  if (view.kind === 'derived') throw refuse('is computed at each read; stream the views that it reads');
  const source = manifest.sources.find((one) => one.name === view.source);
  const problem = source && whyNotStreamed(view, source);
  if (problem !== undefined) throw refuse(problem);
  if (source?.kind !== 'kafka') throw new TypeError(`view ${name} has no source`);
  const seen = viewSource(view, source);
  const publications = publicationsOf(manifest, name);
  return {
    view,
    source: withRequiredColumns(manifest, source),
    seen,
    merger: createStateMerger(view, seen),
    keys: createKeyEncoder(view.keys.map(({ type }) => type)),
    runtime,
    describe: publications.length === 0 ? undefined : createDescriber({ view, source }, publications, runtime),
  };
}
