/**
 * Moves a window over the rows of a group. Every known row enters and leaves once, whatever the window's length: the way
 * of functions that can take a row back without loss.
 */
import type { LateRows } from './late-rows.ts';
import type { Spans } from './spans.ts';

export interface Sliding {
  enter(row: number): void;
  leave(row: number): void;
  /** The window holds exactly the known rows of the request's span. */
  read(request: number): void;
}

export function slide({ starts, ends }: Spans, late: LateRows | undefined, sliding: Sliding): void {
  const known = late?.known.slice();
  let start = 0;
  let end = 0;
  let next = 0;
  for (let request = 0; request < ends.length; request++) {
    if (late && known) {
      for (; next < late.rows.length && late.since[next]! <= request; next++) {
        const row = late.rows[next]!;
        known[row] = 1;
        if (row >= start && row < end) sliding.enter(row);
      }
    }
    const target = starts[request]!;
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
