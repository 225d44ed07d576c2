/** A project's newest definitions and fits, at hand; an `apply` or a fit anywhere is noticed within a second. */
import type { AppliedDefinitions, Catalog } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { DefinitionRuntime, FeaturePlan, FeatureRequest } from '../contracts/plan.ts';
import { runtimeFromBundle } from '../definitions/loading.ts';
import { fillFits } from '../definitions/fitting.ts';
import { resolveFeatures } from '../definitions/resolution.ts';

export interface CompiledDefinitions {
  readonly applied: AppliedDefinitions;
  readonly runtime: DefinitionRuntime;
  /** With the parameters of fitted transforms. Throws what `resolveFeatures` throws, and `NOT_FITTED`. */
  readonly plan: (request: FeatureRequest) => FeaturePlan;
}

export interface DefinitionSource {
  /** Throws `NOTHING_APPLIED` before the first `apply`. */
  current(): Promise<CompiledDefinitions>;
  /** The next `current` asks the catalog: for a caller that has just changed the definitions itself. */
  forget(): void;
  /** Stops listening. */
  close(): Promise<void>;
}

/** Requests differ in names far less often than in keys; the bound only guards against an endless variety. */
const MOST_PLANS = 1000;

export async function openDefinitions(
  catalog: Pick<Catalog, 'definitions' | 'fits'>,
  project: string,
): Promise<DefinitionSource> {
  let compiled: Promise<CompiledDefinitions> | undefined;
  const forget = (): void => {
    compiled = undefined;
  };
  const close = await catalog.definitions.watch((changed) => {
    if (changed === project) forget();
  });
  return {
    current() {
      if (compiled === undefined) {
        const loading = compile(catalog, project);
        compiled = loading;
        loading.catch(() => {
          if (compiled === loading) forget();
        });
      }
      return compiled;
    },
    forget,
    close,
  };
}

async function compile(
  { definitions, fits: fitted }: Pick<Catalog, 'definitions' | 'fits'>,
  project: string,
): Promise<CompiledDefinitions> {
  const applied = await definitions.current(project);
  if (applied === undefined) throw new AsofError('NOTHING_APPLIED', { project });
  const fits = await fitted.current(project);
  const runtime = runtimeFromBundle(await definitions.bundle(applied.bundleHash));
  const plans = new Map<string, FeaturePlan>();
  return {
    applied,
    runtime,
    plan({ features, service }) {
      const name = JSON.stringify([features ?? null, service ?? null]);
      let plan = plans.get(name);
      if (plan === undefined) {
        const names = { ...(features && { features }), ...(service !== undefined && { service }) };
        plan = fillFits(resolveFeatures(applied.manifest, names), fits, { service });
        if (plans.size < MOST_PLANS) plans.set(name, plan);
      }
      return plan;
    },
  };
}
