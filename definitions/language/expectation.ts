export type Severity = 'critical' | 'warning' | 'info';
export type FailureAction = 'fail' | 'quarantine' | 'warn';

export interface ExpectationOptions {
  /** @default 'critical', or 'warning' when `onFailure` is 'warn' */
  readonly severity?: Severity;
  /**
   * `fail` refuses the batch, `quarantine` sets bad rows aside (row expectations only), `warn` reports.
   * @default 'fail' for critical expectations, 'warn' for others
   */
  readonly onFailure?: FailureAction;
}

export interface ExpectationDefinition {
  readonly expectation: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly options: ExpectationOptions;
}

/** A data quality rule, by Great Expectations' type and arguments. */
export function expectation(
  type: string,
  ruleArguments: Readonly<Record<string, unknown>>,
  options: ExpectationOptions = {},
): ExpectationDefinition {
  return { expectation: type, arguments: ruleArguments, options };
}
