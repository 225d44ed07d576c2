/** The vocabulary of data quality: Great Expectations' names, what each looks at, and its arguments. */
import type { ExpectationLevel } from '../contracts/manifest.ts';
import type { ScalarType } from '../contracts/values.ts';

/**
 * `value` is of the column's type, `bound` too but also a fraction for integers, `number` and `count` are measures, the
 * latter a whole number from 0; `share` lies between 0 and 1.
 */
export type ArgumentKind = 'column' | 'bound' | 'values' | 'pattern' | 'number' | 'count' | 'share' | 'flag';

export interface ExpectationType {
  readonly level: ExpectationLevel;
  readonly arguments: Readonly<Record<string, { readonly kind: ArgumentKind; readonly required: boolean }>>;
  /** Whether one of `min_value` and `max_value` must be given. */
  readonly bounded: boolean;
  /** Types of the columns it can look at; all when absent. Lists and vectors have no type of their own here. */
  readonly columnTypes?: readonly ScalarType[];
}

const COLUMN = { column: { kind: 'column', required: true } } as const;
const MOSTLY = { mostly: { kind: 'share', required: false } } as const;
const ORDERED = ['int64', 'float64', 'string', 'timestamp'] as const;
const NUMERIC = ['int64', 'float64'] as const;

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
  return { level: 'row', arguments: { ...COLUMN, ...own, ...MOSTLY }, bounded: false, ...options };
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
  expect_column_values_to_be_in_set: rowRule({ value_set: { kind: 'values', required: true } }),
  expect_column_values_to_not_be_in_set: rowRule({ value_set: { kind: 'values', required: true } }),
  expect_column_values_to_match_regex: rowRule(
    { regex: { kind: 'pattern', required: true } },
    { columnTypes: ['string'] },
  ),
  expect_column_value_lengths_to_be_between: rowRule(bounds('count'), { bounded: true, columnTypes: ['string'] }),

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
