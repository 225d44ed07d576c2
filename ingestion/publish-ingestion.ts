/** Step 4: one catalog transaction makes everything staged real. */
import { isDeepStrictEqual } from 'node:util';
import { AsofError } from '../contracts/errors.ts';
import type { IngestedInput, SequenceRange, TimeRange } from '../contracts/lake.ts';
import type { IngestResult } from '../contracts/runs.ts';
import type { Lake } from '../lake/lake.ts';
import { auditIngestion, type IngestionAudit } from './audit-ingestion.ts';
import { databasePath } from '../sources/databases/open.ts';
import { isDatabaseOvertaken } from './database-inputs.ts';
import { conserve, type DayCount } from './day-counts.ts';
import type { IngestionDependencies, StepOptions } from './dependencies.ts';
import { dirtyIntervals } from './dirty-intervals.ts';
import { findInputWork } from './input-work.ts';
import { lateWarnings } from './late-warnings.ts';
import { lateBefore } from './lateness.ts';
import { findPlan, readPlan, type IngestionPlan, type PlannedInput } from './ingestion-plan.ts';
import { makePlan, sourceTable } from './plan-ingestion.ts';
import { removeSequences } from './replaced-rows.ts';
import { readStagedGroups, stageGroup } from './stage-group.ts';
import { rowsOfDays, type StagedGroup } from './staged-group.ts';
import { isTopicOvertaken, lossWarnings, readRanges } from './topic-inputs.ts';

/** Every conflict means that another run got on; this many in a row means that something else is wrong. */
const MOST_CONFLICTS = 10;

/**
 * Commits a run. Publishing it again changes nothing. When another run ingested some of the same inputs meanwhile, what
 * is left to do is planned and staged again within this call, so that no row counts twice. A run without new inputs
 * makes no snapshot, and says so in its warnings. Throws what the steps before throw, and `COMMIT_CONFLICT` after
 * many conflicts in a row.
 */
export async function publishIngestion(
  dependencies: IngestionDependencies,
  { planUri }: { readonly planUri: string },
  options: StepOptions = {},
): Promise<IngestResult> {
  const first = await readPlan(dependencies.lake, planUri);
  const idempotencyKey = `ingest ${first.project} ${first.source.name} ${first.runId}`;
  const stageAgain = (times: number): Promise<string> =>
    planAndStage(dependencies, { ...first, runId: runAgain(first.runId, times) }, options);
  let again = await timesPlannedAgain(dependencies.lake, first.runId);
  let uri = again === 0 ? planUri : await stageAgain(again);
  for (let conflicts = 0; ; conflicts++) {
    const plan = await readPlan(dependencies.lake, uri);
    try {
      return await publishPlan(dependencies, plan, { idempotencyKey, runId: first.runId }, uri, options);
    } catch (error) {
      const conflict = error instanceof AsofError && error.code === 'COMMIT_CONFLICT';
      if (!conflict || conflicts >= MOST_CONFLICTS) throw error;
      if (!(await isOvertaken(dependencies, plan))) continue;
      again += 1;
      uri = await stageAgain(again);
    }
  }
}

/** How often the run has planned again, in calls before this one that did not live to tell. */
async function timesPlannedAgain(lake: Lake, runId: string): Promise<number> {
  let times = 0;
  while (await findPlan(lake, runAgain(runId, times + 1))) times += 1;
  return times;
}

function runAgain(runId: string, again: number): string {
  return `${runId}-again-${again}`;
}

interface CommitIdentity {
  readonly idempotencyKey: string;
  readonly runId: string;
}

async function publishPlan(
  dependencies: IngestionDependencies,
  plan: IngestionPlan,
  identity: CommitIdentity,
  planUri: string,
  options: StepOptions,
): Promise<IngestResult> {
  const { catalog } = dependencies;
  const table = sourceTable(plan.project, plan.source.name);
  if (isEmpty(plan)) return nothingNew(plan, await catalog.tables.head(table));
  const groups = await readStagedGroups(dependencies, plan);
  const audit = await auditIngestion(dependencies, { planUri }, options);
  const earlier = await catalog.tables.committed(identity.idempotencyKey);
  const { snapshot } = earlier ?? (await commitPlan(dependencies, plan, groups, identity, options));
  const late = await lateWarnings(catalog.intervals, plan);
  const lost = lossWarnings(readRanges(plan, groups));
  return resultOf(plan, groups, { warnings: [...lost, ...audit.warnings, ...late] }, snapshot);
}

