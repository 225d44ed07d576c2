import { executeChild, isCancellation, ParentClosePolicy, workflowInfo } from '@temporalio/workflow';
import type { BackfillCascade, MaterializeResult } from '../contracts/runs.ts';
import type { materialize } from './materialize.ts';
import { describeFailure, type RunFailure } from './run-failure.ts';

export interface Cascaded {
  readonly online?: MaterializeResult['views'];
  readonly failure?: RunFailure;
}

/**
 * Redoes what depends on a backfilled view and holds values of its own: its online state, by a run of `materialize` with a
 * record of its own. Only cancellation is thrown.
 */
export async function cascadeBackfill(project: string, view: string, cascade: BackfillCascade): Promise<Cascaded> {
  if (!cascade.online) return {};
  const { workflowId } = workflowInfo();
  try {
    const { views } = await executeChild<typeof materialize>('materialize', {
      args: [{ project, views: [view] }],
      workflowId: `${workflowId}/online`,
      // it ends in its own time, with its record closed
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      staticSummary: `Materialize ${view} after its backfill`,
    });
    return { online: views };
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { failure: describeFailure(error, workflowId) };
  }
}
