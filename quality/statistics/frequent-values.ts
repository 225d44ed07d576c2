/**
 * The values of the most rows, in bounded room: a mergeable summary (Agarwal et al. 2012). It is exact as long as there are no
 * more different values than it counts; beyond that it says how far off its numbers may be.
 */
import { compareValues } from '../../aggregates/value-order.ts';
import type { FrequentValues } from '../../contracts/statistics.ts';

/** Different values that are counted at most. */
export const COUNTED_VALUES = 1000;

export const NO_VALUES: FrequentValues = { values: [], missed: 0 };

export function mergeFrequent(a: FrequentValues, b: FrequentValues, limit = COUNTED_VALUES): FrequentValues {
  const rows = new Map(a.values);
  for (const [value, more] of b.values) rows.set(value, (rows.get(value) ?? 0) + more);
  const { values, missed } = keepFrequent([...rows], limit);
  return { values, missed: missed + a.missed + b.missed };
}

/** The first of these counts, which are exact. */
export function keepFrequent(counts: FrequentValues['values'], limit = COUNTED_VALUES): FrequentValues {
  const ordered = counts.toSorted(([a, rowsOfA], [b, rowsOfB]) => rowsOfB - rowsOfA || compareValues(a, b));
  return { values: ordered.slice(0, limit), missed: ordered[limit]?.[1] ?? 0 };
}
