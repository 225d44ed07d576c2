import { checkRunInput, type RunInputs } from '../contracts/run-inputs.ts';
import type { WorkflowName } from '../contracts/run-messages.ts';
import { describeFailure, toWorkflowFailure } from './run-failure.ts';

/** `checkRunInput` inside a workflow: a wrong input ends the execution at once, naming the field. */
export function requireInput<W extends WorkflowName>(workflow: W, input: unknown): RunInputs[W] {
  try {
    return checkRunInput(workflow, input);
  } catch (error) {
    throw toWorkflowFailure(describeFailure(error, workflow));
  }
}
