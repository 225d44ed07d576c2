import type { SearchAttributeUpdatePair } from '@temporalio/common';
import {
  CancellationScope,
  CancelledFailure,
  ContinueAsNew,
  log,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { RunActivities, RunEnd } from '../activities/run-activities.ts';
import { SEARCH_ATTRIBUTES, type WorkflowName } from '../contracts/run-messages.ts';
import { shortActivities } from './activity-options.ts';
import { describeFailure, toWorkflowFailure } from './run-failure.ts';

export interface RunSubject {
  readonly project: string;
  readonly workflow: WorkflowName;
  /** What the run is about, in the words of the command line. */
  readonly target: string;
  readonly view?: string;
  readonly dataset?: string;
}

/** What the work gives back: its result, and the failure to record when the result tells of parts that failed. */
export interface RunOutcome<R> {
  readonly result: R;
  readonly problem?: { readonly code: string; readonly message: string };
  /** Names of what was read and written, for lineage. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * Runs a workflow's work between the two entries of its run record. Whatever happens, failure and cancellation included,
 * the record is closed, with the run's one terminal lineage event, before the execution ends.
 */
export async function recordRun<R extends object>(
  subject: RunSubject,
  work: (runId: string) => Promise<RunOutcome<R>>,
  options: { readonly resumed: boolean } = { resumed: false },
): Promise<R> {
  const { firstExecutionRunId: runId, workflowId } = workflowInfo();
  const { project, workflow, target } = subject;
  const run = { id: runId, project, workflow, workflowId, target };
  showSearchAttributes(subject);
  try {
    if (!options.resumed) await shortActivities<RunActivities>(`record the start of ${target}`).beginRun(run);
    const { result, problem, inputs, outputs } = await work(runId);
    const state = problem === undefined ? 'completed' : 'failed';
    await endRun({
      ...run,
      state,
      result: { ...result } as Readonly<Record<string, unknown>>,
      error: problem ?? null,
      inputs,
      outputs,
    });
    return result;
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const failure = describeFailure(error, workflowId);
    const { cancelled, code, message } = failure;
    const state = cancelled ? 'cancelled' : 'failed';
    await endRun({ ...run, state, result: null, error: { code, message }, inputs: [], outputs: [] });
    throw cancelled ? new CancelledFailure(message) : toWorkflowFailure(failure);
  }
}

/** For work without a record: a failure is its cause alone, as with a record. */
export async function endWithReason<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    const failure = describeFailure(error, workflowInfo().workflowId);
    throw failure.cancelled ? new CancelledFailure(failure.message) : toWorkflowFailure(failure);
  }
}

/** A record that cannot be written is logged, not thrown: it must not change how the run ended. */
async function endRun(end: RunEnd): Promise<void> {
  try {
    await CancellationScope.nonCancellable(() =>
      shortActivities<RunActivities>(`record the end: ${end.state}`).endRun(end),
    );
  } catch (error) {
    log.error('the end of the run could not be recorded', { runId: end.id, state: end.state, error });
  }
}

/** Set by the starter for most runs; a start from the Temporal UI or command line has none yet. */
export function showSearchAttributes(subject: Pick<RunSubject, 'project' | 'view' | 'dataset'>): void {
  const held = workflowInfo().typedSearchAttributes;
  const missing: SearchAttributeUpdatePair[] = [];
  for (const name of ['project', 'view', 'dataset'] as const) {
    const value = subject[name];
    const key = SEARCH_ATTRIBUTES[name];
    if (value !== undefined && held.get(key) !== value) missing.push({ key, value });
  }
  if (missing.length > 0) upsertSearchAttributes(missing);
}
