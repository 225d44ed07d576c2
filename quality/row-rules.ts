/** All row expectations of a source as one ajv validator. */
import type { ErrorObject } from 'ajv';
import type { ExpectationManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { storedType } from '../contracts/values.ts';
import { describeRule } from './results.ts';
import { rowRuleAjv } from './row-keywords.ts';
import { rowSchema, skipsMissing } from './row-schema.ts';
import type { RuleValue } from './rule-values.ts';

export interface RowRules {
  readonly rules: readonly ExpectationManifest[];
  /** The columns that the rules mention: all that a checked row needs to have. */
  readonly columns: readonly string[];
  /** Positions in `rules` of those that the row breaks, ascending. Missing values are null. */
  check(row: Readonly<Record<string, RuleValue>>): readonly number[];
  /** Whether the rule at this position does not look at the row, because its value is missing. */
  skips(position: number, row: Readonly<Record<string, RuleValue>>): boolean;
}

type RuledSource = Pick<StoredSourceManifest, 'name' | 'columns' | 'expectations'>;

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
  const rules = source.expectations.filter(({ level }) => level === 'row');
  const types = new Map(source.columns.map(({ name, type }) => [name, storedType(type)]));
  const columnOf = (rule: ExpectationManifest): string => String(rule.arguments['column']);
  const schemas = rules.map((rule) => {
    const where = `source ${source.name}: ${describeRule(rule.type, rule.arguments)}`;
    return rowSchema(rule, types.get(columnOf(rule)) ?? 'string', where);
  });
  // ajv wants at least one schema under allOf
  const validate = rowRuleAjv().compile(schemas.length === 0 ? {} : { allOf: schemas });
  return {
    rules,
    columns: [...new Set(rules.map(columnOf))],
    check: (row) => (validate(row) ? [] : brokenRules(validate.errors ?? [])),
    skips: (position, row) => {
      const rule = rules[position];
      return rule !== undefined && skipsMissing(rule.type) && row[columnOf(rule)] === null;
    },
  };
}

function brokenRules(errors: readonly ErrorObject[]): readonly number[] {
  const positions = errors.map(({ schemaPath }) => Number(/^#\/allOf\/(\d+)\//.exec(schemaPath)?.[1]));
  return [...new Set(positions)].sort((a, b) => a - b);
}
