/** What the freshness monitor makes of a look: since when each view is as it is, and whether the monitor itself is late. */
import type { ObservedFreshness } from '../contracts/freshness.ts';
import type { Manifest } from '../contracts/manifest.ts';
import type { Micros } from '../contracts/time.ts';
import { watchEvery } from '../definitions/freshness-targets.ts';
import type { ViewFreshness } from './freshness.ts';

/** Views without a target are left out. */
export function observeFreshness(views: readonly ViewFreshness[], now: Micros): readonly ObservedFreshness[] {
  return views.flatMap(({ view, state, to, targetMicros }) => {
    if (state === null || targetMicros === null) return [];
    // it became stale when its target had passed, however late that was noticed
    const since = state === 'stale' && to !== null ? to + BigInt(targetMicros) : now;
    return [{ view, state, since, targetMicros }];
  });
}

export interface FreshnessWatch {
  readonly everyMicros: number;
  readonly lastLook: Micros | null;
  /** Three looks were left out: the monitor, Temporal or the workers stand still. */
  readonly isLate: boolean;
}

const LOOKS_LEFT_OUT = 3n;

/** Undefined when no view has a target. */
export function describeWatch(
  manifest: Pick<Manifest, 'views'>,
  lastLook: Micros | undefined,
  now: Micros,
): FreshnessWatch | undefined {
  const everyMicros = watchEvery(manifest);
  if (everyMicros === null) return undefined;
  const isLate = lastLook === undefined || now - lastLook > LOOKS_LEFT_OUT * BigInt(everyMicros);
  return { everyMicros, lastLook: lastLook ?? null, isLate };
}
