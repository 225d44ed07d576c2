/**
 * Which rows count from which request on. Rows stand in their place of the row order all the time; one that becomes known
 * late, or stops to count when a greater row of its event enters, changes at the first request that sees it so.
 */

export interface RowChanges {
  /** By row of the group: 1 when it counts as soon as its time has come, 0 when it counts later or never. */
  readonly known: Uint8Array;
  /** Rows that change from counting to not counting or back, by the first request that sees it. */
  readonly rows: Int32Array;
  /** That request, by position of `rows`; never falls. */
  readonly since: Int32Array;
}

/** By row the request from which on something is so; `NEVER` for none. */
export type Since = Int32Array;

export const ALWAYS = -1;
export const NEVER = 2 ** 31 - 1;

/** Undefined when every row counts from its time on for good. */
export function rowChanges(
  rows: number,
  requests: number,
  { begin, end }: { readonly begin: Since | undefined; readonly end: Since | undefined },
): RowChanges | undefined {
  if (!begin && !end) return undefined;
  const known = new Uint8Array(rows);
  const changes: Since[] = [];
  for (let row = 0; row < rows; row++) if ((begin?.[row] ?? ALWAYS) === ALWAYS) known[row] = 1;
  const begins = new Int32Array(rows).fill(NEVER);
  const ends = new Int32Array(rows).fill(NEVER);
  for (let row = 0; row < rows; row++) {
    const first = begin?.[row] ?? ALWAYS;
    const last = end?.[row] ?? NEVER;
    // a row that ends before anyone knows it is never seen
    if (first >= last) continue;
    if (first !== ALWAYS) begins[row] = first;
    ends[row] = last;
  }
  changes.push(begins, ends);
  return { known, ...sortByRequest(changes, requests) };
}

/** A counting sort. */
function sortByRequest(changes: readonly Since[], requests: number): Pick<RowChanges, 'rows' | 'since'> {
  const places = new Int32Array(requests + 1);
  for (const change of changes) for (const request of change) if (request < requests) places[request + 1]!++;
  for (let request = 0; request < requests; request++) places[request + 1]! += places[request]!;
  const rows = new Int32Array(places[requests]!);
  const since = new Int32Array(rows.length);
  for (const change of changes) {
    for (let row = 0; row < change.length; row++) {
      const request = change[row]!;
      if (request >= requests) continue;
      const place = places[request]!++;
      rows[place] = row;
      since[place] = request;
    }
  }
  return { rows, since };
}

/** The changes of the rows of a filter. `places[row]` is the number of earlier rows that pass it. */
export function filterChanges(changes: RowChanges, passing: Int32Array, places: Int32Array): RowChanges {
  const known = new Uint8Array(passing.length);
  for (let place = 0; place < passing.length; place++) known[place] = changes.known[passing[place]!]!;
  const kept: number[] = [];
  for (let index = 0; index < changes.rows.length; index++) {
    const row = changes.rows[index]!;
    if (places[row + 1]! > places[row]!) kept.push(index);
  }
  return {
    known,
    rows: Int32Array.from(kept, (index) => places[changes.rows[index]!]!),
    since: Int32Array.from(kept, (index) => changes.since[index]!),
  };
}

/** Follows the changes: `take(request, change)` calls `change` for each row that changes up to the request. */
export class ChangingRows {
  /** By row, 1 while it counts. */
  readonly known: Uint8Array;
  readonly #changes: RowChanges;
  #next = 0;

  constructor(changes: RowChanges) {
    this.#changes = changes;
    this.known = changes.known.slice();
  }

  take(request: number, change: (row: number, known: boolean) => void): void {
    const { rows, since } = this.#changes;
    for (; this.#next < rows.length && since[this.#next]! <= request; this.#next++) {
      const row = rows[this.#next]!;
      const known = this.known[row] === 0;
      this.known[row] = known ? 1 : 0;
      change(row, known);
    }
  }
}
