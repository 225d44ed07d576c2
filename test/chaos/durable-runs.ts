/** Starts durable runs and says how each ended. One that does not end in time is a breach of I6, and so is one that fails by a bug. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AsofError, messageOf, type ErrorCode } from '../../contracts/errors.ts';
import type { RunInputs } from '../../contracts/run-inputs.ts';
import type { WorkflowName } from '../../contracts/run-messages.ts';
import { cancelRun, startRun, waitForRun, type RunResults, type StartOptions } from '../../workers/starter.ts';
import type { ChaosPlatform } from './chaos-platform.ts';
import type { Journal } from './journal.ts';

/** Far longer than any run takes after the last fault. */
const END_MILLIS = 300_000;

/** What may end a run while its surroundings fail: it names the part that failed, and the same run may succeed later. */
const EXCUSED: ReadonlySet<ErrorCode> = new Set([
  'CATALOG_UNAVAILABLE',
  'REDIS_UNAVAILABLE',
  'LAKE_UNAVAILABLE',
  'RUN_CANCELLED',
  'RUN_FAILED',
  'COMMIT_CONFLICT',
  'DISK_FULL',
]);

export interface RunLog {
  /** Runs, waits, and answers the result; undefined when the run failed for a reason that its surroundings excuse. */
  run<W extends WorkflowName>(
    workflow: W,
    input: RunInputs[W],
    options?: RunOptions,
  ): Promise<RunResults[W] | undefined>;
  /** What no fault excuses. */
  readonly breaches: readonly string[];
  /** Ended runs, by workflow and outcome. */
  readonly counts: ReadonlyMap<string, number>;
}

export interface RunOptions extends StartOptions {
  /** Cancels the run this long after its start. */
  readonly cancelAfterMillis?: number | undefined;
}

export function openRunLog({ client }: Pick<ChaosPlatform, 'client'>, journal: Journal): RunLog {
  const breaches: string[] = [];
  const counts = new Map<string, number>();
  const count = (workflow: string, outcome: string): void => {
    const key = `${workflow} ${outcome}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    journal.note(`${workflow}: ${outcome}`);
  };
  return {
    breaches,
    counts,
    async run(workflow, input, { cancelAfterMillis, ...options } = {}) {
      const handle = await startRun(client, workflow, input, options);
      const timeout = new AbortController();
      try {
        if (cancelAfterMillis !== undefined) {
          await sleep(cancelAfterMillis);
          await cancelRun(handle).catch(() => undefined);
        }
        const result = await Promise.race([
          waitForRun(handle),
          sleep(END_MILLIS, undefined, { signal: timeout.signal }).then(() => {
            throw new Error(`${handle.workflowId} had not ended after ${END_MILLIS / 1000} s`);
          }),
        ]);
        count(workflow, 'completed');
        return result;
      } catch (error) {
        const code = error instanceof AsofError ? error.code : 'none';
        count(workflow, code);
        if (!(error instanceof AsofError && EXCUSED.has(error.code))) {
          breaches.push(`${handle.workflowId} ended with ${code}: ${messageOf(error)}`);
        }
        return undefined;
      } finally {
        timeout.abort();
      }
    },
  };
}
