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
  /** Without them. Throws what `resolveFeatures` throws. */
  readonly resolve: (request: FeatureRequest) => FeaturePlan;
  /**
   * With the parameters of fitted transforms. Throws what `resolveFeatures` throws, and `NOT_FITTED`.
   * @param name default: `requestName` of the request
   */
  readonly plan: (request: FeatureRequest, name?: string) => FeaturePlan;
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
        const loading = compileNewest(catalog, project);
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

async function compileNewest(
  catalog: Pick<Catalog, 'definitions' | 'fits'>,
  project: string,
): Promise<CompiledDefinitions> {
  const applied = await catalog.definitions.current(project);
  if (applied === undefined) throw new AsofError('NOTHING_APPLIED', { project });
  return compileDefinitions(catalog, project, applied);
}

/** With the fits of now. Throws `DEFINITIONS_UNLOADABLE`. */
export async function compileDefinitions(
  { definitions, fits: fitted }: Pick<Catalog, 'definitions' | 'fits'>,
  project: string,
  applied: AppliedDefinitions,
): Promise<CompiledDefinitions> {
  const fits = await fitted.current(project);
  const runtime = runtimeFromBundle(await definitions.bundle(applied.bundleHash));
  const plans = new Map<string, FeaturePlan>();
  return {
    applied,
    runtime,
    resolve: (request) => resolveFeatures(applied.manifest, request),
    plan(request, name = requestName(request)) {
      let plan = plans.get(name);
      if (plan === undefined) {
        plan = fillFits(resolveFeatures(applied.manifest, request), fits, { service: request.service });
        if (plans.size < MOST_PLANS) plans.set(name, plan);
      }
      return plan;
    },
  };
}

/** The same for the same request. */
export function requestName({ features, service }: FeatureRequest): string {
  return JSON.stringify([features ?? null, service ?? null]);
}
