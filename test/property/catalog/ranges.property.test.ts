import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutToGrid, intersectRanges, subtractRanges, unionRanges } from '../../../catalog/ranges.ts';
import type { TimeRange } from '../../../contracts/lake.ts';

/** Instants from -12 to 12: small enough that a set of them is the oracle. */
const INSTANTS = Array.from({ length: 25 }, (_, index) => BigInt(index - 12));

const instant = fc.bigInt({ min: -12n, max: 13n });
const range: fc.Arbitrary<TimeRange> = fc.record({ from: instant, to: instant });
const ranges = fc.array(range, { maxLength: 8 });

/** The instants that the ranges hold. An empty range, also one with its ends swapped, holds none. */
function instantsOf(list: readonly TimeRange[]): readonly bigint[] {
  return INSTANTS.filter((at) => list.some(({ from, to }) => from <= at && at < to));
}

/** Sorted, disjoint, not touching, none empty. */
function isRangeList(list: readonly TimeRange[]): boolean {
  return list.every(({ from, to }, index) => from < to && (index === 0 || list[index - 1]!.to < from));
}

function expectSame(list: readonly TimeRange[], instants: readonly bigint[]): void {
  expect(instantsOf(list)).toEqual(instants);
  expect(isRangeList(list)).toBe(true);
}

describe('range lists hold the instants that sets would', () => {
  test('union', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        const inEither = INSTANTS.filter((at) => instantsOf(a).includes(at) || instantsOf(b).includes(at));
        expectSame(unionRanges(a, b), inEither);
      }),
    );
  });

  test('subtraction', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        const left = instantsOf(a).filter((at) => !instantsOf(b).includes(at));
        expectSame(subtractRanges(a, b), left);
      }),
    );
  });

  test('intersection', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        const both = instantsOf(a).filter((at) => instantsOf(b).includes(at));
        expectSame(intersectRanges(a, b), both);
      }),
    );
  });
});

test('the cells of a range tile it, and each lies in one cell of the grid', () => {
  fc.assert(
    fc.property(range, fc.integer({ min: 1, max: 7 }), (whole, step) => {
      const cells = cutToGrid(whole, step);
      expect(cells.flatMap((cell) => instantsOf([cell]))).toEqual(instantsOf([whole]));
      const cellOf = (at: bigint) => Math.floor(Number(at) / step);
      for (const { from, to } of cells) expect(cellOf(from)).toBe(cellOf(to - 1n));
      expect(new Set(cells.map(({ from }) => cellOf(from))).size).toBe(cells.length);
    }),
  );
});
