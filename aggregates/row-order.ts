/** The total order of the rows of one key: event time, then created time with null first, then sequence. */
import type { Micros } from '../contracts/time.ts';

export interface RowOrder {
  readonly event: Micros;
  readonly created: Micros | null;
  readonly sequence: bigint;
}

/** Negative when `a` stands before `b`; the later row wins everywhere. */
export function compareRowOrder(a: RowOrder, b: RowOrder): number {
  if (a.event !== b.event) return a.event < b.event ? -1 : 1;
  if (a.created !== b.created) {
    if (a.created === null) return -1;
    if (b.created === null) return 1;
    return a.created < b.created ? -1 : 1;
  }
  if (a.sequence === b.sequence) return 0;
  return a.sequence < b.sequence ? -1 : 1;
}
