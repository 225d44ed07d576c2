/** Which engine computes which view of a retrieval, and why. Decided once, with the plan. */
import type { TableCatalog } from '../catalog/catalog.ts';
import { formatByteSize } from '../contracts/byte-size.ts';
import { AsofError } from '../contracts/errors.ts';
import type { FeaturePlan, PlannedView } from '../contracts/plan.ts';
import type { EngineChoice, EngineName, EngineWish } from '../contracts/engines.ts';
import type { EventRange } from './event-relation.ts';
import { sparkObstacle } from './spark/obstacles.ts';
import { sourceFilesInRange } from './view-reads.ts';

/** By `as` of the planned views. Plain JSON. */
export type EngineChoices = Readonly<Record<string, EngineChoice>>;

export interface ChoiceInput {
  readonly project: string;
  readonly plan: FeaturePlan;
  readonly snapshots: Readonly<Record<string, number>>;
  /** What the request asks for; `auto` leaves it to the views. */
  readonly engine: EngineWish | undefined;
  /** Event times that can matter to a view. */
  readonly rangeOf: (view: PlannedView) => EventRange;
  /** Null when no Spark is configured. */
  readonly spark: { readonly autoAboveBytes: number } | null;
}

/**
 * Estimates the bytes by the files of the source that can hold a row that matters. Throws `COMPONENT_MISSING` when Spark is
 * asked for and not configured, and `NOT_AVAILABLE_YET` when a view needs what Spark does not compute.
 */
export async function chooseEngines(tables: TableCatalog, input: ChoiceInput): Promise<EngineChoices> {
  const chosen = await Promise.all(
    input.plan.views.map(async (planned) => {
      const { source } = planned;
      const read = { project: input.project, source, snapshot: input.snapshots[source.name] ?? 0 };
      const files = await sourceFilesInRange(tables, { ...read, range: input.rangeOf(planned) });
      const bytes = files.reduce((total, file) => total + file.bytes, 0);
      return [planned.as, { ...chooseEngine(planned, bytes, input), bytes }] as const;
    }),
  );
  return Object.fromEntries(chosen);
}

function chooseEngine(
  planned: PlannedView,
  bytes: number,
  { engine, spark }: ChoiceInput,
): { readonly engine: EngineName; readonly why: string } {
  const requested = engine !== undefined && engine !== 'auto';
  const wish = requested ? engine : planned.view.options.engine;
  const who = requested ? 'the request' : 'the view';
  const obstacle = sparkObstacle(planned);
  switch (wish) {
    case 'duckdb':
      return { engine: 'duckdb', why: `${who} asks for it` };
    case 'spark':
      if (spark === null) throw notConfigured(planned, who);
      if (obstacle !== undefined) throw obstacle;
      return { engine: 'spark', why: `${who} asks for it` };
    case 'auto': {
      if (spark === null) return { engine: 'duckdb', why: 'no Spark is configured' };
      if (obstacle !== undefined) return { engine: 'duckdb', why: String(obstacle.details['what']) };
      const isAbove = bytes > spark.autoAboveBytes;
      const why = `its files hold ${formatByteSize(bytes)}, and Spark takes over above ${formatByteSize(spark.autoAboveBytes)}`;
      return { engine: isAbove ? 'spark' : 'duckdb', why };
    }
  }
}

function notConfigured({ view }: PlannedView, who: string): AsofError {
  const problem = `view ${view.name}: ${who} asks for it, and no address is known; set SPARK_URL, or spark.url in asof.config.ts, or use engine: 'duckdb'`;
  return new AsofError('COMPONENT_MISSING', { component: 'Spark', problem });
}
