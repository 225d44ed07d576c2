import { describe, expect, test } from 'vitest';
import type { ColumnType } from '../../../contracts/values.ts';
import type { EngineValue } from '../../../engine/engine.ts';
import { compileRowRules } from '../../../quality/row-rules.ts';
import { ruleValue } from '../../../quality/rule-values.ts';
import { expectationOf } from '../../integration/ingestion/fixtures.ts';

type Verdict = 'outside' | 'missing' | 'holds' | 'breaks';

/** What a rule says of rows whose columns are `types` in order, named a, b, c. */
function judge(
  rule: string,
  args: Readonly<Record<string, unknown>>,
  types: readonly ColumnType[],
  rows: readonly (readonly EngineValue[])[],
): readonly Verdict[] {
  const columns = types.map((type, place) => ({ name: 'abc'[place]!, type, from: 'abc'[place]! }));
  const rules = compileRowRules({ name: 's', columns, expectations: [expectationOf(`expect_${rule}`, args)] });
  return rows.map((values) => {
    const row = Object.fromEntries(columns.map(({ name }, place) => [name, ruleValue(values[place]!)]));
    const view = rules.view(0, row);
    const isBroken = rules.check(row).length > 0;
    if (view === 'seen') return isBroken ? 'breaks' : 'holds';
    expect(isBroken).toBe(false);
    return view;
  });
}

const ofText = (rule: string, args: object, ...texts: readonly (string | null)[]) =>
  judge(
    `column_values_to_${rule}`,
    { column: 'a', ...args },
    ['string'],
    texts.map((text) => [text]),
  );

describe('patterns', () => {
  test('search without anchors, with case', () => {
    const texts = ['abc', 'xabc', 'ABC', '', null] as const;
    expect(ofText('not_match_regex', { regex: 'abc' }, ...texts)).toEqual([
      'breaks',
      'breaks',
      'holds',
      'holds',
      'missing',
    ]);
    expect(ofText('match_regex_list', { regex_list: ['^x', 'C$'] }, ...texts)).toEqual([
      'breaks',
      'holds',
      'holds',
      'breaks',
      'missing',
    ]);
    expect(ofText('match_regex_list', { regex_list: ['^x', 'c$'], match_on: 'all' }, ...texts)).toEqual([
      'breaks',
      'holds',
      'breaks',
      'breaks',
      'missing',
    ]);
  });

  test('of several rules are each their own', () => {
    const expectations = ['^a', 'b$'].map((regex) =>
      expectationOf('expect_column_values_to_match_regex', { column: 'a', regex }),
    );
    const rules = compileRowRules({ name: 's', columns: [{ name: 'a', type: 'string', from: 'a' }], expectations });
    expect(rules.check({ a: 'ax' })).toEqual([1]);
    expect(rules.check({ a: 'xb' })).toEqual([0]);
  });

  test('LIKE is about the whole text, with case, by code points', () => {
    expect(ofText('match_like_pattern', { like_pattern: 'a_%' }, 'ab', 'a😀', 'a', 'Ab', 'xab', 'a\nb', null)).toEqual([
      'holds',
      'holds',
      'breaks',
      'breaks',
      'breaks',
      'holds',
      'missing',
    ]);
    expect(ofText('match_like_pattern', { like_pattern: '10!%', escape: '!' }, '10%', '100')).toEqual([
      'holds',
      'breaks',
    ]);
    expect(ofText('match_like_pattern', { like_pattern: 'a.\\d' }, 'a.\\d', 'ax1')).toEqual(['holds', 'breaks']);
  });

  test('dates are real days in the form of the format', () => {
    expect(
      ofText('match_strftime_format', { strftime_format: '%Y-%m-%d' }, '2024-02-29', '2023-02-29', '', null),
    ).toEqual(['holds', 'breaks', 'breaks', 'missing']);
  });

  test('JSON is of its schema', () => {
    const json_schema = { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } };
    expect(ofText('match_json_schema', { json_schema }, '{"id":1}', '{"id":"1"}', '{}', 'no JSON', '', null)).toEqual([
      'holds',
      'breaks',
      'breaks',
      'breaks',
      'breaks',
      'missing',
    ]);
  });
});

describe('types', () => {
  test('are those of the column, by any of their names', () => {
    const rows = [[1n], [null]];
    expect(judge('column_values_to_be_of_type', { column: 'a', type_: 'INTEGER' }, ['int64'], rows)).toEqual([
      'holds',
      'missing',
    ]);
    expect(judge('column_values_to_be_of_type', { column: 'a', type_: 'float64' }, ['int64'], rows)).toEqual([
      'breaks',
      'missing',
    ]);
    expect(
      judge('column_values_to_be_in_type_list', { column: 'a', type_list: ['str', 'int'] }, ['int64'], rows),
    ).toEqual(['holds', 'missing']);
  });
});

