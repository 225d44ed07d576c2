import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldLedger, missingIntervals } from '../../../catalog/ledger.ts';
import type { FoldableEntry } from '../../../catalog/ledger.ts';
import { subtractRanges, unionRanges } from '../../../catalog/ranges.ts';
import type { TimeRange } from '../../../contracts/lake.ts';

const INSTANTS = Array.from({ length: 20 }, (_, index) => BigInt(index));

const range: fc.Arbitrary<TimeRange> = fc
  .tuple(fc.integer({ min: 0, max: 19 }), fc.integer({ min: 1, max: 20 }))
  .map(([from, length]) => ({ from: BigInt(from), to: BigInt(Math.min(from + length, 20)) }));

const entries: fc.Arbitrary<readonly FoldableEntry[]> = fc
  .array(
    fc.record({
      operation: fc.constantFrom('done' as const, 'dirty' as const, 'late' as const, 'removed' as const),
      range,
      inputSnapshot: fc.option(fc.integer({ min: 1, max: 4 })),
    }),
    { maxLength: 12 },
  )
  .map((list) => list.map((entry, index) => ({ ...entry, position: BigInt(index + 1) })));

/** One instant at a time: is it done, and is there data that the work on it has not read? */
function stateAt(list: readonly FoldableEntry[], at: bigint): 'done' | 'dirty' | 'late' | 'none' {
  const here = list.filter(({ range: { from, to } }) => from <= at && at < to);
  const last = here.at(-1);
  // late rows say nothing of what is not done
  if (last?.operation === 'late') {
    const before = stateAt(here.slice(0, -1), at);
    return before === 'done' ? 'late' : before;
  }
  if (last === undefined || last.operation === 'removed') return 'none';
  if (last.operation === 'dirty') return 'dirty';
  const overtaken = here.some(
    ({ operation, inputSnapshot }) =>
      (operation === 'dirty' || operation === 'late') &&
      (inputSnapshot ?? 0) > (last.inputSnapshot ?? Number.POSITIVE_INFINITY),
  );
  return overtaken ? 'dirty' : 'done';
}

function instantsOf(list: readonly TimeRange[]): readonly bigint[] {
  return INSTANTS.filter((at) => list.some(({ from, to }) => from <= at && at < to));
}

describe('foldLedger', () => {
  test('agrees with a replay for every single instant', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const folded = foldLedger(list);
        expect(instantsOf(folded.done)).toEqual(INSTANTS.filter((at) => stateAt(list, at) === 'done'));
        expect(instantsOf(folded.dirty)).toEqual(INSTANTS.filter((at) => stateAt(list, at) === 'dirty'));
        expect(instantsOf(folded.late)).toEqual(INSTANTS.filter((at) => stateAt(list, at) === 'late'));
        expect(folded.done).toEqual(unionRanges(folded.done));
        expect(folded.dirty).toEqual(unionRanges(folded.dirty));
      }),
      { numRuns: 500 },
    );
  });

  test('depends on positions, not on the order of the list', () => {
    fc.assert(
      fc.property(
        entries.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray([...list], { minLength: list.length })),
        ),
        ([list, shuffled]) => {
          expect(foldLedger(shuffled)).toEqual(foldLedger(list));
        },
      ),
    );
  });

  test('appending an entry a second time changes nothing', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const last = list.at(-1);
        const again = last ? [...list, { ...last, position: last.position + 1n }] : list;
        expect(foldLedger(again)).toEqual(foldLedger(list));
      }),
    );
  });
});

describe('missingIntervals', () => {
  const chunk = fc.integer({ min: 1, max: 6 });

  test('doing what is missing leaves nothing missing', () => {
    fc.assert(
      fc.property(entries, range, chunk, (list, whole, chunkMicros) => {
        const folded = foldLedger(list);
        const missing = missingIntervals({ range: whole, chunkMicros, folded });
        const after = { done: unionRanges(folded.done, missing), late: folded.late };
        expect(missingIntervals({ range: whole, chunkMicros, folded: after })).toEqual([]);
        expect(subtractRanges([whole], [...after.done, ...after.late])).toEqual([]);
      }),
    );
  });

  test('does no whole cell again', () => {
    fc.assert(
      fc.property(entries, range, chunk, (list, whole, chunkMicros) => {
        const folded = foldLedger(list);
        for (const cell of missingIntervals({ range: whole, chunkMicros, folded })) {
          expect(subtractRanges([cell], [...folded.done, ...folded.late])).not.toEqual([]);
        }
      }),
    );
  });
});
