/** What statistics and drift of a view need, from its name. */
import { runtimeFromBundle } from '../definitions/loading.ts';
import { planFeatures } from '../offline/fitted-plan.ts';
import type { PlannedView } from '../contracts/plan.ts';
import type { FitChoice } from '../definitions/fitting.ts';
import { requirePlannedView } from '../offline/statistics/planned-view.ts';
import type { StatisticsDependencies } from '../offline/statistics/view-statistics.ts';
import type { CommandContext } from './main.ts';
import type { OfflineStores } from './offline-stores.ts';
import { requireApplied } from './project.ts';

/** @param versions of fits, instead of the newest. Throws what `requirePlannedView` and `planFeatures` throw. */
export async function planStatistics(
  { settings, catalog, lake, engine }: OfflineStores,
  { signal }: CommandContext,
  view: string,
  versions?: FitChoice['versions'],
): Promise<{ readonly planned: PlannedView; readonly dependencies: StatisticsDependencies }> {
  const { manifest, bundleHash } = await requireApplied(catalog, settings.project);
  const plan = await planFeatures(catalog.fits, manifest, { features: [view] }, versions);
  const planned = requirePlannedView(plan, view);
  const runtime = runtimeFromBundle(await catalog.definitions.bundle(bundleHash));
  const { tables, intervals, statistics } = catalog;
  return { planned, dependencies: { tables, intervals, statistics, lake, engine, runtime, signal } };
}
