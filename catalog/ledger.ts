/** What the interval ledger says: which time is done, which is dirty, and what is left to do. Pure. */
import type { LedgerEntry } from './catalog.ts';
import { cutToGrid, unionRanges } from './ranges.ts';
import type { TimeRange } from '../contracts/lake.ts';

/** Two disjoint range lists. Time in neither was never done, or removed. */
export interface FoldedLedger {
  readonly done: readonly TimeRange[];
  /** To be redone: new or changed rows touch it. */
  readonly dirty: readonly TimeRange[];
}

/** The parts of an entry that folding reads. */
export type FoldableEntry = Pick<LedgerEntry, 'position' | 'range' | 'operation' | 'inputSnapshot'>;

/**
 * Replays the entries of one ledger key by position, for every instant: `done` completes it, `dirty` and `removed` take
 * it away again. A `done` that had read an older source snapshot than an earlier `dirty` names leaves it dirty: that
 * work began before the new rows were there, and merely finished after them.
 */
export function foldLedger(entries: readonly FoldableEntry[]): FoldedLedger {
  const done: TimeRange[] = [];
  const dirty: TimeRange[] = [];
  for (const { range, entries: covering } of elementaryRanges(entries)) {
    const state = replay(covering);
    if (state === 'done') done.push(range);
    if (state === 'dirty') dirty.push(range);
  }
  return { done: unionRanges(done), dirty: unionRanges(dirty) };
}

/**
 * The pieces of `range` on the UTC grid of `chunkMicros` that are not wholly done, in order. Pieces at the ends are cut
 * to the range.
 */
export function missingIntervals(input: {
  readonly range: TimeRange;
  readonly chunkMicros: number;
  readonly folded: Pick<FoldedLedger, 'done'>;
}): readonly TimeRange[] {
  const { done } = input.folded;
  let next = 0;
  return cutToGrid(input.range, input.chunkMicros).filter((cell) => {
    while (next < done.length && done[next]!.to <= cell.from) next += 1;
    const cover = done[next];
    // `done` is a range list: a cell that is wholly done lies in one of its ranges
    return cover === undefined || cover.from > cell.from || cover.to < cell.to;
  });
}

type State = 'done' | 'dirty' | 'none';

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
