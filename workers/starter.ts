/** Starting durable runs and following them, from the command line, the API or code. Needs a Temporal client only. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowExecutionAlreadyStartedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { TASK_QUEUES } from '../contracts/config.ts';
import { AsofError } from '../contracts/errors.ts';
import { checkRunInput, type RunInputs } from '../contracts/run-inputs.ts';
import { RUN_MESSAGES, SCHEDULED_TIME, type WorkflowName } from '../contracts/run-messages.ts';
import type {
  BackfillResult,
  BuildTrainingDatasetResult,
  CheckConsistencyResult,
  IngestResult,
  MaintainResult,
  MaterializeResult,
  MonitorFreshnessResult,
  RunProgress,
} from '../contracts/runs.ts';
import type { RunStreamResult } from '../contracts/streams.ts';
import { parseInstant } from '../contracts/time.ts';
import { toRunError } from './run-errors.ts';
import { canonicalJson, hashOf, workflowIdOf } from './run-ids.ts';
import { labelRun } from './run-labels.ts';

export interface RunResults {
  readonly ingest: IngestResult;
  readonly backfill: BackfillResult;
  readonly materialize: MaterializeResult;
  readonly buildTrainingDataset: BuildTrainingDatasetResult;
  readonly maintain: MaintainResult;
  readonly monitorFreshness: MonitorFreshnessResult;
  readonly checkConsistency: CheckConsistencyResult;
  readonly runStream: RunStreamResult;
}

/** Names one run: `id` is its run record's, `workflowId` is how Temporal finds it. */
export interface RunReference<W extends WorkflowName = WorkflowName> {
  readonly workflow: W;
  readonly id: string;
  readonly workflowId: string;
}

export interface RunHandle<W extends WorkflowName = WorkflowName> extends RunReference<W> {
  readonly client: Client;
}

export interface StartOptions {
  /** The view's fingerprint, for a backfill: part of what the run does. */
  readonly fingerprint?: string;
  /** A caller's key: the same key gives the same run for as long as Temporal retains it, ended or not. */
  readonly idempotencyKey?: string;
}

/**
 * Starts a run, or joins the one that does the same already. The input is checked first. Throws `INVALID_VALUE`,
 * `INVALID_RANGE`, `LIMIT_EXCEEDED`, `IDEMPOTENCY_MISMATCH` or `TEMPORAL_UNAVAILABLE`.
 */
export async function startRun<W extends WorkflowName>(
  client: Client,
  workflow: W,
  input: RunInputs[W],
  options: StartOptions = {},
): Promise<RunHandle<W>> {
  const checked = checkRunInput(workflow, input);
  const { fingerprint, idempotencyKey: key } = options;
  const ownId = workflowIdOf(workflow, checked, fingerprint);
  const workflowId = key === undefined ? ownId : `${workflow}/${checked.project}/key-${hashOf(key)}`;
  let runId: string | undefined;
  try {
    const handle = await client.workflow.start(workflow, {
      taskQueue: TASK_QUEUES.orchestration,
      workflowId,
      args: [checked],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: key === undefined ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
      memo: { request: hashOf(canonicalJson(checked)) },
      ...labelRun(workflow, checked),
    });
    runId = handle.firstExecutionRunId;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw toRunError(error, workflowId);
  }
  const { id, request } = await identify(client, workflowId, runId);
  if (key !== undefined && request !== hashOf(canonicalJson(checked)))
    throw new AsofError('IDEMPOTENCY_MISMATCH', { key });
  return { client, workflow, workflowId, id };
}

/** The run of this work that was started last, at work or ended. Throws `UNKNOWN_NAME` when Temporal knows none. */
export async function findRun<W extends WorkflowName>(
  client: Client,
  workflow: W,
  input: RunInputs[W],
  fingerprint?: string,
): Promise<RunHandle<W>> {
  const workflowId = workflowIdOf(workflow, input, fingerprint);
  const { id } = await identify(client, workflowId, undefined);
  return { client, workflow, workflowId, id };
}

/** Continues to follow a run that was started before, by anyone. */
export function attachRun<W extends WorkflowName>(client: Client, reference: RunReference<W>): RunHandle<W> {
  return { ...reference, client };
}

/**
 * Waits for the end of a run and returns its result; `onProgress` hears each change on the way. Throws the error that
 * ended the run: its own code, `RUN_CANCELLED`, or `RUN_FAILED` when the failure has no code of ours.
 */