describe('pairs', () => {
  const pair = { column_A: 'a', column_B: 'b' };
  const greater = 'column_pair_values_a_to_be_greater_than_b';

  test('a value that is missing on one side breaks the rule, on both sides it is ignored', () => {
    const rows = [
      [2n, 1n],
      [1n, 1n],
      [0n, 1n],
      [1n, null],
      [null, 1n],
      [null, null],
    ];
    const verdicts = (args: object) => judge(greater, { ...pair, ...args }, ['int64', 'int64'], rows);
    expect(verdicts({})).toEqual(['holds', 'breaks', 'breaks', 'breaks', 'breaks', 'missing']);
    expect(verdicts({ or_equal: true })).toEqual(['holds', 'holds', 'breaks', 'breaks', 'breaks', 'missing']);
    expect(verdicts({ ignore_row_if: 'either_value_is_missing' }).slice(3)).toEqual(['missing', 'missing', 'missing']);
    expect(verdicts({ ignore_row_if: 'neither' }).slice(3)).toEqual(['breaks', 'breaks', 'breaks']);
  });

  test('compare integers to the last digit, and beside fractions as doubles', () => {
    const big = 2n ** 53n;
    expect(judge(greater, pair, ['int64', 'int64'], [[big + 1n, big]])).toEqual(['holds']);
    expect(
      judge(
        greater,
        pair,
        ['int64', 'float64'],
        [
          [big + 1n, 2 ** 53],
          [1n, Number.NaN],
        ],
      ),
    ).toEqual(['breaks', 'breaks']);
    expect(judge(greater, pair, ['string', 'string'], [['\u{1F600}', '\uFF5E']])).toEqual(['holds']);
  });

  test('are equal, or in a set in which a side may be missing', () => {
    expect(
      judge(
        'column_pair_values_to_be_equal',
        pair,
        ['timestamp', 'timestamp'],
        [
          [1n, 1n],
          [1n, 2n],
          [1n, null],
        ],
      ),
    ).toEqual(['holds', 'breaks', 'breaks']);
    const value_pairs_set = [
      ['a', 1],
      ['b', null],
    ];
    expect(
      judge(
        'column_pair_values_to_be_in_set',
        { ...pair, value_pairs_set },
        ['string', 'int64'],
        [
          ['a', 1n],
          ['a', null],
          ['b', null],
          [null, null],
        ],
      ),
    ).toEqual(['holds', 'breaks', 'holds', 'missing']);
  });
});

describe('several columns', () => {
  const column_list = ['a', 'b', 'c'];

  test('sum to a total, exactly for integers', () => {
    const sum = (sum_total: number | string, type: ColumnType, ...rows: readonly (readonly EngineValue[])[]) =>
      judge('multicolumn_sum_to_equal', { column_list, sum_total }, [type, type, type], rows);
    expect(sum(6, 'int64', [1n, 2n, 3n], [1n, 2n, 4n], [6n, null, 0n], [null, null, null])).toEqual([
      'holds',
      'breaks',
      'breaks',
      'missing',
    ]);
    const max = 2n ** 63n - 1n;
    expect(sum(`${3n * max}`, 'int64', [max, max, max], [max, max, max - 1n])).toEqual(['holds', 'breaks']);
    expect(sum(0.5, 'int64', [0n, 0n, 0n])).toEqual(['breaks']);
    expect(sum(0.75, 'float64', [0.25, 0.25, 0.25])).toEqual(['holds']);
    expect(sum(0.3, 'float64', [0.1, 0.2, 0])).toEqual(['breaks']);
  });

  test('differ within a row, a missing value counting as one', () => {
    const rows = [
      ['x', 'y', 'z'],
      ['x', 'y', 'x'],
      ['x', null, 'z'],
      ['x', null, null],
      [null, null, null],
    ];
    const verdicts = (args: object) =>
      judge(
        'select_column_values_to_be_unique_within_record',
        { column_list, ...args },
        ['string', 'string', 'string'],
        rows,
      );
    expect(verdicts({})).toEqual(['holds', 'breaks', 'holds', 'breaks', 'missing']);
    expect(verdicts({ ignore_row_if: 'any_value_is_missing' })).toEqual([
      'holds',
      'breaks',
      'missing',
      'missing',
      'missing',
    ]);
    expect(verdicts({ ignore_row_if: 'never' })).toEqual(['holds', 'breaks', 'holds', 'breaks', 'breaks']);
  });
});

describe('conditions', () => {
  test.each([
    ['col("b") == "x"', ['breaks', 'outside', 'outside']],
    ['col("b") != "x"', ['outside', 'breaks', 'outside']],
    ['col("b") > "x"', ['outside', 'breaks', 'outside']],
    ['col("b") <= "x"', ['breaks', 'outside', 'outside']],
    ['col("b").notnull()', ['breaks', 'breaks', 'outside']],
  ])('%s takes other rows out of view, and those without a value', (row_condition, expected) => {
    const rows = [
      [null, 'x'],
      [null, 'y'],
      [null, null],
    ];
    expect(judge('column_values_to_not_be_null', { column: 'a', row_condition }, ['int64', 'string'], rows)).toEqual(
      expected,
    );
  });

  test('compare with values of the column', () => {
    const above = (row_condition: string, type: ColumnType, value: EngineValue) =>
      judge('column_values_to_be_null', { column: 'a', row_condition }, [type], [[value]])[0];
    expect(above('col("a") > 2.5', 'int64', 2n)).toBe('outside');
    expect(above('col("a") > 2.5', 'int64', 3n)).toBe('breaks');
    expect(above('col("a") == 9007199254740993', 'int64', 9007199254740992n)).toBe('outside');
    expect(above('col("a") >= date("1970-01-01")', 'timestamp', 0n)).toBe('breaks');
    expect(above('col("a") == false', 'boolean', true)).toBe('outside');
    expect(above('col("a") < 0', 'float64', Number.NaN)).toBe('outside');
  });
});
