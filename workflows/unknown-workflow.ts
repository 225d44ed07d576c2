import { workflowInfo } from '@temporalio/workflow';
import { AsofError } from '../contracts/errors.ts';
import { WORKFLOW_NAMES } from '../contracts/run-messages.ts';
import { describeFailure, toWorkflowFailure } from './run-failure.ts';

/**
 * Stands in for every workflow type that is not one of ours: the execution fails at once and says what there is. Without
 * it Temporal would try the workflow task again until somebody terminates the execution.
 */
export async function refuseUnknownWorkflow(): Promise<never> {
  const { workflowType: name, workflowId, taskQueue } = workflowInfo();
  const error = new AsofError('UNKNOWN_NAME', {
    where: `task queue ${taskQueue}`,
    kind: 'workflow type',
    name,
    known: WORKFLOW_NAMES,
  });
  throw toWorkflowFailure(describeFailure(error, workflowId));
}
