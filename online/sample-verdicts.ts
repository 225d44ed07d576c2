/** What a served value is beside the values that can be right. */
import type { Verdict } from '../contracts/consistency.ts';
import type { OnlineCell } from './online-cell.ts';
import { isAlike } from './value-comparison.ts';

export interface Recomputed {
  /** Of the rows that have arrived until now. */
  readonly now: OnlineCell;
  /** Of the rows at each end of what the value can have been made of, one or several. */
  readonly ends: readonly OnlineCell[];
  /** Whether the value can have been made of rows beyond the ends. */
  readonly isOpen: boolean;
}

/** Whether the ends must be known, or `now` tells it. */
export function quickVerdict(served: OnlineCell, now: OnlineCell): Verdict | undefined {
  if (served.status === 'UNAVAILABLE') return 'unavailable';
  if (served.status === 'DENIED') return 'denied';
  return isAlike(served, now) ? 'equal' : undefined;
}

/**
 * Never `different` of a value that rows between the ends explain: where the ends do not agree, nobody knows what stood
 * between them. Where they do, it stood there all the time, unless it was replaced within its instant and came back.
 */
export function verdictOf(served: OnlineCell, { now, ends, isOpen }: Recomputed): Verdict {
  const quick = quickVerdict(served, now);
  if (quick !== undefined) return quick;
  if (ends.some((end) => isAlike(served, end))) return 'late';
  const [first] = ends;
  const isSettled = !isOpen && first !== undefined && ends.every((end) => isAlike(first, end) && isAlike(end, first));
  return isSettled ? 'different' : 'unsettled';
}
