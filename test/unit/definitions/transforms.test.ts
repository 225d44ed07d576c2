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
      /the parameters are not known yet/,
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
