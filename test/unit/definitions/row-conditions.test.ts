import { describe, expect, test } from 'vitest';
import { parseRowCondition, renameCondition } from '../../../definitions/row-conditions.ts';

describe('conditions of rows', () => {
  test.each([
    ['col("x").notnull()', { column: 'x', operator: 'notnull', value: null }],
    ["col('x').NotNull()", { column: 'x', operator: 'notnull', value: null }],
    ['col("x") == "a b"', { column: 'x', operator: '==', value: 'a b' }],
    ['col("x")!=\'it "is"\'', { column: 'x', operator: '!=', value: 'it "is"' }],
    ['col("x") <= -2.5e3', { column: 'x', operator: '<=', value: -2500 }],
    ['col("x") > 9007199254740993', { column: 'x', operator: '>', value: '9007199254740993' }],
    ['col("x") >= date("2024-01-01")', { column: 'x', operator: '>=', value: '2024-01-01' }],
    ['col("x") == True', { column: 'x', operator: '==', value: true }],
    ['col("x") == ""', { column: 'x', operator: '==', value: '' }],
  ])('%s', (text, condition) => {
    expect(parseRowCondition(text)).toEqual(condition);
  });

  test.each([
    'x == 1',
    'col("x")',
    'col("x") == 1 and col("y") == 2',
    'col("x") = 1',
    'col("x") == y',
    'col(x) > 1',
    '',
  ])('%j has none of the forms', (text) => {
    expect(parseRowCondition(text)).toBeUndefined();
  });

  test('speak of a column of another name', () => {
    expect(renameCondition('col("x") == "col(\'x\')"', (name) => `${name}_of`)).toBe('col("x_of") == "col(\'x\')"');
  });
});
