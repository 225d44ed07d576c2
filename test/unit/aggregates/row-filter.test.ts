import { describe, expect, it } from 'vitest';
import { passesFilter, readFilter } from '../../../aggregates/row-filter.ts';
import type { JsonScalar, StoredType } from '../../../contracts/values.ts';
import type { EngineValue } from '../../../engine/engine.ts';

describe('a filter', () => {
  it('reads its values by the type of the column', () => {
    expect(passes('int64', ['9007199254740993'], 9_007_199_254_740_993n)).toBe(true);
    expect(passes('int64', [7], 7n)).toBe(true);
    expect(passes('float64', ['NaN'], Number.NaN)).toBe(true);
    expect(passes('float64', [0], -0)).toBe(true);
    expect(passes('boolean', [false], false)).toBe(true);
    expect(passes('timestamp', ['1970-01-01T00:00:00.000001Z'], 1n)).toBe(true);
    expect(passes('string', ['7'], '7')).toBe(true);
  });

  it('takes null for null, and for nothing else', () => {
    expect(passes('string', ['a', null], null)).toBe(true);
    expect(passes('string', ['a'], null)).toBe(false);
    expect(passes('string', [null], 'a')).toBe(false);
  });

  it('takes a row when every column has one of its values', () => {
    const filter = readFilter(
      [
        { column: 'a', values: ['x', 'y'] },
        { column: 'b', values: ['z'] },
      ],
      () => 'string',
    );
    const row = (a: string, b: string) => (column: string) => (column === 'a' ? a : b);
    expect(passesFilter(filter, row('y', 'z'))).toBe(true);
    expect(passesFilter(filter, row('y', 'x'))).toBe(false);
    expect(passesFilter([], row('y', 'x'))).toBe(true);
  });

  it('refuses a value that is not of the column’s type', () => {
    for (const [type, value] of [
      ['int64', '1.5'],
      ['int64', true],
      ['string', 1],
      ['boolean', 'true'],
      ['float64', ''],
      ['float64', 'x'],
    ] as const) {
      expect(() => passes(type, [value], null)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
    }
    expect(() => passes('timestamp', ['soon'], null)).toThrow(expect.objectContaining({ code: 'INVALID_INSTANT' }));
  });
});

function passes(type: StoredType, values: readonly JsonScalar[], value: EngineValue): boolean {
  return passesFilter(
    readFilter([{ column: 'c', values }], () => type),
    () => value,
  );
}
