import { describe, expect, it } from 'vitest';
import { applyTransform } from '../../../definitions/transforms.ts';
import type { FeatureValue } from '../../../contracts/values.ts';

type Case = readonly [string, Readonly<Record<string, unknown>>, FeatureValue, FeatureValue];

const CASES: readonly Case[] = [
  ['normalize', { min: 10, max: 20 }, 15n, 0.5],
  ['normalize', { min: 10, max: 20 }, 25, 1.5],
  ['normalize', { min: 10, max: 20 }, null, null],
  ['normalize', { min: 10, max: 10 }, 10, null],
  ['standardize', { mean: 4, std: 2 }, 1n, -1.5],
  ['standardize', { mean: 4, std: 2 }, null, null],
  ['standardize', { mean: 4, std: 0 }, 4, null],
  ['categoricalEncode', { mapping: { ORD: 0, JFK: 1 } }, 'JFK', 1],
  ['categoricalEncode', { mapping: { ORD: 0 } }, 'LAX', -1],
  ['categoricalEncode', { mapping: { ORD: 0 } }, null, -1],
  ['categoricalEncode', { mapping: { null: 3 } }, null, -1],
  ['categoricalEncode', { mapping: {} }, 'toString', -1],
  ['categoricalEncode', { mapping: { '7': 2 } }, 7n, 2],
  ['categoricalEncode', { mapping: { true: 1 } }, true, 1],
  ['aggregate', { function: 'mean' }, [1n, 2n, null], 1.5],
  ['aggregate', { function: 'sum' }, [1n, 2n, null], 3n],
  ['aggregate', { function: 'sum' }, [0.5, 2], 2.5],
  ['aggregate', { function: 'count' }, ['a', null, 'b'], 2],
  ['aggregate', { function: 'count' }, [], 0],
  ['aggregate', { function: 'sum' }, [], null],
  ['aggregate', { function: 'mean' }, [null], null],
  ['aggregate', { function: 'mean' }, null, null],
  ['aggregate', { function: 'mean' }, 5n, 5],
  ['clip', { min: -1, max: 1 }, 0.5, 0.5],
  ['clip', { min: -1, max: 1 }, -7, -1],
  ['clip', { min: -1, max: 1 }, Number.NaN, Number.NaN],
  ['clip', { min: -1, max: 1 }, null, null],
  ['clip', { min: 0, max: 10 }, 2n ** 60n, 10n],
  ['clip', { min: -10, max: 2 ** 53 - 1 }, 2n ** 53n - 2n, 2n ** 53n - 2n],
  ['log1p', {}, 0, 0],
  ['log1p', {}, -0, -0],
  ['log1p', {}, 1n, 0.6931471805599453],
  ['log1p', {}, 1e-300, 1e-300],
  ['log1p', {}, -1, Number.NEGATIVE_INFINITY],
  ['log1p', {}, -2, Number.NaN],
  ['log1p', {}, null, null],
  ['bucketize', { boundaries: [0, 10] }, -1, 0],
  ['bucketize', { boundaries: [0, 10] }, 0, 1],
  ['bucketize', { boundaries: [0, 10] }, 10n, 2],
  ['bucketize', { boundaries: [2 ** 53] }, 2n ** 53n - 1n, 0],
  ['bucketize', { boundaries: [0, 10] }, Number.NaN, 2],
  ['bucketize', { boundaries: [0, 10] }, null, null],
  ['hashEncode', { buckets: 1 }, 'JFK', 0],
  // the last eight bytes of MD5("a") as one number: 0x61267769e299c331
  ['hashEncode', { buckets: 1000 }, 'a', 937],
  ['hashEncode', { buckets: 1000 }, null, null],
];

describe('applyTransform', () => {
  it.each(CASES)('%s %o of %o', (name, parameters, value, expected) => {
    expect(applyTransform({ function: name, parameters, fitted: true }, value)).toEqual(expected);
  });

  it.each([
    [
      'an unknown function',
      { function: 'log', parameters: {}, fitted: true },
      /transform log: there is no such function; known: normalize/,
    ],
    [
      'an unfitted transform',
      { function: 'normalize', parameters: {}, fitted: false },
      /transform normalize: its parameters are not fitted yet; run `asof fit/,
    ],
    [
      'an unknown list function',
      { function: 'aggregate', parameters: { function: 'median' }, fitted: true },
      /there is no function "median"/,
    ],
  ])('refuses %s', (_title, transform, message) => {
    expect(() => applyTransform(transform, [1])).toThrow(message);
  });

  it('refuses an integer sum beyond 64 bits', () => {
    const transform = { function: 'aggregate', parameters: { function: 'sum' }, fitted: true };
    expect(() => applyTransform(transform, [2n ** 63n - 1n, 1n])).toThrow(
      expect.objectContaining({ code: 'INTEGER_OVERFLOW' }),
    );
  });
});