export async function waitForRun<W extends WorkflowName>(
  run: RunHandle<W>,
  onProgress?: (progress: RunProgress) => void,
  options: { readonly intervalMillis?: number } = {},
): Promise<RunResults[W]> {
  const ended = new AbortController();
  const following = onProgress && followProgress(run, onProgress, options.intervalMillis ?? 500, ended.signal);
  try {
    return (await run.client.workflow.getHandle(run.workflowId, run.id).result()) as RunResults[W];
  } catch (error) {
    throw toRunError(error, run.workflowId);
  } finally {
    ended.abort();
    await following;
  }
}

/** How far a run is; undefined while no orchestration worker answers. */
export async function readProgress(run: RunHandle): Promise<RunProgress | undefined> {
  try {
    return await current(run).query<RunProgress>(RUN_MESSAGES.progress);
  } catch {
    return undefined;
  }
}

/** What a run works on, from its own history; of a scheduled one with its times filled in. Throws when Temporal no longer retains it. */
export async function readRunInput<W extends WorkflowName>(run: RunHandle<W>): Promise<RunInputs[W]> {
  try {
    const handle = run.client.workflow.getHandle(run.workflowId, run.id);
    const { events } = await handle.fetchHistory();
    const start = events?.[0]?.workflowExecutionStartedEventAttributes;
    const [payload] = start?.input?.payloads ?? [];
    if (!payload) throw new AsofError('RUN_FAILED', { run: run.workflowId, problem: 'its history holds no input' });
    const scheduled = start?.searchAttributes?.indexedFields?.[SCHEDULED_TIME.name];
    const time = scheduled ? parseInstant(defaultPayloadConverter.fromPayload<string>(scheduled)) : undefined;
    return checkRunInput(
      run.workflow,
      await decodeFromPayloadsAtIndex(run.client.options.loadedDataConverter, 0, [payload]),
      time,
    );
  } catch (error) {
    throw toRunError(error, run.workflowId);
  }
}

/** Asks for the end: work under way is interrupted, nothing half done is published, and the run ends as cancelled. */
export async function cancelRun(run: RunHandle): Promise<void> {
  await control(run, (handle) => handle.cancel());
}

/** Holds a backfill: intervals under way end, no others start. */
export async function pauseRun(run: RunHandle<'backfill'>): Promise<void> {
  await control(run, (handle) => handle.signal(RUN_MESSAGES.pause));
}

/**
 * Ends a backfill when its intervals under way have ended: it ends as cancelled, and what is done stays. Ends a stream when its
 * consumers have ended: it is completed.
 */
export async function stopRun(run: RunHandle<'backfill' | 'runStream'>): Promise<void> {
  await control(run, (handle) => handle.signal(RUN_MESSAGES.stop));
}

export async function resumeRun(run: RunHandle<'backfill'>): Promise<void> {
  await control(run, (handle) => handle.signal(RUN_MESSAGES.resume));
}

/** Changes how many batches a backfill works at once; returns the number in force. */
export async function setRunParallel(run: RunHandle<'backfill'>, parallel: number): Promise<number> {
  return control(run, (handle) =>
    handle.executeUpdate<number, [number]>(RUN_MESSAGES.setParallel, { args: [parallel] }),
  );
}

/** Changes how many consumers a stream has; returns the number in force. */
export async function setStreamConsumers(run: RunHandle<'runStream'>, consumers: number): Promise<number> {
  return control(run, (handle) =>
    handle.executeUpdate<number, [number]>(RUN_MESSAGES.setConsumers, { args: [consumers] }),
  );
}

async function control<T>(run: RunHandle, work: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
  try {
    return await work(current(run));
  } catch (error) {
    throw toRunError(error, run.workflowId);
  }
}

/** The execution at work: after a continue-as-new it is no longer the first, and the id alone finds it. */
function current(run: RunHandle): WorkflowHandle {
  return run.client.workflow.getHandle(run.workflowId, undefined, { firstExecutionRunId: run.id });
}

/** A joined run may have continued as new: its record bears the id of its first execution. */
async function identify(
  client: Client,
  workflowId: string,
  runId: string | undefined,
): Promise<{ readonly id: string; readonly request: unknown }> {
  try {
    const description = await client.workflow.getHandle(workflowId, runId).describe();
    const id = description.raw.workflowExecutionInfo?.firstRunId;
    return { id: id ? id : description.runId, request: description.memo?.['request'] };
  } catch (error) {
    throw toRunError(error, workflowId);
  }
}

async function followProgress(
  run: RunHandle,
  onProgress: (progress: RunProgress) => void,
  intervalMillis: number,
  ended: AbortSignal,
): Promise<void> {
  let last = '';
  while (!ended.aborted) {
    const progress = await readProgress(run);
    const text = JSON.stringify(progress);
    if (progress && text !== last && !ended.aborted) onProgress(progress);
    last = text;
    await sleep(intervalMillis, undefined, { signal: ended }).catch(() => undefined);
  }
}
