/** How runs stand: by the catalog's record, by Temporal while they are at work. */
import type { Client } from '@temporalio/client';
import { createRunActivities } from '../activities/run-activities.ts';
import type { Catalog, RunRecord } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { WorkflowName } from '../contracts/run-messages.ts';
import { readRunEnd, readRunStatus } from '../workers/run-status.ts';
import { attachRun, readProgress, type RunHandle } from '../workers/starter.ts';
import type { ObservedRun } from './run-document.ts';
import { inTime } from './temporal.ts';

export interface ObserverDependencies {
  readonly project: string;
  readonly catalog: Pick<Catalog, 'runs'>;
  readonly client: Client;
}

const PROGRESS_MILLIS = 2_000;

/** The record of a run of this project. Throws `UNKNOWN_NAME`. */
export async function requireRun({ project, catalog }: ObserverDependencies, id: string): Promise<RunRecord> {
  const run = await catalog.runs.get(id);
  if (run?.project === project) return run;
  const known = (await catalog.runs.list(project, 5)).map((one) => one.id);
  throw new AsofError('UNKNOWN_NAME', { where: 'runs', kind: 'run', name: id, known });
}

/**
 * The record, and how far a running run is. Where Temporal or the workers do not answer there is no progress, and the
 * record is what it was.
 */
export async function observeRun(dependencies: ObserverDependencies, id: string): Promise<ObservedRun> {
  const record = await requireRun(dependencies, id);
  if (record.state !== 'running') return { run: record };
  const { client } = dependencies;
  try {
    const run = await inTime(client, () => settle(dependencies, record), PROGRESS_MILLIS);
    if (run.state !== 'running') return { run };
  } catch (error) {
    if (isOutage(error)) return { run: record };
    throw error;
  }
  const progress = await inTime(client, () => readProgress(handleOf(client, record)), PROGRESS_MILLIS);
  return { run: record, ...(progress && { progress }) };
}

/** The record of a run that Temporal has at work. Throws `CONFLICT` when it has ended, and `TEMPORAL_UNAVAILABLE`. */
export async function requireRunning(dependencies: ObserverDependencies, id: string): Promise<RunRecord> {
  const run = await inTime(dependencies.client, async () => settle(dependencies, await requireRun(dependencies, id)));
  if (run.state === 'running') return run;
  throw new AsofError('CONFLICT', { where: `run ${id}`, problem: `it has ended and is ${run.state}` });
}

/**
 * A run whose execution was terminated, or whose end could not be recorded, stands in the catalog as running: whoever
 * looks first writes the end, with its lineage. One that Temporal does not know is shown as failed and left as it is.
 */
async function settle(dependencies: ObserverDependencies, record: RunRecord): Promise<RunRecord> {
  if (record.state !== 'running') return record;
  const { catalog, client } = dependencies;
  const handle = handleOf(client, record);
  const status = await readRunStatus(handle);
  if (status === 'running') return record;
  // the workflow records its end before it ends: perhaps it has by now
  const now = await requireRun(dependencies, record.id);
  if (now.state !== 'running') return now;
  if (status === 'lost') {
    const { code, message } = new AsofError('RUN_FAILED', { run: record.id, problem: 'Temporal does not know it' });
    return { ...record, state: 'failed', error: { code, message } };
  }
  const { id, project, workflow, workflowId, target } = record;
  const end = await readRunEnd(handle);
  const identity = { id, project, workflow, workflowId, target };
  await createRunActivities({ catalog }).endRun({ ...identity, ...end, inputs: [], outputs: [] });
  return requireRun(dependencies, id);
}

export function handleOf(client: Client, { id, workflow, workflowId }: RunRecord): RunHandle {
  return attachRun(client, { id, workflow: workflow as WorkflowName, workflowId });
}

function isOutage(error: unknown): boolean {
  return error instanceof AsofError && error.code === 'TEMPORAL_UNAVAILABLE';
}
