import type { FileSourceManifest } from '../../../contracts/manifest.ts';
import type { PlannedView } from '../../../contracts/plan.ts';
import { columnFeature, planView, type ViewOptions } from '../../world/world.ts';

/** A view with a source of its own, so that tests do not see each other's rows. */
export function viewNamed(
  name: string,
  options: Partial<ViewOptions> = {},
  source: Partial<Pick<FileSourceManifest, 'eventId' | 'operation'>> = {},
): PlannedView {
  const planned = planView({
    mode: 'asof',
    ttlMicros: null,
    delayMicros: 0,
    hasCreated: false,
    features: [columnFeature('amount', null), columnFeature('label', 'none')],
    ...options,
  });
  return {
    ...planned,
    as: name,
    source: { ...planned.source, ...source, name },
    view: { ...planned.view, name, source: name, fingerprint: `print-${name}` },
  };
}
