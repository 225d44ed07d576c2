import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXPECTATION_TYPES } from '../../../definitions/expectations.ts';
import type { ColumnType } from '../../../contracts/values.ts';
import type { Engine } from '../../../engine/engine.ts';
import { compileColumnRules } from '../../../quality/column-rules.ts';
import { compileRowRules } from '../../../quality/row-rules.ts';
import { expectationOf, openFolder, openTestEngine, type Folder } from './fixtures.ts';

let folder: Folder;
let engine: Engine;
beforeAll(async () => {
  folder = await openFolder();
  engine = await openTestEngine(folder);
});
afterAll(async () => {
  await engine.close();
  await folder[Symbol.asyncDispose]();
});

/** Success and observed value of a rule over the values of column `x`. */
async function evaluate(
  rule: string,
  args: object,
  type: ColumnType,
  values: string,
): Promise<readonly [boolean, unknown]> {
  const expectations = [expectationOf(`expect_${rule}_to_be_between`, { column: 'x', ...args }, { level: 'column' })];
  const rules = compileColumnRules({ name: 's', columns: [{ name: 'x', type, from: 'x' }], expectations });
  const rows = await engine.session((session) => session.rows(rules.sql(`(VALUES ${values}) v(x)`)));
  const [result] = rules.evaluate(rows[0] ?? {});
  return [result!.success, 'observed_value' in result!.result ? result!.result.observed_value : undefined];
}

const NO_VALUES = '(NULL::DOUBLE)';

describe('measures of a column', () => {
  test.each([
    ['column_stdev', { min_value: 1.3038, max_value: 1.3039 }, '(1), (1), (2), (3), (4)', true, 1.3038404810405297],
    ['column_mean', { max_value: 2 }, '(1), (NULL), (3)', true, 2],
    ['column_median', { min_value: 2.5, max_value: 2.5 }, '(1), (2), (3), (4)', true, 2.5],
    ['column_sum', { min_value: 7 }, '(1), (2), (3)', false, 6],
    ['column_min', { min_value: 1, strict_min: true }, '(1), (2)', false, 1],
    ['column_unique_value_count', { min_value: 2, max_value: 2 }, '(1), (1), (NULL), (2)', true, 2],
    ['column_proportion_of_non_null_values', { min_value: 0.8 }, '(1), (1), (1), (1), (NULL)', true, 0.8],
    ['table_row_count', { min_value: 3 }, '(1), (NULL)', false, 2],
  ])('%s %j over %s', async (rule, args, values, success, observed) => {
    expect(await evaluate(rule, args, 'int64', values)).toEqual([success, observed]);
  });

  test('nothing to measure fails, and observes nothing', async () => {
    for (const rule of ['column_min', 'column_max', 'column_mean', 'column_median', 'column_stdev']) {
      expect(await evaluate(rule, { min_value: 0 }, 'float64', NO_VALUES)).toEqual([false, null]);
    }
    expect(await evaluate('column_unique_value_count', { min_value: 0 }, 'float64', NO_VALUES)).toEqual([true, 0]);
  });

  test('NaN is missing, infinity is not', async () => {
    const values = "(1::DOUBLE), ('nan'::DOUBLE), ('inf'::DOUBLE)";
    expect(await evaluate('column_max', { max_value: 10 }, 'float64', values)).toEqual([false, 'Infinity']);
    expect(await evaluate('column_mean', { max_value: 10 }, 'float64', "(1::DOUBLE), ('nan'::DOUBLE)")).toEqual([
      true,
      1,
    ]);
    expect(await evaluate('column_stdev', { min_value: 0 }, 'float64', values)).toEqual([false, null]);
  });

  test('integers and instants compare and are shown whole', async () => {
    const big = '(9007199254740993)';
    expect(await evaluate('column_max', { max_value: '9007199254740992' }, 'int64', big)).toEqual([
      false,
      '9007199254740993',
    ]);
    const instants = "(TIMESTAMP '2024-01-01 00:00:00.000001')";
    const bound = { min_value: '2024-01-01T00:00:00.000001Z' };
    expect(await evaluate('column_min', bound, 'timestamp', instants)).toEqual([true, '2024-01-01T00:00:00.000001Z']);
    expect(await evaluate('column_min', { min_value: 'b' }, 'string', "('a'), ('c')")).toEqual([false, 'a']);
  });
});

test('every rule that the definition language knows can be evaluated', () => {
  const values: Readonly<Record<string, unknown>> = {
    column: 'x',
    column_A: 'x',
    column_B: 'y',
    column_list: ['n', 'm'],
    value_set: ['a'],
    value_pairs_set: [['a', 'b']],
    regex: 'a',
    regex_list: ['a'],
    like_pattern: 'a%',
    type_: 'string',
    type_list: ['string'],
    strftime_format: '%Y',
    json_schema: {},
    sum_total: 1,
  };
  const columns = [
    ...['x', 'y'].map((name) => ({ name, type: 'string' as const, from: name })),
    ...['n', 'm'].map((name) => ({ name, type: 'int64' as const, from: name })),
  ];
  for (const [type, { level, arguments: known }] of Object.entries(EXPECTATION_TYPES)) {
    const args = Object.fromEntries(Object.keys(known).flatMap((name) => (values[name] ? [[name, values[name]]] : [])));
    const source = { name: 's', columns, expectations: [expectationOf(type, args, { level })] };
    expect(() => [compileRowRules(source), compileColumnRules(source)], type).not.toThrow();
  }
});
