/** Column and table expectations: every measure of a batch in one SQL pass, then a verdict on each. */
import { AsofError } from '../contracts/errors.ts';
import type { ExpectationManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { formatInstant } from '../contracts/time.ts';
import { storedType, type StoredType } from '../contracts/values.ts';
import type { EngineRow, EngineValue } from '../engine/engine.ts';
import { quoteIdentifier } from '../engine/sql.ts';
import { isWithin, valueBounds } from './bounds.ts';
import { describeRule, expectationResult, type ExpectationResult, type MeasureResult } from './results.ts';
import { ruleValue } from './rule-values.ts';

export interface ColumnRules {
  readonly rules: readonly ExpectationManifest[];
  /** Gives one row with a measure for each rule. `relation` is a FROM item that holds the batch. */
  sql(relation: string): string;
  /** One result for each rule, in order, from the row that `sql` gave. */
  evaluate(measures: EngineRow): readonly ExpectationResult[];
}

interface Measure {
  /** An aggregate over the batch. */
  readonly sql: string;
  /** The type that the bounds and the observed value have. */
  readonly type: StoredType;
}

/**
 * Compiles the column and table expectations of a source. Missing values (null and NaN) are left out of every measure
 * but the share of non-null values. Throws `NOT_AVAILABLE_YET` for a rule that cannot be evaluated.
 */
export function compileColumnRules(
  source: Pick<StoredSourceManifest, 'name' | 'columns' | 'expectations'>,
): ColumnRules {
  const rules = source.expectations.filter(({ level }) => level !== 'row');
  const types = new Map(source.columns.map(({ name, type }) => [name, storedType(type)]));
  const checks = rules.map((rule) => {
    const where = `source ${source.name}: ${describeRule(rule.type, rule.arguments)}`;
    const measure = measureOf(rule, types.get(String(rule.arguments['column'])) ?? 'string', where);
    return { rule, measure, bounds: valueBounds(rule.arguments, measure.type, where) };
  });
  return {
    rules,
    sql: (relation) => {
      const list = checks.map(({ measure }, index) => `${measure.sql} AS m${index}`);
      return `SELECT ${list.length === 0 ? 'NULL' : list.join(', ')} FROM ${relation}`;
    },
    evaluate: (measures) =>
      checks.map(({ rule, measure, bounds }, index) => {
        const observed = measures[`m${index}`] ?? null;
        const value = ruleValue(observed);
        const success = value !== null && isWithin(value, bounds);
        return expectationResult(rule, success, { observed_value: observedValue(observed, measure.type) });
      }),
  };
}

function measureOf({ type: rule, arguments: args }: ExpectationManifest, type: StoredType, where: string): Measure {
  const column = quoteIdentifier(String(args['column']));
  const value = type === 'float64' ? `CASE WHEN NOT isnan(${column}) THEN ${column} END` : column;
  const number = `(${value})::DOUBLE`;
  switch (rule) {
    case 'expect_column_min_to_be_between':
      return { sql: `min(${value})`, type };
    case 'expect_column_max_to_be_between':
      return { sql: `max(${value})`, type };
    case 'expect_column_mean_to_be_between':
      return { sql: `avg(${number})`, type: 'float64' };
    case 'expect_column_median_to_be_between':
      return { sql: `median(${number})`, type: 'float64' };
    case 'expect_column_sum_to_be_between':
      return { sql: `sum(${number})`, type: 'float64' };
    case 'expect_column_stdev_to_be_between':
      return { sql: spreadOf(number), type: 'float64' };
    case 'expect_column_unique_value_count_to_be_between':
      return { sql: `count(DISTINCT ${value})`, type: 'int64' };
    case 'expect_column_proportion_of_non_null_values_to_be_between':
      return { sql: `count(${value})::DOUBLE / nullif(count(*), 0)`, type: 'float64' };
    case 'expect_table_row_count_to_be_between':
      return { sql: 'count(*)', type: 'int64' };
    default:
      throw new AsofError('NOT_AVAILABLE_YET', { place: where, what: `the expectation ${rule}` });
  }
}

/** The sample's deviation. Where a square would overflow, the engine raises an error: such a spread is no number. */
function spreadOf(number: string): string {
  const huge = `abs(${number}) > 1e150`;
  return `CASE WHEN NOT bool_or(${huge}) THEN stddev_samp(${number}) FILTER (NOT (${huge})) END`;
}

function observedValue(value: EngineValue, type: StoredType): MeasureResult['observed_value'] {
  if (typeof value === 'bigint') {
    if (type === 'timestamp') return formatInstant(value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  }
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return typeof value === 'string' || typeof value === 'boolean' ? value : null;
}
