import type { Catalog } from '../catalog/catalog.ts';
import type { MonitorFreshnessInput, MonitorFreshnessResult } from '../contracts/runs.ts';
import { clockNow, formatDuration, formatInstant } from '../contracts/time.ts';
import { observeFreshness } from '../online/freshness-watch.ts';
import { describeFreshness, readFreshness } from '../online/freshness.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** Short: on the serving queue. */
export interface FreshnessActivities {
  /** Looks at every view with a target, and keeps what changed. May be repeated. Throws `NOTHING_APPLIED`. */
  lookAtFreshness(input: MonitorFreshnessInput): Promise<MonitorFreshnessResult>;
}

export function createFreshnessActivities({
  catalog,
  definitions,
}: Pick<ActivityDependencies, 'definitions'> & {
  readonly catalog: Pick<Catalog, 'intervals' | 'freshness'>;
}): FreshnessActivities {
  return {
    async lookAtFreshness({ project }) {
      const { manifest } = await definitions.current(project);
      const now = clockNow();
      const read = await readFreshness(catalog.intervals, manifest, now);
      const changes = await catalog.freshness.record(project, now, observeFreshness(read, now));
      return {
        lookedAt: formatInstant(now),
        views: read.flatMap((view) => {
          const { state, target, ageSeconds } = describeFreshness(view);
          return state === null || target === null ? [] : [{ view: view.view, state, target, ageSeconds }];
        }),
        changes: changes.map(({ view, before, state, since, targetMicros }) => ({
          ...{ view, before, state, since: formatInstant(since), target: formatDuration(targetMicros) },
        })),
      };
    },
  };
}
