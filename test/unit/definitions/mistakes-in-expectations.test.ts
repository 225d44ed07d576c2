import { describe, expect, test } from 'vitest';
import { expectation, fileSource } from '../../../index.ts';
import { manifestOf } from './project.ts';

const schema = {
  at: 'timestamp',
  n: 'int64',
  share: 'float64',
  name: 'string',
  other: 'string',
  ok: 'boolean',
  tags: 'string[]',
} as const;

function problemOf(type: string, args: Readonly<Record<string, unknown>>): string {
  const expectations = [expectation(`expect_${type}`, args)];
  const source = fileSource('s', { path: 'a.csv', timestamp: 'at', schema, expectations });
  try {
    manifestOf({ source });
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('mistakes in expectations name the place and the mend', () => {
  test.each([
    [
      'column_values_to_not_match_regex',
      { column: 'name', regex: '(?=a)' },
      /regex: .* is not valid; give a regular expression in RE2/,
    ],
    [
      'column_values_to_match_regex',
      { column: 'name', regex: '(?<year>a)' },
      /a named group is written \(\?P<name>…\)/,
    ],
    ['column_values_to_match_regex_list', { column: 'name', regex_list: [] }, /give a list of regular expressions/],
    [
      'column_values_to_match_regex_list',
      { column: 'name', regex_list: ['a'], match_on: 'some' },
      /match_on: "some" is not valid; choose one of any, all/,
    ],
    [
      'column_values_to_match_like_pattern',
      { column: 'name', like_pattern: 'a!', escape: '!' },
      /it ends with the escape "!"/,
    ],
    [
      'column_values_to_match_like_pattern',
      { column: 'name', like_pattern: 'a', escape: '!!' },
      /escape: "!!" is not valid; give one character/,
    ],
    [
      'column_values_to_be_of_type',
      { column: 'name', type_: 'strin' },
      /type_: "strin" is not valid; give the name of a type: string/,
    ],
    [
      'column_values_to_be_in_type_list',
      { column: 'name', type_list: ['str', 'thing'] },
      /give a list of names of types/,
    ],
    [
      'column_values_to_match_strftime_format',
      { column: 'name', strftime_format: '%Y-%U' },
      /the directive %U is not known/,
    ],
    [
      'column_values_to_match_strftime_format',
      { column: 'at', strftime_format: '%Y' },
      /column "at" is timestamp; it looks at columns of type string/,
    ],
    [
      'column_values_to_match_json_schema',
      { column: 'name', json_schema: { type: 'nothing' } },
      /give a JSON Schema as an object \(.*type/,
    ],
    [
      'column_values_to_match_json_schema',
      { column: 'name', json_schema: { pattern: '(?=a)' } },
      /give a JSON Schema as an object/,
    ],
    [
      'column_values_to_match_json_schema',
      { column: 'name', json_schema: { $ref: 'https://elsewhere/x' } },
      /give a JSON Schema as an object \(.*elsewhere/,
    ],
    ['column_values_to_be_in_set', { column: 'tags', value_set: ['a'] }, /column "tags" is string\[\]/],
    ['column_values_to_be_in_set', { column: 'share', value_set: [Number.NaN] }, /value_set: .* is not valid/],
    ['column_values_to_be_in_set', { column: 'name', value_set: ['\uD800'] }, /value_set: .* is not valid/],
    ['column_pair_values_a_to_be_greater_than_b', { column_A: 'n', column_B: 'm' }, /source s has no column "m"/],
    ['column_pair_values_a_to_be_greater_than_b', { column_A: 'n' }, /the argument "column_B" is missing/],
    [
      'column_pair_values_a_to_be_greater_than_b',
      { column_A: 'n', column_B: 'name' },
      /column "n" is int64 and column "name" is string; it compares columns of one type, or numbers/,
    ],
    [
      'column_pair_values_a_to_be_greater_than_b',
      { column_A: 'ok', column_B: 'n' },
      /column "ok" is boolean; it looks at columns of type/,
    ],
    [
      'column_pair_values_to_be_equal',
      { column_A: 'n', column_B: 'n' },
      /column_A and column_B are the same column; name two/,
    ],
    [
      'column_pair_values_to_be_equal',
      { column_A: 'n', column_B: 'share', ignore_row_if: 'never' },
      /choose one of both_values_are_missing, either_value_is_missing, neither/,
    ],
    [
      'column_pair_values_to_be_in_set',
      { column_A: 'n', column_B: 'name', value_pairs_set: [['a', 1]] },
      /give a list of pairs, each a value or null of the type of column "n" \(int64\) and of column "name" \(string\)/,
    ],
    ['multicolumn_sum_to_equal', { column_list: ['n'], sum_total: 1 }, /give a list of at least two names of columns/],
    [
      'multicolumn_sum_to_equal',
      { column_list: ['n', 'name'], sum_total: 1 },
      /column "name" is string; it looks at columns of type int64, float64/,
    ],
    [
      'multicolumn_sum_to_equal',
      { column_list: ['n', 'share'], sum_total: '1' },
      /sum_total: "1" is not valid; give a finite number/,
    ],
    [
      'select_column_values_to_be_unique_within_record',
      { column_list: ['n', 'ok'] },
      /it compares columns of one type, or numbers/,
    ],
    [
      'column_values_to_not_be_null',
      { column: 'n', row_condition: 'n > 1' },
      /row_condition: .* is not valid; write col\("name"\).notnull\(\), or compare/,
    ],
    [
      'column_values_to_not_be_null',
      { column: 'n', row_condition: 'col("m") > 1' },
      /there is no column "m"; columns: /,
    ],
    [
      'column_values_to_not_be_null',
      { column: 'n', row_condition: 'col("n") > "a"' },
      /compare column "n" \(int64\) with a value of its type/,
    ],
    ['column_values_to_not_be_null', { column: 'n', row_condition: 'col("ok") > true' }, /compare it by == or !=/],
    ['column_values_to_not_be_null', { column: 'n', condition_parser: 'pandas' }, /choose one of great_expectations/],
  ])('%s %o', (type, args, problem) => {
    expect(problemOf(type, args)).toMatch(problem);
    expect(problemOf(type, args)).toMatch(/source s, expectation expect_/);
  });

  test.each([
    [
      'column_pair_values_to_be_in_set',
      {
        column_A: 'n',
        column_B: 'name',
        value_pairs_set: [
          [1, 'a'],
          [null, 'b'],
        ],
      },
    ],
    ['column_pair_values_a_to_be_greater_than_b', { column_A: 'n', column_B: 'share', or_equal: true }],
    [
      'column_values_to_not_be_null',
      { column: 'tags', row_condition: 'col("share") > 0.5', condition_parser: 'great_expectations' },
    ],
    ['column_values_to_be_null', { column: 'n', row_condition: 'col("n") < 2.5' }],
    [
      'column_values_to_match_json_schema',
      { column: 'name', json_schema: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' } },
    ],
    ['column_values_to_match_regex', { column: 'name', regex: '\\(?<[(?<]\\Q(?<\\E' }],
  ])('%s %o is right', (type, args) => {
    expect(problemOf(type, args)).toBe('');
  });
});
