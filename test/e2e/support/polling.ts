/** Asks again and again; an answer that never comes is the test's time limit. */
import { setTimeout as sleep } from 'node:timers/promises';

/** The first answer that is not undefined. */
export async function poll<T>(ask: () => Promise<T | undefined> | T | undefined, intervalMillis = 10): Promise<T> {
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    await sleep(intervalMillis);
  }
}

/** Waits until the answer is the expected one. */
export async function pollFor<T>(ask: () => Promise<T> | T, expected: T): Promise<void> {
  await poll(async () => ((await ask()) === expected ? true : undefined), 100);
}
