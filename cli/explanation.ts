/** `--explain`: what would be done, in this process, without doing it. */
import type { SpineSource } from '../contracts/datasets.ts';
import type { EngineWish } from '../contracts/engines.ts';
import type { FeatureRequest } from '../contracts/plan.ts';
import { explainRetrieval, type Explanation } from '../offline/explain.ts';
import { planFeatures } from '../offline/fitted-plan.ts';
import { openSparkSetup } from '../offline/spark/setup.ts';
import { spineInputOf } from '../offline/spine-source.ts';
import type { CommandContext } from './main.ts';
import { withOfflineStores } from './offline-stores.ts';
import { requireApplied } from './project.ts';
import { drawTable, formatCount } from './table.ts';

export interface ExplainedRequest {
  readonly source: SpineSource;
  readonly features: FeatureRequest;
  readonly asKnown: boolean;
  readonly shortNames: boolean;
  readonly engine: EngineWish | undefined;
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
      },
    );
    context.terminal.result(explanation, describeExplanation(explanation));
  });
}

function describeExplanation({ rows, views }: Explanation): readonly string[] {
  return [
    `${formatCount(rows)} rows ask.`,
    drawTable(
      ['view', 'source', 'engine', 'bytes', 'why'],
      views.map((view) => [
        view.view,
        `${view.source}@${view.snapshot}`,
        view.engine,
        formatCount(view.bytes),
        view.why,
      ]),
    ),
  ];
}
