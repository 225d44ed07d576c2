/**
 * Which definitions answer an online read. A view that an `apply` has changed is a new version with keys of its own; until Redis
 * holds it whole, the request is answered by the definitions before, and then changes over in one step, with all of its
 * views, fits and functions.
 */
import type { Catalog } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { DefinitionRuntime, FeaturePlan, FeatureRequest } from '../contracts/plan.ts';
import { readHeldVersions, type HeldVersion } from '../online/held-versions.ts';
import type { RecordedPositions } from '../online/recorded-positions.ts';
import type { RedisClient } from '../online/redis-client.ts';
import {
  compileDefinitions,
  requestName,
  type CompiledDefinitions,
  type DefinitionSource,
} from './applied-definitions.ts';

export interface ServedPlan {
  readonly plan: FeaturePlan;
  readonly runtime: DefinitionRuntime;
  /** Number of the `apply` that they come from. */
  readonly version: number;
}

export interface ServingDefinitions {
  /** Throws what `CompiledDefinitions.plan` of the newest definitions throws. */
  of(request: FeatureRequest): Promise<ServedPlan>;
}

export interface ServingDependencies {
  readonly project: string;
  readonly catalog: Catalog;
  readonly redis: RedisClient;
  readonly positions: RecordedPositions;
  readonly definitions: DefinitionSource;
}

interface Choice {
  found: ServedPlan | undefined;
  lookedAt: number;
  looking: Promise<void> | undefined;
}

/** Requests differ in names far less often than in keys; the bound only guards against an endless variety. */
const MOST_CHOICES = 1000;

/** How long it is taken as unchanged what Redis holds; the position of a version is looked up as often. */
const FRESH_MILLIS = 1000;

export function createServingDefinitions(dependencies: ServingDependencies): ServingDefinitions {
  const complete = new WeakSet<FeaturePlan>();
  const choices = new WeakMap<CompiledDefinitions, Map<string, Choice>>();
  const served = new Map<string, ServedPlan>();
  const chooseOlder = createOlderDefinitions(dependencies);

  const isComplete = async (plan: FeaturePlan): Promise<boolean> => {
    if (complete.has(plan)) return true;
    const { project, positions } = dependencies;
    const online = plan.views.filter(({ view }) => view.online);
    const found = await Promise.all(
      online.map(({ view: { name, fingerprint } }) => positions.of({ project, view: name, fingerprint })),
    );
    if (found.includes(undefined)) return false;
    // a version stays online for as long as it is the newest
    complete.add(plan);
    return true;
  };

  const olderOf = async (
    newest: CompiledDefinitions,
    request: FeatureRequest,
    name: string,
  ): Promise<ServedPlan | undefined> => {
    const held = choices.get(newest) ?? new Map<string, Choice>();
    choices.set(newest, held);
    const choice = held.get(name) ?? { found: undefined, lookedAt: -Infinity, looking: undefined };
    if (held.size < MOST_CHOICES) held.set(name, choice);
    if (performance.now() - choice.lookedAt < FRESH_MILLIS) return choice.found;
    choice.looking ??= chooseOlder(newest, request)
      .then((found) => {
        choice.found = found;
      })
      .catch((error: unknown) => {
        if (!(error instanceof AsofError && error.retryable)) throw error;
        // while catalog or Redis do not answer, what was served before stands: a read must not go ahead and then back
        const before = served.get(name);
        if (before !== undefined && answersAlike(newest.resolve(request), before.plan)) choice.found ??= before;
      })
      .finally(() => {
        choice.lookedAt = performance.now();
        choice.looking = undefined;
      });
    await choice.looking;
    return choice.found;
  };

  const choose = async (request: FeatureRequest, name: string): Promise<ServedPlan> => {
    const newest = await dependencies.definitions.current();
    const plan = planOrRefusal(newest, request, name);
    if (!(plan instanceof AsofError) && (await isComplete(plan)))
      return { plan, runtime: newest.runtime, version: newest.applied.version };
    const older = await olderOf(newest, request, name);
    if (older !== undefined) return older;
    if (plan instanceof AsofError) throw plan;
    return { plan, runtime: newest.runtime, version: newest.applied.version };
  };

  return {
    async of(request) {
      const name = requestName(request);
      const chosen = await choose(request, name);
      if (served.has(name) || served.size < MOST_CHOICES) served.set(name, chosen);
      return chosen;
    },
  };
}

