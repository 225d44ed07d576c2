/** One window of one group with a column's values: what a function is evaluated over. */
import type { StoredType } from '../../contracts/values.ts';
import type { BlockColumn } from './event-block.ts';
import type { RowGroup } from './row-group.ts';
import { slide } from './slide.ts';
import type { Spans } from './spans.ts';

export interface WindowRows {
  readonly group: RowGroup;
  readonly spans: Spans;
  readonly column: BlockColumn;
  readonly type: StoredType;
  /** By request, how many known rows of the span have a value. */
  readonly present: Int32Array;
}

export function windowRows(group: RowGroup, spans: Spans, column: BlockColumn, type: StoredType): WindowRows {
  return { group, spans, column, type, present: countRows(group, spans, column.valid) };
}

/** By request, the number of known rows in the span, without those that `valid` calls null. */
export function countRows({ late }: RowGroup, spans: Spans, valid: Uint8Array | undefined): Int32Array {
  const { starts, ends } = spans;
  if (!late && !valid) return ends.map((end, request) => end - starts[request]!);
  const counts = new Int32Array(ends.length);
  let count = 0;
  slide(spans, late, {
    enter: (row) => void (count += valid?.[row] ?? 1),
    leave: (row) => void (count -= valid?.[row] ?? 1),
    read: (request) => void (counts[request] = count),
  });
  return counts;
}

/** Whether a row takes part from the start: it has a value and is known as soon as it counts. */
export function isReady({ group, column }: WindowRows, row: number): boolean {
  return column.valid?.[row] !== 0 && group.late?.known[row] !== 0;
}

/**
 * Calls `read` for each request in order, after `admit` for each late row with a value that becomes known to it: the way
 * of order trees, whose leaves are set once.
 */
export function visit(rows: WindowRows, admit: (row: number) => void, read: (request: number) => void): void {
  const { late } = rows.group;
  const { ends } = rows.spans;
  let next = 0;
  for (let request = 0; request < ends.length; request++) {
    for (; late && next < late.rows.length && late.since[next]! <= request; next++) {
      const row = late.rows[next]!;
      if (rows.column.valid?.[row] !== 0) admit(row);
    }
    read(request);
  }
}
