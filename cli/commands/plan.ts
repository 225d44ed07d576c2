import { AsofError } from '../../contracts/errors.ts';
import type { AppliedDefinitions, Catalog } from '../../catalog/catalog.ts';
import type { Manifest } from '../../contracts/manifest.ts';
import type { Settings } from '../../contracts/config.ts';
import { diffManifests, explainPlan, type DefinitionPlan } from '../../definitions/diff.ts';
import { loadDefinitions } from '../../definitions/loading.ts';
import { keepRegistered } from '../../definitions/registration.ts';
import { notAvailableYet } from '../../definitions/availability.ts';
import { checkQueries } from '../../offline/made-rows/check-queries.ts';
import type { Register } from '../main.ts';
import { withCatalog } from '../project.ts';

export interface PlannedApply {
  readonly base: number;
  readonly current: AppliedDefinitions | undefined;
  readonly manifest: Manifest;
  readonly bundle: { readonly hash: string; readonly code: string };
  readonly plan: DefinitionPlan;
}

/** Loads the definitions and compares them with the catalog; refuses what is not available yet. */
export async function planApply(settings: Settings, catalog: Catalog): Promise<PlannedApply> {
  const { manifest: files, bundle } = await loadDefinitions(settings);
  const [unavailable] = notAvailableYet(files);
  if (unavailable) throw new AsofError('NOT_AVAILABLE_YET', { place: unavailable.place, what: unavailable.what });
  const current = await catalog.definitions.current(settings.project);
  const manifest = keepRegistered(files, current?.manifest);
  await checkQueries(manifest);
  const plan = diffManifests(current?.manifest, manifest);
  return { base: current?.version ?? 0, current, manifest, bundle, plan };
}

export const registerPlan: Register = (program, run) => {
  program
    .command('plan')
    .description('show what `apply` would change, recompute and affect')
    .action(() =>
      run((context) =>
        withCatalog(context, async ({ settings, catalog }) => {
          const { base, manifest, plan } = await planApply(settings, catalog);
          context.terminal.result(
            { project: settings.project, base, fingerprint: manifest.fingerprint, ...plan },
            explainPlan(plan),
          );
        }),
      ),
    );
};
