/** Count, mean and squared deviations as JSON holds them: what leaves the range of doubles is null. */
import { mergeMoments, sampleDeviation } from '../../aggregates/moments.ts';
import type { StoredMoments } from '../../contracts/statistics.ts';

export const NO_MOMENTS: StoredMoments = { count: 0, mean: 0, squares: 0 };

/** By Chan's formula. */
export function mergeStored(a: StoredMoments, b: StoredMoments): StoredMoments {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const count = a.count + b.count;
  if (a.mean === null || b.mean === null) return { count, mean: null, squares: null };
  const { mean, squares } = mergeMoments(
    { count: a.count, mean: a.mean, squares: a.squares ?? Number.NaN },
    { count: b.count, mean: b.mean, squares: b.squares ?? Number.NaN },
  );
  return { count, mean: finite(mean), squares: finite(squares) };
}

export function meanOf({ count, mean }: StoredMoments): number | null {
  return count === 0 ? null : mean;
}

/** The sample's; null below two values. */
export function deviationOf({ count, mean, squares }: StoredMoments): number | null {
  return mean === null || squares === null ? null : sampleDeviation({ count, mean, squares });
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Null without a value. */
export function populationDeviationOf({ count, squares }: StoredMoments): number | null {
  return count === 0 || squares === null ? null : Math.sqrt(squares / count);
}
