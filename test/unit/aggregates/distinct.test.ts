import { describe, expect, it } from 'vitest';
import { APPROX_COUNT_DISTINCT, DISTINCT_HASHES, type DistinctState } from '../../../aggregates/distinct.ts';
import { distinctHash } from '../../../aggregates/distinct-hash.ts';

const ORDER = { event: 0n, created: null, sequence: 0n };

describe('the distinct sketch', () => {
  it('is exact below k values, however often they come', () => {
    expect(countOf([...numbers(0, 1023), ...numbers(0, 1023)])).toBe(1023);
  });

  it('stays within five standard errors above', () => {
    for (const distinct of [1024, 5000, 40_000]) {
      const error = countOf(numbers(0, distinct)) / distinct - 1;
      expect(Math.abs(error)).toBeLessThan(5 / Math.sqrt(DISTINCT_HASHES - 2));
    }
  });

  it('depends on the set of values alone', () => {
    const [first, second] = [take(numbers(0, 3000)), take(numbers(2000, 6000))];
    const whole = take(numbers(0, 6000).reverse());
    expect(APPROX_COUNT_DISTINCT.merge(first, second)).toEqual(whole);
    expect(APPROX_COUNT_DISTINCT.merge(second, first)).toEqual(whole);
  });

  it('takes equal floats as one value: minus zero as zero, every NaN as NaN', () => {
    expect(distinctHash(-0)).toBe(distinctHash(0));
    expect(countOf([0, -0, Number.NaN, Number.NaN, Infinity, -Infinity])).toBe(4);
  });
});

function numbers(from: number, to: number): bigint[] {
  return Array.from({ length: to - from }, (_, index) => BigInt(from + index));
}

function take(values: readonly (bigint | number)[]): DistinctState {
  return values.reduce<DistinctState>(
    (state, value) => APPROX_COUNT_DISTINCT.add(state, value, ORDER),
    APPROX_COUNT_DISTINCT.empty(),
  );
}

function countOf(values: readonly (bigint | number)[]): number {
  return APPROX_COUNT_DISTINCT.finish(take(values)) as number;
}
