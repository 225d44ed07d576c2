/** Cells joined to those that only the instants of requests cut: last-N windows have no lower bound in time. */
import type { RequestCells } from './request-cells.ts';

export interface RecentGrid {
  readonly cells: number;
  /** By key its first cell of this grid; one more entry than keys. */
  readonly begins: Int32Array;
  /** By cell of the finer grid; -1 after the last request. */
  readonly ofCell: Int32Array;
  /** By request the cell after those that it counts. */
  readonly ends: Int32Array;
}

export function joinCells({ requests, begins: fine, all, cells }: RequestCells): RecentGrid {
  const keys = fine.length - 1;
  const begins = new Int32Array(keys + 1);
  const ofCell = new Int32Array(cells).fill(-1);
  const ends = new Int32Array(requests.count);
  let used = 0;
  for (let key = 0; key < keys; key++) {
    let cell = fine[key]!;
    for (let request = requests.begins[key]!; request < requests.begins[key + 1]!; request++) {
      const end = all.ends[request]!;
      if (cell < end) {
        ofCell.fill(used, cell, end);
        cell = end;
        used++;
      }
      ends[request] = used;
    }
    begins[key + 1] = used;
  }
  return { cells: used, begins, ofCell, ends };
}
