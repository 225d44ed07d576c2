/** What Temporal itself says of a run, for those that ended without a word to the catalog. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { AsofError } from '../contracts/errors.ts';
import type { RunEnd } from '../activities/run-activities.ts';
import { toRunError } from './run-errors.ts';
import { waitForRun, type RunHandle } from './starter.ts';

/** `lost`: Temporal does not know it, or no longer. */
export type RunStatus = 'running' | 'ended' | 'lost';

const UNDER_WAY: readonly string[] = ['RUNNING', 'PAUSED', 'CONTINUED_AS_NEW'];

/** Needs no worker. Throws `TEMPORAL_UNAVAILABLE`. */
export async function readRunStatus({ client, workflowId, id }: RunHandle): Promise<RunStatus> {
  try {
    const { raw, runId, status } = await client.workflow.getHandle(workflowId).describe();
    // a later run of the same work has the same workflow id
    const isSame = (raw.workflowExecutionInfo?.firstRunId || runId) === id;
    return isSame && UNDER_WAY.includes(status.name) ? 'running' : 'ended';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'lost';
    throw toRunError(error, workflowId);
  }
}

/**
 * How a run ended of which the catalog does not know it: somebody terminated it, or its record could not be written.
 * For a run that has ended.
 */
export async function readRunEnd(run: RunHandle): Promise<Pick<RunEnd, 'state' | 'result' | 'error'>> {
  try {
    const result = await waitForRun(run);
    const [first] = 'failed' in result ? result.failed : [];
    const error = first ? { code: first.code, message: first.message } : null;
    return { state: error ? 'failed' : 'completed', result: { ...result }, error };
  } catch (error) {
    if (!(error instanceof AsofError) || error.code === 'TEMPORAL_UNAVAILABLE') throw error;
    const { code, message } = error;
    return { state: code === 'RUN_CANCELLED' ? 'cancelled' : 'failed', result: null, error: { code, message } };
  }
}
