/** How old the online state of each view is, against the target that its definition states. */
import type { IntervalLedger } from '../catalog/catalog.ts';
import type { Manifest } from '../contracts/manifest.ts';
import {
  clockNow,
  formatDuration,
  formatInstant,
  laterInstant,
  MICROS_PER_SECOND,
  type Micros,
} from '../contracts/time.ts';

export interface ViewFreshness {
  readonly view: string;
  /** Null for a view that states none. */
  readonly targetMicros: number | null;
  /**
   * Rows due at this instant are online; null before the first materialization of this version. Of a view that is streamed: what its
   * topic had at this instant, which moves on without new messages, and stands still when the stream does.
   */
  readonly to: Micros | null;
  /** What brought it there; null before anything did. */
  readonly by: 'materialization' | 'stream' | null;
  /** What has passed since; null before the first materialization. */
  readonly ageMicros: number | null;
  /** `never` is later than any target; null without one. */
  readonly state: 'fresh' | 'stale' | 'never' | null;
}

/**
 * Of every online view, by name. The age is that of the state, not of the data: a materialization that found nothing new makes it
 * young again. A Redis that lost its content is for reads to tell, which answer `UNAVAILABLE`.
 */
export async function readFreshness(
  intervals: Pick<IntervalLedger, 'onlinePosition' | 'streamedTo'>,
  { project, views }: Pick<Manifest, 'project' | 'views'>,
  now: Micros = clockNow(),
): Promise<readonly ViewFreshness[]> {
  const online = views.filter((view) => view.kind === 'feature').filter((view) => view.online);
  return Promise.all(
    online.map(async ({ name, fingerprint, options: { freshnessMicros: targetMicros } }) => {
      const key = { project, view: name, fingerprint, store: 'online' } as const;
      const [position, streamed] = await Promise.all([intervals.onlinePosition(key), intervals.streamedTo(key)]);
      const materialized = position?.to ?? null;
      const to = laterInstant(materialized, streamed ?? null);
      const by = to === null ? null : to === materialized ? 'materialization' : 'stream';
      const age = to === null ? null : now - to;
      // the clocks of two machines may differ by more than has passed
      const ageMicros = age === null ? null : Number(age > 0n ? age : 0n);
      return { view: name, targetMicros, to, by, ageMicros, state: stateOf(targetMicros, ageMicros) };
    }),
  );
}

function stateOf(target: number | null, age: number | null): ViewFreshness['state'] {
  if (target === null) return null;
  if (age === null) return 'never';
  return age <= target ? 'fresh' : 'stale';
}

/** For people and JSON: instants and durations as text. */
export function describeFreshness({ targetMicros, to, ageMicros, ...rest }: ViewFreshness) {
  return {
    ...rest,
    target: targetMicros === null ? null : formatDuration(targetMicros),
    to: to === null ? null : formatInstant(to),
    ageSeconds: ageMicros === null ? null : Math.round(ageMicros / MICROS_PER_SECOND),
  };
}
