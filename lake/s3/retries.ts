/** Bounded retries with jitter. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isPassing } from './failures.ts';

/** How long one request may take, and how often it is made. */
export interface Patience {
  readonly attempts: number;
  /** The wait before the second attempt; each later one is up to twice as long. */
  readonly firstDelayMillis: number;
  readonly longestDelayMillis: number;
  /** Of one request, its body included. */
  readonly deadlineMillis: number;
  /** How long a download may bring no byte. */
  readonly stallMillis: number;
}

/** About 13 s of waiting at most; work that gives up after that is tried again by its workflow. */
export const PATIENCE: Patience = {
  attempts: 7,
  firstDelayMillis: 200,
  longestDelayMillis: 5_000,
  deadlineMillis: 60_000,
  stallMillis: 20_000,
};

/** Throws the error of the last attempt, or the first that another attempt would not mend. */
export async function withRetries<T>(patience: Patience, work: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= patience.attempts || !isPassing(error)) throw error;
      await sleep(delayBefore(attempt, patience));
    }
  }
}

/** Full jitter: clients that failed together do not come back together. */
function delayBefore(attempt: number, { firstDelayMillis, longestDelayMillis }: Patience): number {
  return Math.random() * Math.min(longestDelayMillis, firstDelayMillis * 2 ** (attempt - 1));
}