/** A version whose transforms are not fitted yet is not ready, but the one before may be. */
function planOrRefusal(newest: CompiledDefinitions, request: FeatureRequest, name: string): FeaturePlan | AsofError {
  try {
    return newest.plan(request, name);
  } catch (error) {
    if (error instanceof AsofError && error.code === 'NOT_FITTED') return error;
    throw error;
  }
}

type ChooseOlder = (newest: CompiledDefinitions, request: FeatureRequest) => Promise<ServedPlan | undefined>;

/** The newest definitions before in which the request asks for the same, and Redis holds every view that was changed since. */
function createOlderDefinitions({ project, catalog, redis }: ServingDependencies): ChooseOlder {
  // a fit or an apply makes the newest definitions anew, and what was compiled beside them
  const compilations = new WeakMap<CompiledDefinitions, Map<number, Promise<CompiledDefinitions>>>();
  return async (newest, request) => {
    const compiled = compilations.get(newest) ?? new Map<number, Promise<CompiledDefinitions>>();
    compilations.set(newest, compiled);
    const wanted = newest.resolve(request);
    const held = await readHeldVersions({ intervals: catalog.intervals, redis }, project);
    const isHeld = versionsOf(held);
    const isPresent = versionsOf(wanted.views.map(({ view }) => ({ view: view.name, fingerprint: view.fingerprint })));
    const names = new Set(wanted.views.map(({ view }) => view.name));
    const before = held.filter((version) => names.has(version.view) && !isPresent(version.view, version.fingerprint));
    const found = await Promise.all(
      before.map(({ view, fingerprint }) => catalog.definitions.withView(project, view, fingerprint)),
    );
    const candidates = found.filter((applied) => applied !== undefined).sort((a, b) => b.version - a.version);
    for (const applied of candidates) {
      const loading = compiled.get(applied.version) ?? compileDefinitions(catalog, project, applied);
      compiled.set(applied.version, loading);
      loading.catch(() => compiled.delete(applied.version));
      const older = await loading;
      const plan = planOrNothing(older, request);
      if (plan === undefined || !answersAlike(wanted, plan)) continue;
      const isServed = plan.views.every(
        ({ view: { name, fingerprint, online } }) =>
          !online || isHeld(name, fingerprint) || isPresent(name, fingerprint),
      );
      if (isServed) return { plan, runtime: older.runtime, version: older.applied.version };
    }
    return undefined;
  };
}

function versionsOf(versions: readonly Pick<HeldVersion, 'view' | 'fingerprint'>[]) {
  const known = new Set(versions.map(({ view, fingerprint }) => `${view} ${fingerprint}`));
  return (view: string, fingerprint: string): boolean => known.has(`${view} ${fingerprint}`);
}

function planOrNothing(definitions: CompiledDefinitions, request: FeatureRequest): FeaturePlan | undefined {
  try {
    return definitions.plan(request);
  } catch (error) {
    if (error instanceof AsofError) return undefined;
    throw error;
  }
}

/** Whether both take the same keys and request columns, and answer with the same columns of the same types. */
function answersAlike(left: FeaturePlan, right: FeaturePlan): boolean {
  return shapeOf(left) === shapeOf(right);
}

function shapeOf({ columns, keyColumns, requestColumns }: FeaturePlan): string {
  return JSON.stringify([
    columns.map(({ name, feature }) => [name, feature.valueType]),
    keyColumns.map(({ column, type }) => [column, type]),
    requestColumns.map(({ name, type }) => [name, type]),
  ]);
}
