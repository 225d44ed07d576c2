import { isAbsolute } from 'node:path';
import type { AppliedDefinitions } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { BuildTrainingDatasetInput, BuildTrainingDatasetResult } from '../contracts/runs.ts';
import type { SpineSource } from '../contracts/datasets.ts';
import type { DefinitionRuntime } from '../contracts/plan.ts';
import { fittedFeatures } from '../definitions/fitting.ts';
import type { Lake } from '../lake/lake.ts';
import { repeatRetrieval } from '../offline/dataset-rebuild.ts';
import { openDatasetRows } from '../offline/dataset-rows.ts';
import { describeColumns } from '../offline/dataset-statistics.ts';
import { planFeatures } from '../offline/fitted-plan.ts';
import type { RetrievalDependencies } from '../offline/retrieval.ts';
import type { SparkProgress } from '../offline/spark/spark-views.ts';
import { spineInputOf } from '../offline/spine-source.ts';
import {
  assemblePlannedRange,
  computePlannedUnit,
  planRetrieval,
  summarizeRetrieval,
} from '../offline/staged-retrieval.ts';
import {
  datasetDirectory,
  findDatasetPlan,
  keepDatasetPlan,
  readDatasetPlan,
  type DatasetPlan,
} from './dataset-plan.ts';
import { findRecipe, keepManifest, referenceTo } from './dataset-manifest.ts';
import type { ComputeDependencies } from './dependencies.ts';
import { withReports } from './heartbeat.ts';

export interface DatasetPlanned {
  readonly planUri: string;
  /** Units of stage one: entity groups times shards. */
  readonly units: number;
  /** Ranges of stage two. */
  readonly ranges: number;
  /** Names of the views read, for lineage. */
  readonly views: readonly string[];
}

export interface DatasetStep {
  readonly project: string;
  readonly planUri: string;
}

/** The steps of a dataset build on the compute queue. Each finds what an earlier attempt left and goes on from there. */
export interface DatasetActivities {
  /** Throws what `planFeatures` and `planRetrieval` throw. */
  planDataset(input: BuildTrainingDatasetInput & { readonly runId: string }): Promise<DatasetPlanned>;
  computeUnits(input: DatasetStep & { readonly units: readonly number[] }): Promise<void>;
  assembleRanges(input: DatasetStep & { readonly ranges: readonly number[] }): Promise<{ readonly rows: number }>;
  publishDataset(input: DatasetStep & { readonly runId: string }): Promise<BuildTrainingDatasetResult>;
}

export interface DatasetDependencies extends ComputeDependencies {
  /** Where the engine may put copies of inputs. */
  readonly workDirectory: string;
}

