/** The last check of served values in one line, of a project or of one view. */
import { equalShare, type ConsistencyReport } from '../contracts/consistency.ts';
import { formatCount } from './table.ts';

export interface ConsistencySummary {
  readonly checkedAt: string;
  readonly equal: number;
  readonly different: number;
  readonly late: number;
  readonly unsettled: number;
  /** Null when no value could be told apart. */
  readonly equalShare: number | null;
}

export function summarizeConsistency({ checkedAt, features }: ConsistencyReport, view?: string): ConsistencySummary {
  const chosen = features.filter((one) => view === undefined || one.view === view);
  const sum = (verdict: 'equal' | 'different' | 'late' | 'unsettled'): number =>
    chosen.reduce((total, one) => total + one[verdict], 0);
  const counts = { equal: sum('equal'), different: sum('different'), late: sum('late'), unsettled: sum('unsettled') };
  return { checkedAt, ...counts, equalShare: equalShare(counts) };
}

export function describeConsistency({ checkedAt, equal, different, late, unsettled }: ConsistencySummary): string {
  const counts = [
    `${formatCount(equal)} equal`,
    `${formatCount(different)} different`,
    `${formatCount(late)} late`,
    `${formatCount(unsettled)} unsettled`,
  ];
  return `served values, checked ${checkedAt}: ${counts.join(', ')}`;
}
