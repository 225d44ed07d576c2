/** Steps of a run that failed and are tried again: Temporal knows of them, and the run's own progress does not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { RunHandle } from './starter.ts';

export interface RetriedStep {
  /** The attempt that is under way or comes next, from 2. */
  readonly attempt: number;
  readonly attempts: number;
  /** Why the one before it failed. */
  readonly problem: string;
}

/** Calls `onRetry` once for each problem, until the signal aborts. A Temporal that does not answer is asked again. */
export async function followRetries(
  run: RunHandle,
  onRetry: (step: RetriedStep) => void,
  ended: AbortSignal,
  intervalMillis = 2000,
): Promise<void> {
  const told = new Set<string>();
  while (!ended.aborted) {
    const steps = await readRetriedSteps(run).catch((): readonly RetriedStep[] => []);
    for (const step of steps) {
      if (ended.aborted || told.has(step.problem)) continue;
      told.add(step.problem);
      onRetry(step);
    }
    await sleep(intervalMillis, undefined, { signal: ended }).catch(() => undefined);
  }
}

async function readRetriedSteps({ client, workflowId, id }: RunHandle): Promise<readonly RetriedStep[]> {
  const { raw } = await client.workflow.getHandle(workflowId, id).describe();
  const retried = (raw.pendingActivities ?? []).filter(({ attempt, lastFailure }) => lastFailure && (attempt ?? 1) > 1);
  return Promise.all(
    retried.map(async ({ attempt, maximumAttempts, lastFailure }) => {
      const failure = await decodeOptionalFailureToOptionalError(client.options.loadedDataConverter, lastFailure);
      return { attempt: attempt ?? 2, attempts: maximumAttempts ?? 0, problem: failure?.message ?? '' };
    }),
  );
}
