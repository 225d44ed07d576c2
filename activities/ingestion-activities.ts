import type { TimeRange } from '../contracts/lake.ts';
import type { IngestResult } from '../contracts/runs.ts';
import { requireInstant, type Micros } from '../contracts/time.ts';
import { auditIngestion } from '../ingestion/audit-ingestion.ts';
import type { IngestionDependencies, StepOptions } from '../ingestion/dependencies.ts';
import { readPlan } from '../ingestion/ingestion-plan.ts';
import { planIngestion } from '../ingestion/plan-ingestion.ts';
import { publishIngestion } from '../ingestion/publish-ingestion.ts';
import { stageGroup } from '../ingestion/stage-group.ts';
import { sourceDirectories } from '../sources/open-source.ts';
import { requireStoredSource } from './applied-view.ts';
import type { ComputeDependencies } from './dependencies.ts';
import { withSignal } from './heartbeat.ts';

export interface PlanIngestionInput {
  readonly project: string;
  readonly source: string;
  readonly from?: string;
  readonly to?: string;
  readonly runId: string;
}

export interface IngestionPlanned {
  readonly planUri: string;
  readonly groups: number;
  readonly rows: number;
}

export interface IngestionStep {
  readonly project: string;
  readonly planUri: string;
}

export interface StageGroupsInput extends IngestionStep {
  readonly groups: readonly number[];
}

/** The steps of `ingestion/` on the compute queue. Each finds what an earlier attempt left and goes on from there. */
export interface IngestionActivities {
  planIngestion(input: PlanIngestionInput): Promise<IngestionPlanned>;
  stageGroups(input: StageGroupsInput): Promise<{ readonly rows: number }>;
  auditIngestion(input: IngestionStep): Promise<{ readonly warnings: readonly string[] }>;
  publishIngestion(input: IngestionStep): Promise<IngestResult>;
}

/** Ends of time for a range that is open at one end: the years 1 and 10000. */
const EARLIEST: Micros = requireInstant('0001-01-01', 'range');
const LATEST: Micros = requireInstant('+010000-01-01', 'range');

export function createIngestionActivities(dependencies: ComputeDependencies): IngestionActivities {
  const { catalog, definitions, lakeOf, topics, withEngine } = dependencies;

  /** Runs a step with the source as the plan holds it, whatever is applied meanwhile. */
  const runStep = async <R>(
    { project, planUri }: IngestionStep,
    step: (dependencies: IngestionDependencies, options: StepOptions) => Promise<R>,
  ): Promise<R> => {
    const lake = await lakeOf(project);
    const { source } = await readPlan(lake, planUri);
    const directories = await sourceDirectories(source);
    return withSignal((signal) =>
      withEngine(lake, directories, (engine) => step({ catalog, lake, engine, topics }, { signal })),
    );
  };

  return {
    async planIngestion({ project, source: name, from, to, runId }) {
      const { manifest } = await definitions.current(project);
      const lake = await lakeOf(project);
      const directories = await sourceDirectories(requireStoredSource(manifest, name));
      const request = { manifest, source: name, range: rangeOf(from, to), runId };
      const { planUri, groups, rows } = await withSignal((signal) =>
        withEngine(lake, directories, (engine) =>
          planIngestion({ catalog, lake, engine, topics }, request, { signal }),
        ),
      );
      return { planUri, groups, rows };
    },

    stageGroups: (input) =>
      runStep(input, async (step, options) => {
        let rows = 0;
        for (const group of input.groups)
          rows += (await stageGroup(step, { planUri: input.planUri, group }, options)).rowsIn;
        return { rows };
      }),

    auditIngestion: (input) =>
      runStep(input, async (step, options) => {
        const { warnings } = await auditIngestion(step, { planUri: input.planUri }, options);
        return { warnings };
      }),

    publishIngestion: (input) => runStep(input, (step, options) => publishIngestion(step, input, options)),
  };
}

function rangeOf(from: string | undefined, to: string | undefined): TimeRange | undefined {
  if (from === undefined && to === undefined) return undefined;
  return {
    from: from === undefined ? EARLIEST : requireInstant(from, 'from'),
    to: to === undefined ? LATEST : requireInstant(to, 'to'),
  };
}
