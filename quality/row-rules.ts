/** All row expectations of a source as one ajv validator. */
import type { ErrorObject } from 'ajv';
import type { ExpectationManifest } from '../contracts/manifest.ts';
import { columnsOf } from '../definitions/expectation-columns.ts';
import { skipsRow } from './record-tests.ts';
import { rowChecks, skipsMissing, type RuledSource } from './row-checks.ts';
import { rowRuleAjv } from './row-keywords.ts';
import { conditionSchema, rowSchema } from './row-schema.ts';
import type { RuleValue } from './rule-values.ts';

export interface RowRules {
  readonly rules: readonly ExpectationManifest[];
  /** The columns that the rules mention: all that a checked row needs to have. */
  readonly columns: readonly string[];
  /** Positions in `rules` of those that the row breaks, ascending. Missing values are null. */
  check(row: Readonly<Record<string, RuleValue>>): readonly number[];
  /**
   * How the rule at this position sees the row: `outside` when the row does not meet its condition, `missing` when it does not look at
   * the row for the values that are missing.
   */
  view(position: number, row: Readonly<Record<string, RuleValue>>): 'outside' | 'missing' | 'seen';
}

/** A stream asks for the rules of one source again and again, and compiling them takes longer than a batch does. */
const COMPILED = new WeakMap<RuledSource, RowRules>();

/**
 * Compiles the row expectations of a source, once for each manifest. Throws `INVALID_VALUE` or `NOT_AVAILABLE_YET` for a rule that cannot be
 * evaluated.
 */
export function compileRowRules(source: RuledSource): RowRules {
  const known = COMPILED.get(source);
  if (known !== undefined) return known;
  const compiled = compile(source);
  COMPILED.set(source, compiled);
  return compiled;
}

function compile(source: RuledSource): RowRules {
  const checks = rowChecks(source);
  const rules = checks.map(({ rule }) => rule);
  const ajv = rowRuleAjv();
  // ajv wants at least one schema under allOf
  const validate = ajv.compile(checks.length === 0 ? {} : { allOf: checks.map(rowSchema) });
  const conditions = checks.map(({ condition }) => condition && ajv.compile(conditionSchema(condition)));
  return {
    rules,
    columns: [...new Set(rules.flatMap(columnsOf))],
    check: (row) => (validate(row) ? [] : brokenRules(validate.errors ?? [])),
    view: (position, row) => {
      const check = checks[position]?.check;
      if (check === undefined || conditions[position]?.(row) === false) return 'outside';
      const skips =
        check.on === 'value' ? skipsMissing(check.test) && row[check.column.name] === null : skipsRow(check, row);
      return skips ? 'missing' : 'seen';
    },
  };
}

function brokenRules(errors: readonly ErrorObject[]): readonly number[] {
  const positions = errors.map(({ schemaPath }) => Number(/^#\/allOf\/(\d+)\//.exec(schemaPath)?.[1]));
  return [...new Set(positions)].sort((a, b) => a - b);
}
