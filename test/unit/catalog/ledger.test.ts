import { describe, expect, test } from 'vitest';
import type { LedgerOperation } from '../../../catalog/catalog.ts';
import { foldLedger, missingIntervals } from '../../../catalog/ledger.ts';
import type { FoldableEntry } from '../../../catalog/ledger.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, requireInstant } from '../../../contracts/time.ts';

const range = (from: number, to: number) => ({ from: BigInt(from), to: BigInt(to) });

/** Entries in the order of their positions. */
function ledger(
  ...entries: readonly (readonly [LedgerOperation, number, number, number?])[]
): readonly FoldableEntry[] {
  return entries.map(([operation, from, to, inputSnapshot], index) => ({
    position: BigInt(index + 1),
    operation,
    range: range(from, to),
    inputSnapshot: inputSnapshot ?? null,
  }));
}

describe('foldLedger', () => {
  test('an empty ledger has nothing done', () => {
    expect(foldLedger([])).toEqual({ done: [], dirty: [], late: [] });
  });

  test('joins touching intervals', () => {
    expect(foldLedger(ledger(['done', 0, 10], ['done', 10, 20]))).toEqual({
      done: [range(0, 20)],
      dirty: [],
      late: [],
    });
  });

  test('dirty takes its range out of done, and a later done puts it back', () => {
    const entries = ledger(['done', 0, 30], ['dirty', 10, 20], ['done', 10, 20]);
    expect(foldLedger(entries.slice(0, 2))).toEqual({
      done: [range(0, 10), range(20, 30)],
      dirty: [range(10, 20)],
      late: [],
    });
    expect(foldLedger(entries)).toEqual({ done: [range(0, 30)], dirty: [], late: [] });
  });

  test('removed leaves neither done nor dirty', () => {
    const entries = ledger(['done', 0, 30], ['dirty', 10, 20], ['removed', 5, 15]);
    expect(foldLedger(entries)).toEqual({ done: [range(0, 5), range(20, 30)], dirty: [range(15, 20)], late: [] });
  });

  test('the order of the entries in the list does not matter, their positions do', () => {
    const entries = ledger(['done', 0, 30], ['dirty', 10, 20], ['done', 10, 20], ['removed', 0, 5]);
    expect(foldLedger([...entries].reverse())).toEqual(foldLedger(entries));
  });

  test('work that had not read the rows that made an interval dirty leaves it dirty', () => {
    const stale = ledger(['dirty', 0, 10, 5], ['done', 0, 10, 4]);
    expect(foldLedger(stale)).toEqual({ done: [], dirty: [range(0, 10)], late: [] });
    expect(foldLedger(ledger(['dirty', 0, 10, 5], ['done', 0, 10, 5]))).toEqual({
      done: [range(0, 10)],
      dirty: [],
      late: [],
    });
  });

  test('a removal does not make old work good', () => {
    expect(foldLedger(ledger(['dirty', 0, 10, 5], ['removed', 0, 10], ['done', 0, 10, 4])).done).toEqual([]);
  });

  test('late rows take what is done out of it, and leave alone what is to be done anyway', () => {
    const entries = ledger(['done', 0, 20, 1], ['dirty', 15, 20, 2], ['late', 10, 30, 3]);
    expect(foldLedger(entries)).toEqual({ done: [range(0, 10)], dirty: [range(15, 20)], late: [range(10, 15)] });
    const restated = ledger(
      ...([
        ['done', 0, 20, 1],
        ['dirty', 15, 20, 2],
        ['late', 10, 30, 3],
      ] as const),
      ...([
        ['removed', 10, 20],
        ['done', 10, 20, 3],
      ] as const),
    );
    expect(foldLedger(restated)).toEqual({ done: [range(0, 20)], dirty: [], late: [] });
  });

  test('work that had not read late rows is dirty: a backfill was at it already', () => {
    expect(foldLedger(ledger(['late', 0, 10, 5], ['done', 0, 10, 4]))).toEqual({
      done: [],
      dirty: [range(0, 10)],
      late: [],
    });
  });

  test('20,000 intervals, each redone once', () => {
    const first = Array.from({ length: 20_000 }, (_, i) => ['done', i * 10, i * 10 + 10, 1] as const);
    const again = first.map(([, from, to]) => ['done', from, to, 2] as const);
    expect(foldLedger(ledger(...first, ['dirty', 0, 200_000, 2], ...again)).done).toEqual([range(0, 200_000)]);
  });
});

describe('missingIntervals', () => {
  const day = (date: string) => requireInstant(date, 'test');

  test('cuts on the UTC grid, and to the range at its ends', () => {
    const missing = missingIntervals({
      range: { from: day('2024-01-01T12:00:00Z'), to: day('2024-01-03T06:00:00Z') },
      chunkMicros: MICROS_PER_DAY,
      folded: { done: [] },
    });
    expect(missing).toEqual([
      { from: day('2024-01-01T12:00:00Z'), to: day('2024-01-02T00:00:00Z') },
      { from: day('2024-01-02T00:00:00Z'), to: day('2024-01-03T00:00:00Z') },
      { from: day('2024-01-03T00:00:00Z'), to: day('2024-01-03T06:00:00Z') },
    ]);
  });

  test('leaves to a restatement a cell with late rows in a part and nothing else to do', () => {
    const folded = { done: [range(0, 4), range(10, 12), range(20, 24)], late: [range(4, 10), range(12, 16)] };
    const missing = missingIntervals({ range: range(0, 30), chunkMicros: 10, folded });
    expect(missing).toEqual([range(10, 20), range(20, 30)]);
  });

  test('keeps a cell that is done in part, and drops one that is done wholly', () => {
    const hour = BigInt(MICROS_PER_HOUR);
    const missing = missingIntervals({
      range: { from: 0n, to: 3n * hour },
      chunkMicros: MICROS_PER_HOUR,
      folded: { done: [{ from: hour - 1n, to: 3n * hour - 1n }] },
    });
    expect(missing).toEqual([
      { from: 0n, to: hour },
      { from: 2n * hour, to: 3n * hour },
    ]);
  });

  test('cells before 1970 stand on the same grid', () => {
    const missing = missingIntervals({ range: range(-15, 5), chunkMicros: 10, folded: { done: [] } });
    expect(missing).toEqual([range(-15, -10), range(-10, 0), range(0, 5)]);
  });
});
