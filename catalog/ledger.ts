/** What the interval ledger says: which time is done, which is dirty, and what is left to do. Pure. */
import type { LedgerEntry } from './catalog.ts';
import { cutToGrid, unionRanges } from './ranges.ts';
import type { TimeRange } from '../contracts/lake.ts';

/** Three disjoint range lists. Time in none of them was never done, or removed. */
export interface FoldedLedger {
  readonly done: readonly TimeRange[];
  /** To be redone: new or changed rows touch it. */
  readonly dirty: readonly TimeRange[];
  /** Done, until rows touched it that came later than their source allows: not to be read, and redone by a restatement only. */
  readonly late: readonly TimeRange[];
}

/** The parts of an entry that folding reads. */
export type FoldableEntry = Pick<LedgerEntry, 'position' | 'range' | 'operation' | 'inputSnapshot'>;

/**
 * Replays the entries of one ledger key by position, for every instant: `done` completes it, `dirty`, `late` and
 * `removed` take it away again. A `done` that had read an older source snapshot than an earlier `dirty` or `late` names leaves it
 * dirty: that work began before the new rows were there, and merely finished after them. `late` says nothing of time
 * that is not done: a backfill has it to do anyway.
 */
export function foldLedger(entries: readonly FoldableEntry[]): FoldedLedger {
  const done: TimeRange[] = [];
  const dirty: TimeRange[] = [];
  const late: TimeRange[] = [];
  for (const { range, entries: covering } of elementaryRanges(entries)) {
    const state = replay(covering);
    if (state === 'done') done.push(range);
    if (state === 'dirty') dirty.push(range);
    if (state === 'late') late.push(range);
  }
  return { done: unionRanges(done), dirty: unionRanges(dirty), late: unionRanges(late) };
}

/**
 * The pieces of `range` on the UTC grid of `chunkMicros` that a backfill has to do, in order: all but those that are wholly done, or
 * done but for what waits for a restatement. Pieces at the ends are cut to the range.
 */
export function missingIntervals(input: {
  readonly range: TimeRange;
  readonly chunkMicros: number;
  readonly folded: Pick<FoldedLedger, 'done'> & Partial<Pick<FoldedLedger, 'late'>>;
}): readonly TimeRange[] {
  const done = unionRanges(input.folded.done, input.folded.late ?? []);
  let next = 0;
  return cutToGrid(input.range, input.chunkMicros).filter((cell) => {
    while (next < done.length && done[next]!.to <= cell.from) next += 1;
    const cover = done[next];
    // a range list: a cell that is wholly done lies in one of its ranges
    return cover === undefined || cover.from > cell.from || cover.to < cell.to;
  });
}

type State = 'done' | 'dirty' | 'late' | 'none';

function replay(entries: readonly FoldableEntry[]): State {
  let state: State = 'none';
  let newestData = 0;
  for (const { operation, inputSnapshot } of entries) {
    switch (operation) {
      case 'done':
        state = inputSnapshot !== null && inputSnapshot < newestData ? 'dirty' : 'done';
        break;
      case 'dirty':
        newestData = Math.max(newestData, inputSnapshot ?? 0);
        state = 'dirty';
        break;
      case 'late':
        newestData = Math.max(newestData, inputSnapshot ?? 0);
        if (state === 'done') state = 'late';
        break;
      case 'removed':
        state = 'none';
        break;
    }
  }
  return state;
}

/** Cuts time at every end of an entry; each piece comes with the entries that cover it, by position. */
export function* elementaryRanges<Entry extends Pick<FoldableEntry, 'position' | 'range'>>(
  entries: readonly Entry[],
): Generator<{ readonly range: TimeRange; readonly entries: readonly Entry[] }> {
  const starts = [...entries].sort((a, b) => compare(a.range.from, b.range.from));
  const cuts = [...new Set(entries.flatMap(({ range }) => [range.from, range.to]))].sort(compare);
  let active: Entry[] = [];
  let next = 0;
  for (let cut = 0; cut + 1 < cuts.length; cut += 1) {
    const range = { from: cuts[cut]!, to: cuts[cut + 1]! };
    active = active.filter((entry) => entry.range.to > range.from);
    const before = next;
    while (next < starts.length && starts[next]!.range.from <= range.from) active.push(starts[next++]!);
    if (next > before) active.sort((a, b) => compare(a.position, b.position));
    yield { range, entries: active };
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
