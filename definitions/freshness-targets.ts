import type { Manifest } from '../contracts/manifest.ts';
import { MICROS_PER_SECOND } from '../contracts/time.ts';

const LEAST_SECONDS = 10;
const MOST_SECONDS = 300;

/**
 * How often to look at freshness: four times within the shortest target, in whole seconds from ten to five minutes. So a view that
 * went stale is noticed within a quarter of its target. Null when no online view has a target.
 */
export function watchEvery({ views }: Pick<Manifest, 'views'>): number | null {
  const targets = views.flatMap((view) =>
    view.kind === 'feature' && view.online && view.options.freshnessMicros !== null
      ? [view.options.freshnessMicros]
      : [],
  );
  if (targets.length === 0) return null;
  const seconds = Math.floor(Math.min(...targets) / 4 / MICROS_PER_SECOND);
  return Math.min(Math.max(seconds, LEAST_SECONDS), MOST_SECONDS) * MICROS_PER_SECOND;
}
