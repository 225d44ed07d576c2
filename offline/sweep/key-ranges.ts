/** Which rows of the block belong to the key of each request. */
import type { EventBlock } from './event-block.ts';
import type { RequestBlock } from './request-block.ts';

export interface KeyRanges {
  /** By request, start inclusive and end exclusive; empty for a key without events. Both never fall. */
  readonly begin: Int32Array;
  readonly end: Int32Array;
}

export function matchKeys({ keys, begins, rows }: EventBlock, { key, count }: RequestBlock): KeyRanges {
  const begin = new Int32Array(count);
  const end = new Int32Array(count);
  let index = 0;
  for (let request = 0; request < count; request++) {
    while (index < keys.length && keys[index]! < key[request]!) index++;
    begin[request] = begins[index] ?? rows;
    end[request] = keys[index] === key[request] ? begins[index + 1]! : begin[request]!;
  }
  return { begin, end };
}

/** By request, the first row of its key whose time is `bound` or later. `times` rise within a key, `bounds` too. */
export function firstRowsFrom(ranges: KeyRanges, times: Float64Array, bounds: Float64Array): Int32Array {
  const firsts = new Int32Array(bounds.length);
  let row = 0;
  for (let request = 0; request < bounds.length; request++) {
    const end = ranges.end[request]!;
    const bound = bounds[request]!;
    row = Math.max(row, ranges.begin[request]!);
    while (row < end && times[row]! < bound) row++;
    firsts[request] = row;
  }
  return firsts;
}
