/** Online reads of one project by names: definitions, plan and stores behind one call. */
import type { AppliedDefinitions, Catalog } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { DefinitionRuntime, FeaturePlan, FeatureRequest } from '../contracts/plan.ts';
import type { Micros } from '../contracts/time.ts';
import { runtimeFromBundle } from '../definitions/loading.ts';
import { resolveFeatures } from '../definitions/resolution.ts';
import type { Engine } from '../engine/engine.ts';
import type { Lake } from '../lake/lake.ts';
import { readOnlineFeatures, type OnlineFeaturesResult } from '../online/feature-document.ts';
import { createLakeReader } from '../online/lake-reader.ts';
import type { RequestColumns } from '../online/read-request.ts';
import { createRecordedPositions } from '../online/recorded-positions.ts';
import type { RedisClient } from '../online/redis-client.ts';

export interface FeatureReaderDependencies {
  readonly project: string;
  readonly catalog: Catalog;
  readonly redis: RedisClient;
  readonly lake: Lake;
  readonly engine: Engine;
}

export interface NamedFeatureRequest extends FeatureRequest {
  /** Spine column to one key for each entity. */
  readonly entities: RequestColumns;
  readonly request?: RequestColumns;
  /** Default: the clock. */
  readonly at?: Micros;
}

export interface FeatureReader {
  /** Throws `NOTHING_APPLIED`, `UNKNOWN_NAME`, `INVALID_VALUE`, `KEY_TYPE_MISMATCH` or `LIMIT_EXCEEDED`. */
  read(request: NamedFeatureRequest): Promise<OnlineFeaturesResult>;
  /** Stops listening for new definitions. */
  close(): Promise<void>;
}

interface CompiledDefinitions {
  readonly applied: AppliedDefinitions;
  readonly runtime: DefinitionRuntime;
  /** Plans by the request's names: a served request is resolved once. */
  readonly plans: Map<string, FeaturePlan>;
}

/** Requests differ in names far less often than in keys; the bound only guards against an endless variety. */
const MOST_PLANS = 1000;

/** Keeps the project's newest definitions at hand; an `apply` is noticed within a second. */
export async function openFeatureReader(dependencies: FeatureReaderDependencies): Promise<FeatureReader> {
  const { project, catalog, redis } = dependencies;
  const online = {
    project,
    redis,
    positions: createRecordedPositions(catalog.intervals),
    lake: createLakeReader(dependencies),
  };
  let compiled: Promise<CompiledDefinitions> | undefined;
  const stopWatching = await catalog.definitions.watch((changed) => {
    if (changed === project) compiled = undefined;
  });

  const current = (): Promise<CompiledDefinitions> => {
    if (compiled === undefined) {
      const loading = compile(catalog, project);
      compiled = loading;
      loading.catch(() => {
        if (compiled === loading) compiled = undefined;
      });
    }
    return compiled;
  };

  return {
    async read({ features, service, ...request }) {
      const { applied, runtime, plans } = await current();
      const name = JSON.stringify([features ?? null, service ?? null]);
      let plan = plans.get(name);
      if (plan === undefined) {
        plan = resolveFeatures(applied.manifest, {
          ...(features && { features }),
          ...(service !== undefined && { service }),
        });
        if (plans.size < MOST_PLANS) plans.set(name, plan);
      }
      return readOnlineFeatures(online, { plan, runtime, ...request });
    },
    close: stopWatching,
  };
}

async function compile(catalog: Catalog, project: string): Promise<CompiledDefinitions> {
  const applied = await catalog.definitions.current(project);
  if (applied === undefined) throw new AsofError('NOTHING_APPLIED', { project });
  const runtime = runtimeFromBundle(await catalog.definitions.bundle(applied.bundleHash));
  return { applied, runtime, plans: new Map() };
}
