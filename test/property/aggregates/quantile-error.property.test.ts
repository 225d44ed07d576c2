/** The stated error of approximate quantiles, measured against exact ones. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createQuantile } from '../../../aggregates/quantile.ts';
import { bucketCode, bucketValue, quantileRank } from '../../../aggregates/quantile-bucket.ts';

/** The bound that SPEC, the language and the ADR state. */
const RELATIVE_ERROR = 1 / 128;
const LEAST_NORMAL = 2 ** -1022;
const ORDER = { event: 0n, created: null, sequence: 0n };
const QUANTILES = [0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1];
const VALUES = 20_000;
const SEED = 1_704_067_200;

/** From uniform draws u and v in (0, 1). */
const DISTRIBUTIONS: Readonly<Record<string, (u: number, v: number) => number>> = {
  uniform: (u) => u * 1000,
  normal: (u, v) => 50 + 10 * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v),
  'normal around zero': (u, v) => Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v),
  'log-normal': (u, v) => Math.exp(2 * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v)),
  exponential: (u) => -Math.log(u) / 1e-6,
  'heavy-tailed Pareto': (u) => u ** -4,
  Cauchy: (u) => Math.tan(Math.PI * (u - 0.5)),
  'two peaks': (u, v) => (v < 0.5 ? u : 1e9 + u),
  'whole numbers': (u) => Math.floor(u * 5000),
  'over all magnitudes': (u, v) => (v < 0.5 ? -1 : 1) * 10 ** (600 * u - 300),
};

describe('approxQuantile', () => {
  it.each(Object.entries(DISTRIBUTIONS))('is within 1/128 of the exact quantile: %s', (_name, draw) => {
    const random = generator(SEED);
    const values = Float64Array.from({ length: VALUES }, () => draw(random(), random()));
    const ordered = values.toSorted();
    for (const p of QUANTILES) {
      const quantile = createQuantile(p);
      const state = values.reduce((before, value) => quantile.add(before, value, ORDER), quantile.empty());
      const exact = ordered[Math.max(1, Math.ceil(p * VALUES)) - 1]!;
      const got = quantile.finish(state) as number;
      expect(Math.abs(got - exact), `p ${p}: ${got}, exactly ${exact}`).toBeLessThanOrEqual(
        Math.abs(exact) * RELATIVE_ERROR,
      );
    }
  });

  it('takes no more room than 64 buckets for each power of two', () => {
    const quantile = createQuantile(0.5);
    const random = generator(7);
    let state = quantile.empty();
    for (let row = 0; row < VALUES; row++) state = quantile.add(state, 1 + 1023 * random(), ORDER);
    expect(state.size).toBeGreaterThan(500);
    expect(state.size).toBeLessThanOrEqual(10 * 64 + 1);
  });
});

describe('a bucket', () => {
  it('is within 1/128 of every finite number in it', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const stands = bucketValue(bucketCode(value));
        if (Math.abs(value) < LEAST_NORMAL) expect(stands).toBe(0);
        else expect(Math.abs(stands - value)).toBeLessThanOrEqual(Math.abs(value) * RELATIVE_ERROR);
      }),
      { numRuns: 20_000 },
    );
  });

  it('has a code that compares as the numbers do', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (a, b) => {
        if (a < b) expect(bucketCode(a)).toBeLessThanOrEqual(bucketCode(b));
        expect(bucketCode(a)).toBeLessThan(bucketCode(Number.NaN));
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([0, 1, 2, 127, 128, -100, 0.5, 2 ** -1022, Infinity, -Infinity, Number.NaN])('keeps %s', (value) => {
    expect(bucketValue(bucketCode(value))).toBe(value);
  });

  it.each([
    [-0, 0],
    [5e-324, 0],
    [129, 130],
    [-129, -130],
    [1e-310, 0],
    [Number.MAX_VALUE, 1.984375 * 2 ** 1023],
  ])('of %s is %s', (value, stands) => {
    expect(bucketValue(bucketCode(value))).toBe(stands);
  });
});

describe('the rank of a quantile', () => {
  it.each([
    [100, 0.07, 7],
    [10, 0.1, 1],
    [10, 0.100001, 2],
    [1, 0, 1],
    [3, 0.5, 2],
    [4, 0.5, 2],
    [4, 1, 4],
    [1_000_000_007, 0.999999, 999_999_007],
  ])('of %i values at %d is %i', (count, p, rank) => {
    expect(quantileRank(count, p)).toBe(rank);
  });
});

/** Uniform draws from (0, 1), the same for the same seed: mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}
