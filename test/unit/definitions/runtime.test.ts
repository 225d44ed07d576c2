import { describe, expect, it } from 'vitest';
import { Timestamp } from '../../../contracts/timestamp.ts';
import { collectDefinitions } from '../../../definitions/normalization/definition-set.ts';
import { createRuntime } from '../../../definitions/runtime.ts';
import { boolean, categorical, derivedView, embedding, numeric, timestamp } from '../../../index.ts';
import { request } from './project.ts';

const at = Timestamp.from('2024-01-06T00:00:00.000001Z');

/** What a view with one output of each type gives for what its function returns. */
function computeWith(returned: unknown): Readonly<Record<string, unknown>> {
  const view = derivedView('view', {
    inputs: [request],
    features: { n: numeric(), b: boolean(), c: categorical(), t: timestamp(), e: embedding(2) },
    compute: () => (typeof returned === 'function' ? (returned as () => never)() : (returned as never)),
  });
  const runtime = createRuntime(collectDefinitions([{ file: 'features.ts', exports: { view } }]));
  return runtime.compute('view', { request: {} }, { at });
}

describe('compute', () => {
  it('gives every declared feature in its TypeScript type', () => {
    const date = new Date(5);
    expect(computeWith({ n: 3n, b: false, c: 'x', t: date, e: [1, 2] })).toEqual({
      n: 3,
      b: false,
      c: 'x',
      t: new Timestamp(5000n),
      e: [1, 2],
    });
    expect(computeWith({ n: 1n << 60n })).toMatchObject({ n: 2 ** 60 });
    expect(computeWith({ t: at, n: undefined })).toEqual({ n: null, b: null, c: null, t: at, e: null });
  });

  it.each([
    ['a value of another type', { b: 1 }, 'view view, feature b: compute returned 1 for a boolean feature'],
    [
      'an integer that would be rounded',
      { n: 9007199254740993n },
      'view view, feature n: compute returned 9007199254740993 for a numeric feature, ' +
        'which holds no such integer exactly; return Number(value) to round it, or text to keep it',
    ],
    ['a vector of another size', { e: [1] }, 'view view, feature e: compute returned [1] for a embedding feature'],
    ['an unknown feature', { m: 1 }, 'view view: compute returned "m", which is not among its features: n, b, c, t, e'],
    ['nothing', undefined, 'view view: compute returned undefined; return an object, synchronously'],
    ['a promise', Promise.resolve({}), 'view view: compute returned a promise; return an object, synchronously'],
    [
      'an exception',
      () => {
        throw new TypeError('budget is null');
      },
      'view view: compute failed: budget is null',
    ],
  ])('refuses %s', (_title, returned, message) => {
    expect(() => computeWith(returned)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE', message }));
  });

  it('knows derived views only', () => {
    const runtime = createRuntime(collectDefinitions([]));
    expect(() => runtime.compute('clock', {}, { at })).toThrow(expect.objectContaining({ code: 'UNKNOWN_NAME' }));
  });
});