async function commitPlan(
  { catalog, lake, engine }: IngestionDependencies,
  plan: IngestionPlan,
  groups: readonly StagedGroup[],
  { idempotencyKey, runId }: CommitIdentity,
  { signal }: StepOptions,
): Promise<{ readonly snapshot: number }> {
  const { project, source, views } = plan;
  const table = sourceTable(project, source.name);
  const replaced = plan.inputs.flatMap(({ replaces }) => replaces);
  const blocks = replaced.filter(({ rows }) => rows > 0).map(blockOf);
  const { files } = await catalog.tables.files(table);
  const replacement = await engine.session((session) => removeSequences(lake, session, source, files, blocks), signal);
  const committed = groups.flatMap(({ committedDays }) => committedDays);
  const quarantined = groups.flatMap(({ quarantinedDays }) => quarantinedDays);
  const days: readonly DayCount[] = [...committed, ...replacement.removedDays];
  return catalog.tables.commit({
    table,
    idempotencyKey,
    runId,
    operation: replaced.length > 0 ? 'replace' : 'append',
    base: plan.base,
    add: [...groups.flatMap((group) => group.files), ...replacement.add],
    remove: replacement.remove,
    inputs: source.kind === 'file' ? plan.inputs.flatMap(ingestedInputs) : [],
    topicRanges: readRanges(plan, groups),
    databaseRead: plan.database?.position
      ? { after: plan.database.after, position: plan.database.position }
      : undefined,
    replacedInputs: replaced.map(({ path, checksum }) => ({ path, checksum })),
    removedSequences: blocks,
    conservation: conserve({ committed, quarantined, deduplicated: plan.database?.deduplicated ?? [] }),
    ledger: await dirtyIntervals(catalog.intervals, {
      ...{ project, views, days, runId, idempotencyKey },
      lateBefore: lateBefore(source, files),
    }),
    quarantine: groups.flatMap(({ quarantine }) => quarantine),
    // the run that this commit belongs to reports its own beginning and end
    lineage: [],
  });
}

/** Whether the table no longer leaves to this plan what the plan set out to do. */
async function isOvertaken({ catalog }: IngestionDependencies, plan: IngestionPlan): Promise<boolean> {
  const table = sourceTable(plan.project, plan.source.name);
  if (plan.database !== undefined) return isDatabaseOvertaken({ catalog }, table, plan.database.after);
  if (plan.source.kind === 'kafka') return isTopicOvertaken({ catalog }, plan.source, table, plan);
  const held = await catalog.tables.inputs(table);
  const { work } = findInputWork(plan.inputs, held, plan.range);
  const asPlanned = work.map(({ input, ...taken }) => ({ path: input.path, ...taken }));
  const planned = plan.inputs.map(({ path, take, skip, replaces }) => ({ path, take, skip, replaces }));
  return !isDeepStrictEqual(asPlanned, planned);
}

async function planAndStage(
  dependencies: IngestionDependencies,
  request: IngestionPlan,
  options: StepOptions,
): Promise<string> {
  const { project, source, views, range, runId } = request;
  const { planUri, groups } = await makePlan(dependencies, { project, source, views, range, runId }, options);
  for (let group = 0; group < groups; group++) await stageGroup(dependencies, { planUri, group }, options);
  return planUri;
}

/** One entry for each range that was taken. */
function ingestedInputs(input: PlannedInput): readonly IngestedInput[] {
  const { path, checksum, bytes, rows, sequenceStart, take } = input;
  const ranges: readonly (TimeRange | null)[] = take ?? [null];
  return ranges.map((range) => ({ path, checksum, bytes, rows, sequenceStart, range }));
}

function blockOf({ sequenceStart, rows }: IngestedInput): SequenceRange {
  return { start: sequenceStart, end: sequenceStart + BigInt(rows) };
}

function resultOf(
  plan: IngestionPlan,
  groups: readonly StagedGroup[],
  { warnings }: Pick<IngestionAudit, 'warnings'>,
  snapshot: number,
): IngestResult {
  const committed = rowsOfDays(groups.flatMap(({ committedDays }) => committedDays));
  const quarantined = rowsOfDays(groups.flatMap(({ quarantinedDays }) => quarantinedDays));
  const deduplicated = rowsOfDays(plan.database?.deduplicated ?? []);
  return {
    source: plan.source.name,
    snapshot,
    inputs: plan.inputs.length + (plan.lost?.length ?? 0),
    unchangedInputs: plan.unchangedInputs,
    rowsIn: committed + quarantined + deduplicated,
    committed,
    quarantined,
    deduplicated,
    warnings,
  };
}

function isEmpty({ inputs, lost = [] }: IngestionPlan): boolean {
  return inputs.length + lost.length === 0;
}

function nothingNew(plan: IngestionPlan, snapshot: number): IngestResult {
  const inputs = `${plan.unchangedInputs} ${plan.unchangedInputs === 1 ? 'input' : 'inputs'}`;
  const known =
    plan.source.kind === 'kafka'
      ? `every message of topic ${plan.source.topic} was ingested before`
      : plan.source.kind === 'database'
        ? `every row of ${databasePath(plan.source)} was ingested before`
        : `${inputs} ingested before and unchanged`;
  const warnings = [`nothing new: ${known}; no snapshot was made`];
  return resultOf(plan, [], { warnings }, snapshot);
}
