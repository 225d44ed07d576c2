/** What single values break, in the words of the rules. */
import type { ExpectationManifest, Manifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { storedType, type StoredType } from '../contracts/values.ts';
import { judgedColumns } from '../definitions/expectation-columns.ts';
import type { EngineValue } from '../engine/engine.ts';
import { engineValue } from '../offline/feature-sql.ts';
import { toTypeScript } from '../offline/typescript-values.ts';
import { valueBounds } from '../quality/bounds.ts';
import { compileRowRules } from '../quality/row-rules.ts';
import { isBelow, ruleValue } from '../quality/rule-values.ts';
import { viewRules, withViewRules } from '../quality/view-rules.ts';
import type { CheckedRow } from './put-rows.ts';
import type { Violation } from './store.ts';

/** What a rule looks at, and how often it may be broken, is nothing that it asks of a value. */
const NO_THRESHOLD = [
  'column',
  'column_A',
  'column_B',
  'column_list',
  'ignore_row_if',
  'row_condition',
  'condition_parser',
  'mostly',
];

interface Cell {
  readonly value: EngineValue;
  readonly type: StoredType;
}

/** Every row rule that a row breaks: those of the source, then those of the views that read it. */
export function findViolations(
  manifest: Manifest,
  source: StoredSourceManifest,
  rows: readonly CheckedRow[],
): readonly Violation[] {
  const compiled = compileRowRules(withViewRules(manifest, source));
  if (compiled.rules.length === 0) return [];
  const ofViews = viewRules(manifest, source).map(({ feature }) => feature);
  const ownRules = compiled.rules.length - ofViews.length;
  const types = new Map(source.columns.map(({ name, type }) => [name, storedType(type)]));
  return rows.flatMap((row, index) => {
    const values = new Map(
      compiled.columns.map((name) => [name, engineValue(row.get(name) ?? null, types.get(name) ?? 'string')]),
    );
    const broken = compiled.check(Object.fromEntries([...values].map(([name, value]) => [name, ruleValue(value)])));
    return broken.map((position) => {
      const rule = compiled.rules[position]!;
      const cells = judgedColumns(rule).map((name) => ({ value: values.get(name) ?? null, type: types.get(name)! }));
      const feature = ofViews[position - ownRules] ?? judgedColumns(rule).join(', ');
      return { row: index, ...describeViolation(rule, feature, cells) };
    });
  });
}

function describeViolation(rule: ExpectationManifest, feature: string, cells: readonly Cell[]): Omit<Violation, 'row'> {
  const actuals = cells.map(({ value, type }) => toTypeScript(value, type, false));
  const actual = actuals.length === 1 ? actuals[0]! : actuals;
  const { name, threshold, words } = brokenPart(rule, cells[0]!);
  return {
    feature_name: feature,
    rule_type: name,
    threshold,
    actual_value: actual,
    violation: `${feature} is ${actuals.map(String).join(', ')}, ${words}`,
    quarantined: rule.onFailure === 'quarantine',
  };
}

function brokenPart(
  { type: rule, arguments: args }: ExpectationManifest,
  { value, type }: Cell,
): { readonly name: string; readonly threshold: unknown; readonly words: string } {
  switch (rule) {
    case 'expect_column_values_to_not_be_null':
      return { name: 'null_check', threshold: true, words: 'which null_check refuses' };
    case 'expect_column_values_to_be_between': {
      const { min, strictMin } = valueBounds(args, type, rule);
      const tested = ruleValue(value);
      const isLow = min !== undefined && (strictMin ? !isBelow(min, tested, type) : isBelow(tested, min, type));
      const name = isLow ? 'min_value' : 'max_value';
      return { name, threshold: args[name], words: `beyond ${name} ${String(args[name])}` };
    }
    default: {
      const threshold = Object.fromEntries(Object.entries(args).filter(([given]) => !NO_THRESHOLD.includes(given)));
      return { name: rule, threshold, words: `which ${rule} refuses` };
    }
  }
}
