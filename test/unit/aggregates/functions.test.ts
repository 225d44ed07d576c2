import { describe, expect, it } from 'vitest';
import { createAggregate } from '../../../aggregates/create-aggregate.ts';
import type { AggregateFunction, WindowManifest } from '../../../contracts/manifest.ts';
import type { StoredType } from '../../../contracts/values.ts';
import type { EngineValue } from '../../../engine/engine.ts';
import { aggregateFeature } from '../../world/world.ts';

const ALL: WindowManifest = { kind: 'all' };

describe('aggregate functions', () => {
  it('finish as null without a value, except count', () => {
    const values = [null, null];
    expect(evaluate('count', values, null)).toBe(2);
    expect(evaluate('count', [], null)).toBe(0);
    for (const name of [
      'sum',
      'mean',
      'stddev',
      'variance',
      'min',
      'max',
      'first',
      'last',
      'approxCountDistinct',
    ] as const) {
      expect(evaluate(name, values, 'int64')).toBeNull();
    }
    for (const name of ['approxQuantile', 'mostFrequent', 'collectDistinct'] as const) {
      expect(evaluate(name, values, 'int64')).toBeNull();
    }
    expect(evaluate('lastN', values, 'int64', { kind: 'last', count: 2 })).toBeNull();
  });

  it('sum int64 exactly, through an overflow on the way', () => {
    const most = 2n ** 63n - 1n;
    expect(evaluate('sum', [most, 1n, -2n], 'int64')).toBe(most - 1n);
    expect(evaluate('sum', [2n ** 53n, 1n], 'int64')).toBe(9_007_199_254_740_993n);
  });

  it('refuse an int64 sum that does not fit', () => {
    expect(() => evaluate('sum', [2n ** 63n - 1n, 1n], 'int64')).toThrow(
      expect.objectContaining({ code: 'INTEGER_OVERFLOW', details: { where: 'tested', column: 'amount' } }),
    );
  });

  it('sum float64 without losing small terms beside a large one', () => {
    expect(evaluate('sum', [1e16, ...new Array<number>(1000).fill(1), -1e16], 'float64')).toBe(1000);
  });

  it('let an infinity stay infinite, and opposite ones be NaN', () => {
    expect(evaluate('sum', [1, Infinity, 2], 'float64')).toBe(Infinity);
    expect(evaluate('mean', [1, -Infinity], 'float64')).toBe(-Infinity);
    expect(evaluate('sum', [Infinity, -Infinity], 'float64')).toBeNaN();
    expect(evaluate('stddev', [1, Infinity, 2], 'float64')).toBeNaN();
  });

  it('take the sample deviation, exact far from zero, null below two values', () => {
    expect(evaluate('stddev', [1e15 + 1, 1e15 + 2, 1e15 + 3], 'float64')).toBe(1);
    expect(evaluate('stddev', [2n, 4n, 4n, 4n, 5n, 5n, 7n, 9n], 'int64')).toBeCloseTo(2.13809, 5);
    expect(evaluate('stddev', [5], 'float64')).toBeNull();
    expect(evaluate('variance', [1e15 + 1, 1e15 + 2, 1e15 + 3], 'float64')).toBe(1);
    expect(evaluate('variance', [5n], 'int64')).toBeNull();
    expect(evaluate('variance', [1, Infinity], 'float64')).toBeNaN();
  });

  it('answer with the most frequent value, the least of those that are equally frequent', () => {
    expect(evaluate('mostFrequent', ['b', 'a', null, 'b', 'c', 'a'], 'string')).toBe('a');
    expect(evaluate('mostFrequent', [Number.NaN, -0, 0, Number.NaN], 'float64')).toBe(0);
    expect(evaluate('mostFrequent', [true, false, true], 'boolean')).toBe(true);
    expect(evaluate('mostFrequent', [2n ** 63n - 1n, 1n, 2n ** 63n - 1n], 'int64')).toBe(2n ** 63n - 1n);
  });

  it('list distinct values in order, and the least of too many', () => {
    expect(evaluate('collectDistinct', ['b', '\u{1F6E9}', '\uFF5E', 'b', null, ''], 'string')).toEqual([
      '',
      'b',
      '\uFF5E',
      '\u{1F6E9}',
    ]);
    expect(evaluate('collectDistinct', [Number.NaN, 1, -0, 0, -Infinity], 'float64')).toEqual([
      -Infinity,
      0,
      1,
      Number.NaN,
    ]);
    expect(evaluate('collectDistinct', [5n, 4n, 3n, 2n, 1n, 0n], 'int64')).toEqual([0n, 1n, 2n, 3n, 4n]);
  });

  it('order NaN above every number, and minus zero with zero', () => {
    expect(evaluate('max', [1, Number.NaN, Infinity], 'float64')).toBeNaN();
    expect(evaluate('min', [Number.NaN, 1, Number.NaN], 'float64')).toBe(1);
    expect(evaluate('min', [Number.NaN], 'float64')).toBeNaN();
    expect(evaluate('min', [0, -0], 'float64')).toBe(0);
    expect(evaluate('max', [-0], 'float64')).toBe(0);
  });

  it('order text by code point, as its UTF-8 bytes', () => {
    expect(evaluate('max', ['\u{1F6E9}', '\uFF5E', 'z'], 'string')).toBe('\u{1F6E9}');
    expect(evaluate('min', ['ab', 'a', 'b'], 'string')).toBe('a');
  });

  it('keep nulls in a last-N window and skip them afterwards', () => {
    const window: WindowManifest = { kind: 'last', count: 3 };
    const values = [7n, 1n, null, 2n];
    expect(evaluate('count', values, null, window)).toBe(3);
    expect(evaluate('sum', values, 'int64', window)).toBe(3n);
    expect(evaluate('first', values, 'int64', window)).toBe(1n);
    expect(evaluate('lastN', values, 'int64', window)).toEqual([2n, 1n]);
  });

  it('refuse a column that the function does not take', () => {
    for (const [name, type] of [
      ['sum', 'string'],
      ['stddev', 'timestamp'],
      ['min', 'float32[2]'],
      ['approxCountDistinct', 'int64[]'],
      ['lastN', 'int64'],
      ['approxQuantile', 'timestamp'],
      ['mostFrequent', 'int64[]'],
      ['collectDistinct', 'float32[2]'],
    ] as const) {
      expect(() => evaluate(name, [], type)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
    }
  });
});

/** Over rows in order. */
function evaluate(
  name: AggregateFunction,
  values: readonly EngineValue[],
  type: StoredType | null,
  window: WindowManifest = ALL,
): EngineValue {
  const feature = aggregateFeature('tested', {
    function: name,
    column: type === null ? null : 'amount',
    window,
    where: [],
    ...(name === 'approxQuantile' && { quantile: 0.5 }),
    ...(name === 'collectDistinct' && { limit: 5 }),
  });
  const aggregate = createAggregate(feature, type);
  const state = values.reduce<unknown>(
    (before, value, row) => aggregate.add(before, value, { event: BigInt(row), created: null, sequence: BigInt(row) }),
    aggregate.empty(),
  );
  return aggregate.finish(state)!;
}
