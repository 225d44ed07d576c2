import { expect, test } from 'vitest';
import { pairsOf, pairwise } from '../../support/pairwise.ts';

const FACTORS = { lake: ['local', 's3'], shards: [1, 2, 7], workers: [1, 4], tiles: [false, true] };

test('every value of one factor meets every value of every other', () => {
  const met = new Set(pairwise(FACTORS).flatMap(pairsOf));
  for (const [left, values] of Object.entries(FACTORS)) {
    for (const [right, others] of Object.entries(FACTORS)) {
      if (left >= right) continue;
      for (const value of values) {
        for (const other of others) {
          const either = [`${left}=${value} ${right}=${other}`, `${right}=${other} ${left}=${value}`];
          expect(
            either.some((pair) => met.has(pair)),
            either[0],
          ).toBe(true);
        }
      }
    }
  }
});

test('takes far fewer combinations than there are', () => {
  expect(pairwise(FACTORS).length).toBeLessThanOrEqual(8);
});