export function createDatasetActivities(dependencies: DatasetDependencies): DatasetActivities {
  const { catalog, definitions, lakeOf, withEngine, workDirectory, spark } = dependencies;

  const withRetrieval = <R>(lake: Lake, work: (retrieval: RetrievalDependencies) => Promise<R>): Promise<R> =>
    withReports<SparkProgress, R>((signal, onProgress) =>
      withEngine(lake, [workDirectory], (engine) =>
        work({
          engine,
          lake,
          tables: catalog.tables,
          intervals: catalog.intervals,
          workDirectory,
          signal,
          spark: spark && { ...spark, onProgress },
        }),
      ),
    );

  const openPlan = async ({ project, planUri }: DatasetStep): Promise<{ lake: Lake; plan: DatasetPlan }> => {
    const lake = await lakeOf(project);
    return { lake, plan: await readDatasetPlan(lake, planUri) };
  };

  const runtimeOf = async ({ project }: DatasetStep, plan: DatasetPlan): Promise<DefinitionRuntime> =>
    definitions.runtime(await definitions.at(project, plan.definitions));

  const planNew = async (lake: Lake, request: BuildTrainingDatasetInput, directory: string): Promise<DatasetPlan> => {
    const spine = requireAbsolutePaths(request.spine);
    const { manifest } = await definitions.current(request.project);
    const plan = await planFeatures(catalog.fits, manifest, featureRequest(request));
    const retrieval = await withRetrieval(lake, (retrievalDependencies) =>
      planRetrieval(retrievalDependencies, {
        project: request.project,
        plan,
        spine: spineInputOf(spine, manifest),
        asKnown: request.asKnown ?? false,
        shortNames: false,
        shards: request.shards,
        engine: request.engine,
        directory,
      }),
    );
    return { request, definitions: manifest.fingerprint, retrieval };
  };

  /** Whatever was ingested or applied since, the plan says what to read and how. */
  const planAgain = async (lake: Lake, request: BuildTrainingDatasetInput, directory: string): Promise<DatasetPlan> => {
    const { project, rebuild = '', shards } = request;
    const { name, build } = await findRecipe({ catalog, lake }, project, rebuild);
    const retrieval = await repeatRetrieval(lake, build.retrieval, directory, shards);
    return { ...build, request: { ...build.request, project, name: request.name }, retrieval, rebuiltFrom: name };
  };

  return {
    async planDataset({ runId, ...request }) {
      const lake = await lakeOf(request.project);
      const directory = datasetDirectory(request.name, runId);
      const earlier = await findDatasetPlan(lake, directory);
      if (earlier) return summarize(earlier);
      const plan =
        request.rebuild === undefined
          ? await planNew(lake, request, directory)
          : await planAgain(lake, request, directory);
      return summarize(await keepDatasetPlan(lake, plan));
    },

    async computeUnits({ units, ...step }) {
      const { lake, plan } = await openPlan(step);
      await withRetrieval(lake, async (retrieval) => {
        const steps = { ...retrieval, runtime: await runtimeOf(step, plan) };
        for (const unit of units) await computePlannedUnit(steps, plan.retrieval, unit);
      });
    },

    async assembleRanges({ ranges, ...step }) {
      const { lake, plan } = await openPlan(step);
      const runtime = await runtimeOf(step, plan);
      return withRetrieval(lake, async (retrieval) => {
        let rows = 0;
        for (const range of ranges) {
          rows += (await assemblePlannedRange({ ...retrieval, runtime }, plan.retrieval, range)).rows;
        }
        return { rows };
      });
    },

    async publishDataset({ runId, ...step }) {
      const { lake, plan } = await openPlan(step);
      const { request, retrieval } = plan;
      const { rows, columns, leakage, files } = await summarizeRetrieval({ lake }, retrieval);
      const statistics = await withRetrieval(lake, ({ engine, signal }) =>
        engine.session(
          async (session) => describeColumns(session, await openDatasetRows(session, lake, files), rows),
          signal,
        ),
      );
      const applied = await definitions.at(step.project, plan.definitions);
      const published = await catalog.datasets.publish({
        idempotencyKey: `dataset ${runId}`,
        manifest: {
          project: step.project,
          name: request.name,
          runId,
          definitions: plan.definitions,
          bundleHash: applied.bundleHash,
          views: usedVersions(applied, plan),
          snapshots: retrieval.snapshots,
          request: {
            features: request.features ?? null,
            service: request.service ?? null,
            asKnown: retrieval.asKnown,
            shortNames: retrieval.shortNames,
          },
          spine: retrieval.spine,
          spineSource:
            request.spine === undefined ? null : { spine: request.spine, snapshots: retrieval.spineSnapshots ?? {} },
          plan: await referenceTo(lake, step.planUri),
          seed: request.seed ?? 0,
          fits: fittedVersions(plan),
          rebuiltFrom: plan.rebuiltFrom ?? null,
          shards: retrieval.shards,
          columns,
          rows,
          leakage,
          statistics,
          files,
        },
        // the run that this version belongs to reports its own beginning and end
        lineage: [],
      });
      await keepManifest(lake, published, plan);
      await removeUnits(lake, retrieval.directory);
      return {
        name: request.name,
        version: published.version,
        rows,
        columns: columns.length,
        leakage,
        fits: retrieval.fits,
        files,
      };
    },
  };
}

/** Workers have no working directory that a caller could mean. */
function requireAbsolutePaths(spine: BuildTrainingDatasetInput['spine']): SpineSource {
  const where = 'buildTrainingDataset input, field "spine"';
  if (spine === undefined) throw new AsofError('INVALID_VALUE', { where, problem: 'must be given' });
  const path = typeof spine === 'string' ? spine : 'entities' in spine ? spine.entities : undefined;
  if (path === undefined || isAbsolute(path)) return spine;
  throw new AsofError('INVALID_VALUE', { where, problem: 'must be an absolute path on the machine of the workers' });
}

function featureRequest({ features, service }: BuildTrainingDatasetInput) {
  return { ...(features !== undefined && { features }), ...(service !== undefined && { service }) };
}

/** Fingerprints of the views, derived ones included, and of the service that was asked for. */
function usedVersions({ manifest }: AppliedDefinitions, plan: DatasetPlan): Readonly<Record<string, string>> {
  const { views, derived } = plan.retrieval.plan;
  const service = manifest.services.find(({ name }) => name === plan.request.service);
  const used = [...views.map(({ view }) => view), ...derived.map(({ view }) => view), ...(service ? [service] : [])];
  return Object.fromEntries(used.map(({ name, fingerprint }) => [name, fingerprint]));
}

/** `view:feature` to the fit of its transform. */
function fittedVersions({ retrieval }: DatasetPlan): Readonly<Record<string, number>> {
  const fitted = retrieval.plan.views.flatMap(({ view, features, fit }) => {
    const waiting = new Set(fittedFeatures(view).map(({ name }) => name));
    return fit === undefined
      ? []
      : features
          .filter(({ name }) => waiting.has(name))
          .map(({ name }) => [`${view.name}:${name}`, fit.version] as const);
  });
  return Object.fromEntries(fitted);
}

/** What only stage two reads. The parts and the spine are the dataset. */
async function removeUnits(lake: Lake, directory: string): Promise<void> {
  const paths: string[] = [];
  for await (const { path } of lake.list(`${directory}/units/`)) paths.push(path);
  await Promise.all(paths.map((path) => lake.remove(path)));
}

function summarize({ uri, plan }: { readonly uri: string; readonly plan: DatasetPlan }): DatasetPlanned {
  const { units, ranges, plan: features } = plan.retrieval;
  return { planUri: uri, units, ranges, views: [...new Set(features.views.map(({ view }) => view.name))] };
}
