import { CancellationScope } from '@temporalio/workflow';

type Work<T, R> = (item: T, index: number) => Promise<R>;

/**
 * Runs `work` over all items, at most `limit` at once, and returns the results in order. The first failure cancels what
 * is under way, waits until it has ended, and is thrown.
 */
export async function mapBounded<T, R>(items: readonly T[], limit: number, work: Work<T, R>): Promise<readonly R[]> {
  return CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current();
    return runLanes(items, limit, work, () => {
      scope.cancel();
      return 'stop';
    });
  });
}

/** As `mapBounded`, but a failure leaves the others alone: every item is tried, then the first failure is thrown. */
export async function mapSettled<T, R>(items: readonly T[], limit: number, work: Work<T, R>): Promise<readonly R[]> {
  return runLanes(items, limit, work, () => 'go on');
}

async function runLanes<T, R>(
  items: readonly T[],
  limit: number,
  work: Work<T, R>,
  onFailure: () => 'stop' | 'go on',
): Promise<readonly R[]> {
  const results = new Array<R>(items.length);
  const failures: unknown[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      try {
        results[index] = await work(items[index] as T, index);
      } catch (error) {
        failures.push(error);
        if (onFailure() === 'stop') next = items.length;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (failures.length > 0) throw failures[0];
  return results;
}

/** Cuts `0 … count - 1` into at most `most` runs of neighbours: one activity for each keeps the history short. */
export function batchIndexes(count: number, most: number): readonly (readonly number[])[] {
  const size = Math.max(1, Math.ceil(count / most));
  const batches: number[][] = [];
  for (let start = 0; start < count; start += size) {
    batches.push(Array.from({ length: Math.min(size, count - start) }, (_, offset) => start + offset));
  }
  return batches;
}
