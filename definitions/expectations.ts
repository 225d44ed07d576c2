/** The vocabulary of data quality: Great Expectations' names, what each looks at, and its arguments. */
import type { ExpectationLevel } from '../contracts/manifest.ts';
import { SCALAR_TYPES, type ScalarType } from '../contracts/values.ts';

/**
 * `bound` is of the column's type but also a fraction for integers, `values` a list of the column's type, `pairs` a list of values of
 * two columns, `number`, `total` and `count` are measures, the last a whole number from 0; `share` lies between 0 and 1.
 */
export type ArgumentKind =
  | 'column'
  | 'columns'
  | 'bound'
  | 'values'
  | 'pairs'
  | 'pattern'
  | 'patterns'
  | 'like'
  | 'character'
  | 'type'
  | 'types'
  | 'dateFormat'
  | 'jsonSchema'
  | 'condition'
  | 'choice'
  | 'number'
  | 'total'
  | 'count'
  | 'share'
  | 'flag';

export interface ArgumentType {
  readonly kind: ArgumentKind;
  readonly required: boolean;
  /** What a `choice` may be; without it the first is meant. */
  readonly choices?: readonly string[];
}

export interface ExpectationType {
  readonly level: ExpectationLevel;
  readonly arguments: Readonly<Record<string, ArgumentType>>;
  /** Whether one of `min_value` and `max_value` must be given. */
  readonly bounded: boolean;
  /** Types of the columns it can look at; all when absent. Lists and vectors have no type of their own here. */
  readonly columnTypes?: readonly ScalarType[];
  /** Whether it compares its columns with each other: they are of one type, or numbers all. */
  readonly compares?: boolean;
}

const COLUMN = { column: { kind: 'column', required: true } } as const;
const OF_ROWS: ExpectationType['arguments'] = {
  mostly: { kind: 'share', required: false },
  row_condition: { kind: 'condition', required: false },
  condition_parser: {
    kind: 'choice',
    required: false,
    choices: ['great_expectations', 'great_expectations__experimental__'],
  },
};
const ORDERED = ['int64', 'float64', 'string', 'timestamp'] as const;
const NUMERIC = ['int64', 'float64'] as const;
const TEXT = { columnTypes: ['string'] } as const;

function bounds(kind: ArgumentKind): ExpectationType['arguments'] {
  return {
    min_value: { kind, required: false },
    max_value: { kind, required: false },
    strict_min: { kind: 'flag', required: false },
    strict_max: { kind: 'flag', required: false },
  };
}

function rowRule(
  own: ExpectationType['arguments'],
  options: Partial<Pick<ExpectationType, 'bounded' | 'columnTypes'>> = {},
): ExpectationType {
  return { level: 'row', arguments: { ...COLUMN, ...own, ...OF_ROWS }, bounded: false, ...options };
}

function pairRule(own: ExpectationType['arguments'], columnTypes: readonly ScalarType[]): ExpectationType {
  return {
    level: 'row',
    arguments: {
      column_A: { kind: 'column', required: true },
      column_B: { kind: 'column', required: true },
      ...own,
      ignore_row_if: {
        kind: 'choice',
        required: false,
        choices: ['both_values_are_missing', 'either_value_is_missing', 'neither'],
      },
      ...OF_ROWS,
    },
    bounded: false,
    columnTypes,
    compares: own['value_pairs_set'] === undefined,
  };
}

function recordRule(own: ExpectationType['arguments'], columnTypes: readonly ScalarType[]): ExpectationType {
  return {
    level: 'row',
    arguments: {
      column_list: { kind: 'columns', required: true },
      ...own,
      ignore_row_if: {
        kind: 'choice',
        required: false,
        choices: ['all_values_are_missing', 'any_value_is_missing', 'never'],
      },
      ...OF_ROWS,
    },
    bounded: false,
    columnTypes,
    compares: true,
  };
}

function columnMeasure(kind: ArgumentKind, columnTypes?: readonly ScalarType[]): ExpectationType {
  return {
    level: 'column',
    arguments: { ...COLUMN, ...bounds(kind) },
    bounded: true,
    ...(columnTypes && { columnTypes }),
  };
}

export const EXPECTATION_TYPES: Readonly<Record<string, ExpectationType>> = {
  expect_column_values_to_not_be_null: rowRule({}),
  expect_column_values_to_be_null: rowRule({}),
  expect_column_values_to_be_between: rowRule(bounds('bound'), { bounded: true, columnTypes: ORDERED }),
  expect_column_values_to_be_in_set: rowRule(
    { value_set: { kind: 'values', required: true } },
    { columnTypes: SCALAR_TYPES },
  ),
  expect_column_values_to_not_be_in_set: rowRule(
    { value_set: { kind: 'values', required: true } },
    { columnTypes: SCALAR_TYPES },
  ),
  expect_column_values_to_match_regex: rowRule({ regex: { kind: 'pattern', required: true } }, TEXT),
  expect_column_values_to_not_match_regex: rowRule({ regex: { kind: 'pattern', required: true } }, TEXT),
  expect_column_values_to_match_regex_list: rowRule(
    {
      regex_list: { kind: 'patterns', required: true },
      match_on: { kind: 'choice', required: false, choices: ['any', 'all'] },
    },
    TEXT,
  ),
  expect_column_values_to_match_like_pattern: rowRule(
    { like_pattern: { kind: 'like', required: true }, escape: { kind: 'character', required: false } },
    TEXT,
  ),
  expect_column_value_lengths_to_be_between: rowRule(bounds('count'), { bounded: true, ...TEXT }),
  expect_column_values_to_be_of_type: rowRule({ type_: { kind: 'type', required: true } }),
  expect_column_values_to_be_in_type_list: rowRule({ type_list: { kind: 'types', required: true } }),
  expect_column_values_to_match_strftime_format: rowRule(
    { strftime_format: { kind: 'dateFormat', required: true } },
    TEXT,
  ),
  expect_column_values_to_match_json_schema: rowRule({ json_schema: { kind: 'jsonSchema', required: true } }, TEXT),

  expect_column_pair_values_a_to_be_greater_than_b: pairRule({ or_equal: { kind: 'flag', required: false } }, ORDERED),
  expect_column_pair_values_to_be_equal: pairRule({}, SCALAR_TYPES),
  expect_column_pair_values_to_be_in_set: pairRule(
    { value_pairs_set: { kind: 'pairs', required: true } },
    SCALAR_TYPES,
  ),
  expect_multicolumn_sum_to_equal: recordRule({ sum_total: { kind: 'total', required: true } }, NUMERIC),
  expect_select_column_values_to_be_unique_within_record: recordRule({}, SCALAR_TYPES),

  expect_column_min_to_be_between: columnMeasure('bound', ORDERED),
  expect_column_max_to_be_between: columnMeasure('bound', ORDERED),
  expect_column_mean_to_be_between: columnMeasure('number', NUMERIC),
  expect_column_median_to_be_between: columnMeasure('number', NUMERIC),
  expect_column_sum_to_be_between: columnMeasure('number', NUMERIC),
  expect_column_stdev_to_be_between: columnMeasure('number', NUMERIC),
  expect_column_unique_value_count_to_be_between: columnMeasure('count'),
  expect_column_proportion_of_non_null_values_to_be_between: columnMeasure('share'),

  expect_table_row_count_to_be_between: { level: 'table', arguments: bounds('count'), bounded: true },
};
