/** Step 2, once for every group: read, cast, check and write the rows of its inputs. */
import { AsofError } from '../contracts/errors.ts';
import type { Session } from '../engine/engine.ts';
import { stagingFilePath } from '../lake/paths.ts';
import { openSource } from '../sources/open-source.ts';
import { openKeptRows } from './database-inputs.ts';
import type { IngestionDependencies, StepOptions } from './dependencies.ts';
import { readPlan, type IngestionPlan, type PlannedInput } from './ingestion-plan.ts';
import { rowsOfDays, stageInputs, type StagedGroup } from './staged-group.ts';
import type { StagedInput } from './staged-table.ts';
import { openMessages } from './topic-inputs.ts';
import { findStagingObject, readStagingObject, writeStagingObject } from './staging-object.ts';

export interface GroupStaged {
  readonly manifestUri: string;
  readonly rowsIn: number;
  readonly staged: number;
  readonly quarantined: number;
}

/**
 * Stages one group. A group that was staged before, by another attempt too, is not staged again. Throws
 * `INPUT_VALUE_INVALID`, `INPUT_ROW_INVALID` and `INPUT_UNREADABLE`, the last also for an input that changed since the plan,
 * and for a topic what reading it throws.
 */
export async function stageGroup(
  { lake, engine, topics }: Omit<IngestionDependencies, 'catalog'>,
  request: { readonly planUri: string; readonly group: number },
  { signal, progress }: StepOptions = {},
): Promise<GroupStaged> {
  const plan = await readPlan(lake, request.planUri);
  const name = groupObject(request.group);
  const earlier = await findStagingObject<StagedGroup>(lake, plan.runId, name);
  if (earlier) return summarize(earlier);
  const planned = inputsOf(plan, request.group);
  const group = await engine.session(async (session) => {
    const { source, runId } = plan;
    if (source.kind === 'kafka') {
      const { inputs, lost } = await openMessages({ topics }, session, source, planned, { ...(signal && { signal }) });
      return { ...(await stageInputs(lake, session, { source, inputs, runId, inBulk: true, progress })), lost };
    }
    if (source.kind === 'database') {
      const inputs = await openKeptRows(lake, session, source, planned);
      return stageInputs(lake, session, { source, inputs, runId, progress });
    }
    const inputs = await openInputs(session, plan, planned);
    const staged = await stageInputs(lake, session, { source, inputs, runId, inBulk: true, progress });
    await requireUnchanged(plan, planned);
    return staged;
  }, signal);
  return summarize(await writeStagingObject(lake, plan.runId, name, group));
}

/** What every group of a plan made. Throws `LAKE_FILE_CORRUPT` when one is not staged. */
export async function readStagedGroups(
  { lake }: Pick<IngestionDependencies, 'lake'>,
  plan: IngestionPlan,
): Promise<readonly StagedGroup[]> {
  return Promise.all(
    [...plan.groups.keys()].map((group) =>
      readStagingObject<StagedGroup>(lake, stagingFilePath(plan.runId, groupObject(group))),
    ),
  );
}

function inputsOf(plan: IngestionPlan, group: number): readonly PlannedInput[] {
  const positions = plan.groups[group];
  if (!positions) {
    const problem = `the plan has ${plan.groups.length} groups, and none is number ${group}`;
    throw new AsofError('INVALID_VALUE', { where: plan.source.name, problem });
  }
  return positions.flatMap((position) => plan.inputs[position] ?? []);
}

async function openInputs(
  session: Session,
  plan: IngestionPlan,
  planned: readonly PlannedInput[],
): Promise<readonly StagedInput[]> {
  await requireUnchanged(plan, planned);
  const source = openSource(plan.source);
  const inputs: StagedInput[] = [];
  for (const input of planned) {
    const { sequenceStart, take, skip } = input;
    inputs.push({ reading: await source.read(session, input), sequenceStart, take, skip });
  }
  return inputs;
}

/** Before reading and after: what was read is what was planned. */
async function requireUnchanged(plan: IngestionPlan, inputs: readonly PlannedInput[]): Promise<void> {
  const source = openSource(plan.source);
  for (const input of inputs) await source.requireUnchanged(input);
}

function groupObject(group: number): string {
  return `group-${group}.json`;
}

function summarize({ uri, content }: { readonly uri: string; readonly content: StagedGroup }): GroupStaged {
  const staged = rowsOfDays(content.committedDays);
  const quarantined = rowsOfDays(content.quarantinedDays);
  return { manifestUri: uri, rowsIn: staged + quarantined, staged, quarantined };
}
