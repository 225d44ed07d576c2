/** `--explain`: what would be done, in this process, without doing it. */
import type { SpineSource } from '../contracts/datasets.ts';
import type { EngineWish } from '../contracts/engines.ts';
import type { FeatureRequest } from '../contracts/plan.ts';
import { memoryBytes } from '../engine/memory-size.ts';
import { explainRetrieval } from '../offline/explain.ts';
import { planFeatures } from '../offline/fitted-plan.ts';
import { openSparkSetup } from '../offline/spark/setup.ts';
import { spineInputOf } from '../offline/spine-source.ts';
import { memoryShare } from '../workers/memory-share.ts';
import { ENGINE_SLOTS } from '../workers/worker-kind.ts';
import { describeExplanation } from './explanation-text.ts';
import type { CommandContext } from './main.ts';
import { withOfflineStores } from './offline-stores.ts';
import { requireApplied } from './project.ts';

export interface ExplainedRequest {
  readonly source: SpineSource;
  readonly features: FeatureRequest;
  readonly asKnown: boolean;
  readonly shortNames: boolean;
  readonly engine: EngineWish | undefined;
  readonly shards?: number | undefined;
  /** Whether a worker would do it, with its share of the memory, and not this process. */
  readonly byWorker: boolean;
}

export function explain(context: CommandContext, asked: ExplainedRequest): Promise<void> {
  return withOfflineStores(context, async ({ settings, catalog, lake, engine, workDirectory }) => {
    const { project } = settings;
    const { tables, intervals } = catalog;
    const { manifest } = await requireApplied(catalog, project);
    const { signal } = context;
    const { asKnown, shortNames } = asked;
    const explanation = await explainRetrieval(
      { tables, intervals, lake, engine, workDirectory, signal, spark: openSparkSetup(settings) },
      {
        project,
        plan: await planFeatures(catalog.fits, manifest, asked.features),
        spine: spineInputOf(asked.source, manifest),
        asKnown,
        shortNames,
        engine: asked.engine,
        shards: asked.shards,
        memoryBytes: asked.byWorker
          ? memoryBytes(memoryShare(settings.engine.memoryLimit, ENGINE_SLOTS))
          : engine.memoryBytes,
      },
    );
    context.terminal.result(explanation, describeExplanation(explanation));
  });
}
