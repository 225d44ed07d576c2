import { describe, expect, test } from 'vitest';
import type { ExpectationManifest } from '../../../contracts/manifest.ts';
import type { ColumnType } from '../../../contracts/values.ts';
import { rowRuleResult } from '../../../quality/row-counts.ts';
import { compileRowRules } from '../../../quality/row-rules.ts';
import { ruleValue } from '../../../quality/rule-values.ts';
import type { EngineValue } from '../../../engine/engine.ts';

const rule = (type: string, args: object): ExpectationManifest => ({
  type,
  level: 'row',
  arguments: { column: 'x', ...args },
  severity: 'critical',
  onFailure: 'fail',
});

function compile(type: ColumnType, ...expectations: readonly ExpectationManifest[]) {
  return compileRowRules({ name: 's', columns: [{ name: 'x', type, from: 'x' }], expectations });
}

/** Whether the value of column `x` holds. */
function holds(type: ColumnType, expectation: ExpectationManifest, value: EngineValue): boolean {
  return compile(type, expectation).check({ x: ruleValue(value) }).length === 0;
}

const between = (args: object) => rule('expect_column_values_to_be_between', args);

describe('nulls', () => {
  test('every rule but those about nulls lets a missing value pass', () => {
    for (const missing of [null, Number.NaN]) {
      expect(holds('float64', between({ min_value: 0 }), missing)).toBe(true);
      expect(holds('float64', rule('expect_column_values_to_be_in_set', { value_set: [1] }), missing)).toBe(true);
      expect(holds('float64', rule('expect_column_values_to_not_be_null', {}), missing)).toBe(false);
      expect(holds('float64', rule('expect_column_values_to_be_null', {}), missing)).toBe(true);
    }
    expect(holds('float64', rule('expect_column_values_to_not_be_null', {}), Number.POSITIVE_INFINITY)).toBe(true);
    expect(holds('int64', rule('expect_column_values_to_be_null', {}), 0n)).toBe(false);
    expect(holds('string[]', rule('expect_column_values_to_not_be_null', {}), ['a', null])).toBe(true);
  });
});

describe('between', () => {
  test.each([
    [{ min_value: 0, max_value: 10 }, 0n, true],
    [{ min_value: 0, max_value: 10 }, 10n, true],
    [{ min_value: 0, max_value: 10, strict_min: true }, 0n, false],
    [{ min_value: 0, max_value: 10, strict_max: true }, 10n, false],
    [{ min_value: 0 }, -5n, false],
    [{ max_value: 2.5 }, 3n, false],
    [{ min_value: '9007199254740993' }, 9007199254740992n, false],
    [{ min_value: '9007199254740993' }, 9007199254740993n, true],
    [{ max_value: 10 }, -9223372036854775808n, true],
  ])('%j of the integer %s is %s', (args, value, expected) => {
    expect(holds('int64', between(args), value)).toBe(expected);
  });

  test('infinity is outside any finite bound, and inside none', () => {
    expect(holds('float64', between({ min_value: 0, max_value: 10 }), Number.POSITIVE_INFINITY)).toBe(false);
    expect(holds('float64', between({ min_value: 0 }), Number.POSITIVE_INFINITY)).toBe(true);
  });

  test('instants compare by the microsecond, text by bytes', () => {
    const since = between({ min_value: '2024-01-01T00:00:00.000001Z' });
    expect(holds('timestamp', since, 1704067200000001n)).toBe(true);
    expect(holds('timestamp', since, 1704067200000000n)).toBe(false);
    expect(holds('string', between({ min_value: 'b' }), 'a')).toBe(false);
    expect(holds('string', between({ max_value: '\uFF5E' }), '\u{1F600}')).toBe(false);
  });
});

describe('sets, patterns and lengths', () => {
  test('sets compare typed values', () => {
    const inSet = rule('expect_column_values_to_be_in_set', { value_set: [1, '9007199254740993'] });
    expect(holds('int64', inSet, 1n)).toBe(true);
    expect(holds('int64', inSet, 9007199254740993n)).toBe(true);
    expect(holds('int64', inSet, 9007199254740992n)).toBe(false);
    const notInSet = rule('expect_column_values_to_not_be_in_set', { value_set: ['a'] });
    expect(holds('string', notInSet, 'a')).toBe(false);
    expect(holds('string', notInSet, 'b')).toBe(true);
    expect(holds('string', rule('expect_column_values_to_be_in_set', { value_set: [] }), 'a')).toBe(false);
  });

  test('a pattern searches, with case, in linear time', () => {
    const matches = rule('expect_column_values_to_match_regex', { regex: 'abc' });
    expect(['abc', 'xabc', 'ABC', ''].map((text) => holds('string', matches, text))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    const bomb = rule('expect_column_values_to_match_regex', { regex: '^(a+)+$' });
    expect(holds('string', bomb, `${'a'.repeat(50_000)}b`)).toBe(false);
  });

  test('lengths count code points', () => {
    const lengths = rule('expect_column_value_lengths_to_be_between', { min_value: 1, max_value: 2 });
    expect(['', 'é', '😀😀', 'abc'].map((text) => holds('string', lengths, text))).toEqual([false, true, true, false]);
    const strict = rule('expect_column_value_lengths_to_be_between', { max_value: 2, strict_max: true });
    expect(['a', 'ab'].map((text) => holds('string', strict, text))).toEqual([true, false]);
  });
});

describe('one validator for all rules', () => {
  test('names every rule that a row breaks, once', () => {
    const rules = compile(
      'int64',
      between({ min_value: 0, max_value: 1 }),
      rule('expect_column_values_to_not_be_null', {}),
      rule('expect_column_values_to_be_in_set', { value_set: [7] }),
    );
    expect(rules.columns).toEqual(['x']);
    expect(rules.check({ x: 5 })).toEqual([0, 2]);
    expect(rules.check({ x: 7 })).toEqual([0]);
    expect(rules.check({ x: null })).toEqual([1]);
    expect([0, 1, 2].map((position) => rules.view(position, { x: null }))).toEqual(['missing', 'seen', 'missing']);
  });

  test('columns named like properties of every object are columns', () => {
    const expectation = rule('expect_column_values_to_not_be_null', { column: 'toString' });
    const columns = [{ name: 'toString', type: 'string', from: 'toString' }] as const;
    const rules = compileRowRules({ name: 's', columns, expectations: [expectation] });
    expect(rules.check({})).toEqual([0]);
  });

  test('an argument that is no value of the column is an error', () => {
    const wrong = rule('expect_column_values_to_be_in_set', { value_set: ['a'] });
    expect(() => compile('int64', wrong)).toThrow(/source s: .*value_set.*"a" is not a value of type int64/);
  });
});

describe('mostly', () => {
  const result = (mostly: number, counts: readonly [number, number, number]) => {
    const [elements, missing, unexpected] = counts;
    return rowRuleResult(between({ min_value: 0, mostly }), { elements, missing, unexpected });
  };

  test('is a share of the values that are there', () => {
    expect(result(0.995, [1000, 0, 5]).success).toBe(true);
    expect(result(0.995, [1000, 1, 5]).success).toBe(false);
    expect(result(1, [10, 9, 0]).success).toBe(true);
  });

  test('no rows, and nothing but nulls, hold', () => {
    expect(result(1, [0, 0, 0])).toMatchObject({
      success: true,
      result: { element_count: 0, unexpected_percent: null, missing_percent: null },
    });
    expect(result(0.5, [3, 3, 0])).toMatchObject({
      success: true,
      result: { missing_percent: 100, unexpected_percent: null, unexpected_percent_total: 0 },
    });
  });
});
