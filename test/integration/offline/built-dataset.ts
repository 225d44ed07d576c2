/** A dataset built step by step and published, without a workflow around it. */
import type { DatasetManifest } from '../../../catalog/catalog.ts';
import type { DefinitionRuntime } from '../../../contracts/plan.ts';
import type { RetrievalDependencies } from '../../../offline/retrieval.ts';
import {
  assemblePlannedRange,
  computePlannedUnit,
  summarizeRetrieval,
  type RetrievalPlan,
} from '../../../offline/staged-retrieval.ts';
import type { OfflineFixture } from './offline-fixture.ts';

/** Every unit, then every range. */
export async function takeSteps(
  dependencies: RetrievalDependencies,
  runtime: DefinitionRuntime,
  retrieval: RetrievalPlan,
): Promise<void> {
  for (let unit = 0; unit < retrieval.units; unit++) await computePlannedUnit(dependencies, retrieval, unit);
  for (let range = 0; range < retrieval.ranges; range++) {
    await assemblePlannedRange({ ...dependencies, runtime }, retrieval, range);
  }
}

/** Version 1 of `name`, from a retrieval whose steps are taken. */
export async function publishBuilt(
  { catalog, project }: Pick<OfflineFixture, 'catalog' | 'project'>,
  dependencies: RetrievalDependencies,
  name: string,
  { retrieval, features }: { readonly retrieval: RetrievalPlan; readonly features: readonly string[] },
): Promise<DatasetManifest> {
  const { snapshots, spine, shards } = retrieval;
  return catalog.datasets.publish({
    idempotencyKey: name,
    lineage: [],
    manifest: {
      ...{ project, name, runId: '1', definitions: 'd', bundleHash: 'b', views: {}, snapshots, spine, shards },
      request: { features, service: null, asKnown: false, shortNames: false },
      ...(await summarizeRetrieval(dependencies, retrieval)),
    },
  });
}
