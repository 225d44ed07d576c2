/** Results of expectations in Great Expectations' shape. What cannot be computed is null: a result is strict JSON. */
import type { ExpectationManifest } from '../contracts/manifest.ts';

export interface ExpectationResult {
  readonly success: boolean;
  readonly expectation_config: {
    readonly type: string;
    readonly kwargs: Readonly<Record<string, unknown>>;
    readonly severity: ExpectationManifest['severity'];
    readonly on_failure: ExpectationManifest['onFailure'];
  };
  readonly result: MapResult | MeasureResult;
}

/** Of an expectation on each value. Percentages are of the values that are there, except those named `_total`. */
export interface MapResult {
  readonly element_count: number;
  readonly missing_count: number;
  readonly missing_percent: number | null;
  readonly unexpected_count: number;
  readonly unexpected_percent: number | null;
  readonly unexpected_percent_total: number | null;
}

/** Of an expectation on one measure of a column or table. 64-bit integers are decimal text, instants ISO 8601. */
export interface MeasureResult {
  readonly observed_value: number | string | boolean | null;
}

export function expectationResult(
  expectation: ExpectationManifest,
  success: boolean,
  result: ExpectationResult['result'],
): ExpectationResult {
  const { type, arguments: kwargs, severity, onFailure } = expectation;
  return { success, expectation_config: { type, kwargs, severity, on_failure: onFailure }, result };
}

/** Whether a result refuses the batch. */
export function refusesBatch({ success, expectation_config: rule }: ExpectationResult): boolean {
  return !success && rule.severity === 'critical' && rule.on_failure === 'fail';
}

/** One line about a failed expectation: the rule, and what was found. Values of single rows are never part of it. */
export function describeFailure({ expectation_config: rule, result }: ExpectationResult): string {
  const found =
    'observed_value' in result
      ? `observed ${result.observed_value ?? 'no value'}`
      : `${result.unexpected_count} of ${result.element_count} rows do not hold`;
  return `${describeRule(rule.type, rule.kwargs)}: ${found}`;
}

/** `expect_column_values_to_be_between(column: delay, min_value: 0)`. */
export function describeRule(type: string, kwargs: Readonly<Record<string, unknown>>): string {
  const list = Object.entries(kwargs).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${type}(${list.join(', ')})`;
}
