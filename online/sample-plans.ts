/** Plans of sampled vectors: by the definitions and the fits that answered, each made once. */
import type { AppliedDefinitions, Catalog } from '../catalog/catalog.ts';
import type { ServedSample } from '../contracts/consistency.ts';
import { AsofError } from '../contracts/errors.ts';
import type { DefinitionRuntime, FeaturePlan } from '../contracts/plan.ts';
import { fillFits } from '../definitions/fitting.ts';
import { resolveFeatures } from '../definitions/resolution.ts';
import type { PlannedSample } from './recomputation.ts';

export interface PlanDependencies {
  readonly project: string;
  readonly catalog: Pick<Catalog, 'definitions' | 'fits'>;
  readonly runtimeOf: (definitions: AppliedDefinitions) => Promise<DefinitionRuntime>;
}

type Made = Omit<PlannedSample, 'sample'>;

/** Gives undefined for a sample whose definitions or fit are no longer there, or that has not the columns of its plan. */
export async function openSamplePlans({
  project,
  catalog,
  runtimeOf,
}: PlanDependencies): Promise<(sample: ServedSample) => Promise<PlannedSample | undefined>> {
  const fits = await catalog.fits.current(project);
  const definitions = remembering((version: number) => catalog.definitions.byVersion(project, version));
  const plans = new Map<string, Promise<Made | undefined>>();
  const make = async ({ definitions: version, request, fits: versions }: ServedSample): Promise<Made | undefined> => {
    const applied = await definitions(version);
    if (applied === undefined) return undefined;
    const plan = planOrNothing(() =>
      fillFits(resolveFeatures(applied.manifest, request), fits, { service: request.service, versions }),
    );
    return plan && { plan, runtime: await runtimeOf(applied) };
  };
  return async (sample) => {
    const name = JSON.stringify([sample.definitions, sample.request, sample.fits]);
    const making = plans.get(name) ?? make(sample);
    plans.set(name, making);
    const made = await making;
    return made?.plan.columns.length === sample.values.length ? { ...made, sample } : undefined;
  };
}

function remembering<V>(load: (key: number) => Promise<V>): (key: number) => Promise<V> {
  const held = new Map<number, Promise<V>>();
  return (key) => {
    const loading = held.get(key) ?? load(key);
    held.set(key, loading);
    return loading;
  };
}

function planOrNothing(make: () => FeaturePlan): FeaturePlan | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof AsofError) return undefined;
    throw error;
  }
}
