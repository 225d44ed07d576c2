/**
 * Moves a window over the rows of a group. A known row enters and leaves once, whatever the window's length, and once more
 * for each row whose end brings it back: the way of functions that can take a row back without loss.
 */
import { ChangingRows, type RowChanges } from './row-changes.ts';
import type { Spans } from './spans.ts';

export interface Sliding {
  enter(row: number): void;
  leave(row: number): void;
  /** The window holds exactly the known rows of the request's span. */
  read(request: number): void;
}

export function slide({ starts, ends }: Spans, changes: RowChanges | undefined, sliding: Sliding): void {
  const changing = changes && new ChangingRows(changes);
  const known = changing?.known;
  let start = 0;
  let end = 0;
  const change = (row: number, enters: boolean): void => {
    if (row < start || row >= end) return;
    if (enters) sliding.enter(row);
    else sliding.leave(row);
  };
  for (let request = 0; request < ends.length; request++) {
    changing?.take(request, change);
    const target = starts[request]!;
    while (start > target) {
      start--;
      if (known === undefined || known[start] === 1) sliding.enter(start);
    }
    for (const stop = Math.min(target, end); start < stop; start++) {
      if (known === undefined || known[start] === 1) sliding.leave(start);
    }
    if (target > end) start = end = target;
    for (const stop = ends[request]!; end < stop; end++) {
      if (known === undefined || known[end] === 1) sliding.enter(end);
    }
    sliding.read(request);
  }
}
