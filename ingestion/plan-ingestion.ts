/** Step 1: list the inputs, drop what the table holds, reserve sequences, write the plan. */
import type { TableKey, TimeRange } from '../contracts/lake.ts';
import type { FeatureViewManifest, Manifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { AsofError } from '../contracts/errors.ts';
import { withRequiredColumns } from '../quality/required-columns.ts';
import { withViewRules } from '../quality/view-rules.ts';
import { openSource } from '../sources/open-source.ts';
import { planDatabase } from './database-inputs.ts';
import type { IngestionDependencies, StepOptions } from './dependencies.ts';
import { groupInputs } from './input-groups.ts';
import { findInputWork, type InputWork } from './input-work.ts';
import { findPlan, PLAN, type IngestionPlan, type PlannedInput, type PlannedSourceView } from './ingestion-plan.ts';
import { writeStagingObject } from './staging-object.ts';
import { planTopic } from './topic-inputs.ts';

export interface PlannedIngestion {
  readonly planUri: string;
  /** `stageGroup` takes 0 to `groups - 1`. 0 when nothing is new. */
  readonly groups: number;
  readonly inputs: number;
  readonly unchangedInputs: number;
  /** Rows of the inputs, before any range is applied. */
  readonly rows: number;
}

/**
 * Decides what a run will ingest. Repeating the call with the same run gives the same plan. Throws `INPUT_NOT_FOUND`,
 * `INPUT_UNREADABLE`, `UNKNOWN_NAME` for a source that the manifest does not have, and `NOT_AVAILABLE_YET`; for a topic
 * or a database `INVALID_RANGE`, and what `planTopic` and `planDatabase` throw.
 */
export async function planIngestion(
  dependencies: IngestionDependencies,
  request: {
    readonly manifest: Manifest;
    readonly source: string;
    readonly range?: TimeRange | undefined;
    readonly runId: string;
  },
  options: StepOptions = {},
): Promise<PlannedIngestion> {
  const { manifest, runId } = request;
  const source = requireStoredSource(manifest, request.source);
  if ((source.kind === 'kafka' || source.kind === 'database') && request.range !== undefined) {
    const what = source.kind === 'kafka' ? 'topic' : 'database';
    const problem = `a ${what} is read from where the last run ended to its end; leave out from and to`;
    throw new AsofError('INVALID_RANGE', { where: `source ${source.name}`, problem });
  }
  return makePlan(
    dependencies,
    { project: manifest.project, source, views: viewsOf(manifest, source), range: request.range ?? null, runId },
    options,
  );
}

/** `planIngestion` from what a plan itself holds, so that a run can plan again. */
export async function makePlan(
  dependencies: IngestionDependencies,
  request: Pick<IngestionPlan, 'project' | 'source' | 'views' | 'range' | 'runId'>,
  options: StepOptions,
): Promise<PlannedIngestion> {
  const { catalog, lake } = dependencies;
  const earlier = await findPlan(lake, request.runId);
  if (earlier) return summarize(earlier);
  const { source } = request;
  const table = sourceTable(request.project, source.name);
  const base = await catalog.tables.head(table);
  const { inputs, ...found } = await planInputs(dependencies, request, table, options);
  const plan: IngestionPlan = {
    ...request,
    base,
    inputs,
    ...found,
    groups: groupInputs(inputs),
    rows: inputs.reduce((sum, { rows }) => sum + rows, 0),
  };
  return summarize(await writeStagingObject(lake, request.runId, PLAN, plan));
}

type PlannedInputs = Pick<IngestionPlan, 'inputs' | 'unchangedInputs' | 'lost' | 'database'>;

async function planInputs(
  dependencies: IngestionDependencies,
  { source, range, runId }: Pick<IngestionPlan, 'source' | 'range' | 'runId'>,
  table: TableKey,
  options: StepOptions,
): Promise<PlannedInputs> {
  switch (source.kind) {
    case 'kafka': {
      const { inputs, lost, unchanged } = await planTopic(dependencies, source, table);
      return { inputs, unchangedInputs: unchanged, ...(lost.length > 0 && { lost }) };
    }
    case 'database': {
      const planned = await planDatabase(dependencies, { source, table, runId }, options);
      return { ...planned, unchangedInputs: planned.inputs.length === 0 ? 1 : 0 };
    }
    default:
      return planFiles(dependencies, { source, table, range }, options);
  }
}

async function planFiles(
  { catalog, engine }: IngestionDependencies,
  { source, table, range }: Pick<IngestionPlan, 'source' | 'range'> & { readonly table: TableKey },
  { signal, progress }: StepOptions,
): Promise<PlannedInputs> {
  const opened = openSource(source);
  const listed = await opened.list(signal);
  const { work, unchanged } = findInputWork(listed, await catalog.tables.inputs(table), range);
  const inputs: PlannedInput[] = [];
  let rows = 0;
  for (const { input, ...taken } of work) {
    const count = await engine.session((session) => opened.count(session, input), signal);
    const sequenceStart = await catalog.tables.reserveSequences({ table, key: blockKey(input), count: BigInt(count) });
    inputs.push({ ...input, ...taken, rows: count, sequenceStart });
    progress?.((rows += count));
  }
  return { inputs, unchangedInputs: unchanged };
}

export function sourceTable(project: string, source: string): TableKey {
  return { project, kind: 'source', name: source, version: '' };
}

/** With the rules of its views and of its kind. Throws `UNKNOWN_NAME`. A request source is not stored. */
export function requireStoredSource(manifest: Manifest, name: string): StoredSourceManifest {
  const stored = manifest.sources.filter((source) => source.kind !== 'request');
  const source = stored.find((candidate) => candidate.name === name);
  if (!source) {
    const known = stored.map((candidate) => candidate.name);
    throw new AsofError('UNKNOWN_NAME', { where: manifest.project, kind: 'stored source', name, known });
  }
  if (source.primaryKey.length > 0 && source.kind === 'file') {
    throw new AsofError('NOT_AVAILABLE_YET', { place: `source ${name}`, what: 'primaryKey of a file source' });
  }
  return withRequiredColumns(manifest, withViewRules(manifest, source));
}

/** The views whose values come from the source's rows. */
export function viewsOf(manifest: Manifest, source: StoredSourceManifest): readonly PlannedSourceView[] {
  return manifest.views
    .filter((view): view is FeatureViewManifest => view.kind === 'feature' && view.source === source.name)
    .map(({ name, fingerprint, offline }) => ({ name, fingerprint, offline }));
}

/** One (path, checksum) owns one block. */
function blockKey({ path, checksum }: InputWork['input']): string {
  return `input ${checksum} ${path}`;
}

function summarize({ uri, content }: { readonly uri: string; readonly content: IngestionPlan }): PlannedIngestion {
  const { groups, inputs, unchangedInputs, rows } = content;
  return { planUri: uri, groups: groups.length, inputs: inputs.length, unchangedInputs, rows };
}
