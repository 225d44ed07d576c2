/** From the names in a request to a plan that can be carried out: with the parameters of every fitted transform. */
import type { FitCatalog } from '../catalog/catalog.ts';
import type { ProjectFits } from '../contracts/fits.ts';
import type { Manifest } from '../contracts/manifest.ts';
import type { FeaturePlan, FeatureRequest } from '../contracts/plan.ts';
import { fillFits, fittedFeatures, type FitChoice } from '../definitions/fitting.ts';
import { resolveFeatures } from '../definitions/resolution.ts';

/**
 * A service is answered with the fits that it holds, other requests with the newest; `versions` (view to fit) comes before
 * both. Throws what `resolveFeatures` throws, and `NOT_FITTED`.
 */
export async function planFeatures(
  fits: FitCatalog,
  manifest: Manifest,
  request: FeatureRequest,
  versions?: FitChoice['versions'],
): Promise<FeaturePlan> {
  const plan = resolveFeatures(manifest, request);
  if (plan.views.every((view) => fittedFeatures(view).length === 0)) return plan;
  return fillFits(plan, await readFits(fits, manifest.project, versions), { service: request.service, versions });
}

async function readFits(fits: FitCatalog, project: string, versions: FitChoice['versions'] = {}): Promise<ProjectFits> {
  const { services, versions: current } = await fits.current(project);
  const older = await Promise.all(Object.keys(versions).map((view) => fits.list(project, view)));
  return { services, versions: [...current, ...older.flat()] };
}
