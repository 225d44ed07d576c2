import { workflowInfo } from '@temporalio/workflow';
import { checkRunInput, type RunInputs } from '../contracts/run-inputs.ts';
import { SCHEDULED_TIME, type WorkflowName } from '../contracts/run-messages.ts';
import type { Micros } from '../contracts/time.ts';
import { describeFailure, toWorkflowFailure } from './run-failure.ts';

/**
 * `checkRunInput` inside a workflow: a wrong input ends the execution at once, naming the field. A run that a schedule started
 * takes its times from the time that it was scheduled for.
 */
export function requireInput<W extends WorkflowName>(workflow: W, input: unknown): RunInputs[W] {
  try {
    return checkRunInput(workflow, input, scheduledTime());
  } catch (error) {
    throw toWorkflowFailure(describeFailure(error, workflow));
  }
}

/** Undefined for a run that no schedule started. */
function scheduledTime(): Micros | undefined {
  const date = workflowInfo().typedSearchAttributes.get(SCHEDULED_TIME);
  return date === undefined ? undefined : BigInt(date.getTime()) * 1000n;
}
