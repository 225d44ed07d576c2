/** A row expectation as data: what a row must be for the rule to look at it, and what it must hold then. */
import type { ExpectationManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { storedType, type StoredType } from '../contracts/values.ts';
import { parseRowCondition } from '../definitions/row-conditions.ts';
import { isRecordRule, recordTest, type RecordCheck, type TypedColumn } from './record-tests.ts';
import { describeRule } from './results.ts';
import { argumentValue } from './rule-values.ts';
import { valueTest, type ValueTest } from './value-tests.ts';

/** One test of one column. A missing value holds, except for the tests that are about it. */
export interface ValueCheck {
  readonly on: 'value';
  readonly column: TypedColumn;
  readonly test: ValueTest;
}

export type RuledSource = Pick<StoredSourceManifest, 'name' | 'columns' | 'expectations'>;

export interface RowCheck {
  /** Rows that do not meet it are outside the rule's view. A missing value meets none. */
  readonly condition: ValueCheck | null;
  readonly check: ValueCheck | RecordCheck;
}

/**
 * The row expectations of a source, in order. Throws `INVALID_VALUE` and `NOT_AVAILABLE_YET` for a rule that cannot be evaluated.
 */
export function rowChecks(source: RuledSource): readonly (RowCheck & { readonly rule: ExpectationManifest })[] {
  const types = new Map(source.columns.map(({ name, type }) => [name, storedType(type)]));
  return source.expectations
    .filter(({ level }) => level === 'row')
    .map((rule) => ({
      rule,
      ...rowCheck(rule, types, `source ${source.name}: ${describeRule(rule.type, rule.arguments)}`),
    }));
}

function rowCheck(
  { type, arguments: args }: ExpectationManifest,
  types: ReadonlyMap<string, StoredType>,
  where: string,
): RowCheck {
  const typed = (name: unknown): TypedColumn => ({ name: String(name), type: types.get(String(name)) ?? 'string' });
  const condition = conditionCheck(args['row_condition'], typed, where);
  if (!isRecordRule(type)) {
    const column = typed(args['column']);
    return { condition, check: { on: 'value', column, test: valueTest(type, args, column.type, where) } };
  }
  const names = (args['column_list'] as readonly string[] | undefined) ?? [args['column_A'], args['column_B']];
  const columns = names.map(typed);
  return {
    condition,
    check: { on: 'record', columns, ignored: ignoredRows(args), test: recordTest(type, args, columns, where) },
  };
}

/** Whether a missing value is outside the test's view, as it is for all but the tests about it. */
export function skipsMissing({ kind }: ValueTest): boolean {
  return kind !== 'present' && kind !== 'absent';
}

function conditionCheck(text: unknown, typed: (name: string) => TypedColumn, where: string): ValueCheck | null {
  const condition = typeof text === 'string' ? parseRowCondition(text) : undefined;
  if (condition === undefined) return null;
  const column = typed(condition.column);
  if (condition.operator === 'notnull') return { on: 'value', column, test: { kind: 'present' } };
  const value = argumentValue(condition.value, column.type, where);
  const bounds = { type: column.type, strictMin: condition.operator === '>', strictMax: condition.operator === '<' };
  switch (condition.operator) {
    case '==':
    case '!=':
      return {
        on: 'value',
        column,
        test: { kind: 'oneOf', type: column.type, values: [value], negated: condition.operator === '!=' },
      };
    case '>':
    case '>=':
      return { on: 'value', column, test: { kind: 'within', bounds: { ...bounds, min: value } } };
    case '<':
    case '<=':
      return { on: 'value', column, test: { kind: 'within', bounds: { ...bounds, max: value } } };
  }
}

function ignoredRows(args: ExpectationManifest['arguments']): RecordCheck['ignored'] {
  switch (args['ignore_row_if']) {
    case 'either_value_is_missing':
    case 'any_value_is_missing':
      return 'any';
    case 'neither':
    case 'never':
      return 'never';
    default:
      return 'all';
  }
}
