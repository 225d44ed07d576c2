/** Durable commands: start a run or join the one that does the same, show its progress, end with its result. */
import type { RunInputs } from '../contracts/run-inputs.ts';
import type { WorkflowName } from '../contracts/run-messages.ts';
import { followRetries, type RetriedStep } from '../workers/retried-steps.ts';
import {
  cancelRun,
  startRun,
  waitForRun,
  type RunHandle,
  type RunResults,
  type StartOptions,
} from '../workers/starter.ts';
import type { CommandContext } from './main.ts';
import { withTemporal } from './temporal.ts';

export interface DurableRun<W extends WorkflowName> {
  readonly workflow: W;
  readonly input: RunInputs[W];
  readonly start?: StartOptions;
  /** False with `--no-wait`: the run's id is the result. */
  readonly wait: boolean;
  readonly describe: (result: RunResults[W]) => string | readonly string[];
}

/** Ctrl-C while waiting cancels the run, and the command ends when the run has. Gives undefined when it does not wait. */
export async function runDurably<W extends WorkflowName>(
  context: CommandContext,
  durable: DurableRun<W>,
): Promise<RunResults[W] | undefined> {
  const { terminal, signal } = context;
  return withTemporal(context, async ({ client }) => {
    const run = await startRun(client, durable.workflow, durable.input, durable.start);
    if (!durable.wait) {
      terminal.result({ run: run.id, workflowId: run.workflowId }, `Started ${run.workflowId} (run ${run.id}).`);
      return undefined;
    }
    const stopCancelling = cancelOn(signal, run);
    const ended = new AbortController();
    const following = followRetries(run, (step) => terminal.note(describeRetry(step)), ended.signal);
    try {
      const result = await waitForRun(run, (progress) => terminal.progress(progress));
      terminal.result({ run: run.id, workflowId: run.workflowId, ...result }, durable.describe(result));
      return result;
    } finally {
      stopCancelling();
      ended.abort();
      await following;
    }
  });
}

/** Without it a run that waits for a store that is away would look like one that works. */
function describeRetry({ attempt, attempts, problem }: RetriedStep): string {
  return `trying again, attempt ${attempt} of ${attempts}: ${problem}`;
}

function cancelOn(signal: AbortSignal, run: RunHandle): () => void {
  const cancel = (): void => void cancelRun(run).catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  return () => signal.removeEventListener('abort', cancel);
}
