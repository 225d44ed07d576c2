/** What the ledger says of a range, interval by interval, in words for people. Pure. */
import type { TimeRange } from '../contracts/lake.ts';
import { missingIntervals, type FoldedLedger } from './ledger.ts';
import { cutToGrid } from './ranges.ts';

/** `failed`: not done, and the newest run that tried says so. `late`: only a restatement redoes it. */
export type IntervalState = 'done' | 'dirty' | 'failed' | 'missing' | 'late';

/** Neighbouring intervals of one state. */
export interface StatedIntervals {
  readonly state: IntervalState;
  readonly range: TimeRange;
  readonly intervals: number;
}

/** The cells of `range` on the grid of `chunkMicros` with their states, in order. `failed` are cells by their start. */
export function intervalStates(input: {
  readonly range: TimeRange;
  readonly chunkMicros: number;
  readonly folded: FoldedLedger;
  readonly failed: ReadonlySet<TimeRange['from']>;
}): readonly StatedIntervals[] {
  const { failed, folded } = input;
  const left = new Set(missingIntervals(input).map(({ from }) => from));
  const isDirty = inOrder(folded.dirty);
  const isLate = inOrder(folded.late);
  const stateOf = (cell: TimeRange): IntervalState => {
    if (!left.has(cell.from)) return isLate(cell) ? 'late' : 'done';
    if (failed.has(cell.from)) return 'failed';
    return isDirty(cell) ? 'dirty' : 'missing';
  };
  const stated: StatedIntervals[] = [];
  for (const cell of cutToGrid(input.range, input.chunkMicros)) {
    const state = stateOf(cell);
    const last = stated.at(-1);
    if (last?.state === state) {
      const range = { from: last.range.from, to: cell.to };
      stated[stated.length - 1] = { state, range, intervals: last.intervals + 1 };
    } else stated.push({ state, range: cell, intervals: 1 });
  }
  return stated;
}

/** Whether cells overlap a range list, asked cell by cell in order. */
function inOrder(ranges: readonly TimeRange[]): (cell: TimeRange) => boolean {
  let next = 0;
  return ({ from, to }) => {
    while (next < ranges.length && ranges[next]!.to <= from) next += 1;
    return next < ranges.length && ranges[next]!.from < to;
  };
}
