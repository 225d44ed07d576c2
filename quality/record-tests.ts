/** What a rule asks of several values of a row together, as data, and whether they hold it. */
import type { ExpectationManifest } from '../contracts/manifest.ts';
import type { StoredType } from '../contracts/values.ts';
import { argumentValue, isBelow, type RuleValue } from './rule-values.ts';

export interface TypedColumn {
  readonly name: string;
  readonly type: StoredType;
}

/** One test of several columns together. */
export interface RecordCheck {
  readonly on: 'record';
  readonly columns: readonly TypedColumn[];
  /** Rows in which so many of the values are missing hold, and count as missing. */
  readonly ignored: 'all' | 'any' | 'never';
  readonly test: RecordTest;
}

/** `type` is the one in which the values are compared: integers beside fractions are compared as doubles. */
export type RecordTest =
  | { readonly kind: 'greater'; readonly type: StoredType; readonly orEqual: boolean }
  | { readonly kind: 'equal'; readonly type: StoredType }
  | { readonly kind: 'pairs'; readonly pairs: readonly (readonly [RuleValue, RuleValue])[] }
  /** Exact for integers; doubles are added from the first column to the last. `total` is null when no sum can reach it. */
  | { readonly kind: 'sum'; readonly type: StoredType; readonly total: bigint | number | null }
  /** No two values are equal; a missing one counts as a value. */
  | { readonly kind: 'distinct'; readonly type: StoredType };

const RECORD_RULES = [
  'expect_column_pair_values_a_to_be_greater_than_b',
  'expect_column_pair_values_to_be_equal',
  'expect_column_pair_values_to_be_in_set',
  'expect_multicolumn_sum_to_equal',
  'expect_select_column_values_to_be_unique_within_record',
] as const;
type RecordRule = (typeof RECORD_RULES)[number];

export function isRecordRule(rule: string): rule is RecordRule {
  return (RECORD_RULES as readonly string[]).includes(rule);
}

/** Throws `INVALID_VALUE` for an argument that is no value of its column; `where` names the rule. */
export function recordTest(
  rule: RecordRule,
  args: ExpectationManifest['arguments'],
  columns: readonly TypedColumn[],
  where: string,
): RecordTest {
  const type = comparedType(columns);
  switch (rule) {
    case 'expect_column_pair_values_a_to_be_greater_than_b':
      return { kind: 'greater', type, orEqual: args['or_equal'] === true };
    case 'expect_column_pair_values_to_be_equal':
      return { kind: 'equal', type };
    case 'expect_column_pair_values_to_be_in_set': {
      const pairs = args['value_pairs_set'] as readonly (readonly [unknown, unknown])[];
      const read = (value: unknown, place: number) => argumentValue(value, columns[place]!.type, where);
      return { kind: 'pairs', pairs: pairs.map(([a, b]) => [read(a, 0), read(b, 1)] as const) };
    }
    case 'expect_multicolumn_sum_to_equal': {
      const total = args['sum_total'] as number | string;
      return { kind: 'sum', type, total: type === 'float64' ? Number(total) : wholeTotal(total) };
    }
    case 'expect_select_column_values_to_be_unique_within_record':
      return { kind: 'distinct', type };
  }
}

/** Whether a row of rule values holds, ignored rows included. Compiled once for many rows. */
export function recordHolds({ columns, ignored, test }: RecordCheck): (row: Row) => boolean {
  const names = columns.map(({ name }) => name);
  const holds = holdsTest(test);
  return (row) => {
    const values = names.map((name) => row[name] ?? null);
    return isIgnored(values, ignored) || holds(values);
  };
}

/** Whether a record check does not look at a row, for the values that it lacks. */
export function skipsRow({ columns, ignored }: RecordCheck, row: Row): boolean {
  return isIgnored(
    columns.map(({ name }) => row[name] ?? null),
    ignored,
  );
}

type Row = Readonly<Record<string, RuleValue>>;
type Values = readonly RuleValue[];

function isIgnored(values: Values, ignored: RecordCheck['ignored']): boolean {
  switch (ignored) {
    case 'all':
      return values.every((value) => value === null);
    case 'any':
      return values.includes(null);
    case 'never':
      return false;
  }
}

function holdsTest(test: RecordTest): (values: Values) => boolean {
  switch (test.kind) {
    case 'greater':
      return (values) => {
        const [a, b] = compared(values, test.type);
        if (a! === null || b! === null) return false;
        return test.orEqual ? !isBelow(a!, b!, test.type) : isBelow(b!, a!, test.type);
      };
    case 'equal':
      return (values) => {
        const [a, b] = compared(values, test.type);
        return a! !== null && a === b;
      };
    case 'pairs': {
      const partners = new Map<RuleValue, Set<RuleValue>>();
      for (const [a, b] of test.pairs) partners.set(a, (partners.get(a) ?? new Set()).add(b));
      return ([a, b]) => partners.get(a!)?.has(b!) === true;
    }
    case 'sum':
      return (values) => !values.includes(null) && hasSum(values, test.total);
    case 'distinct':
      return (values) => new Set(compared(values, test.type)).size === values.length;
  }
}

function hasSum(values: Values, total: bigint | number | null): boolean {
  if (typeof total !== 'bigint') return values.map(Number).reduce((sum, value) => sum + value) === total;
  return values.reduce<bigint>((sum, value) => sum + BigInt(value as string | number), 0n) === total;
}

/** Integers may be text, which is a number only beside fractions. */
function compared(values: Values, type: StoredType): Values {
  return type === 'float64' ? values.map((value) => (value === null ? null : Number(value))) : values;
}

function comparedType(columns: readonly TypedColumn[]): StoredType {
  const [first, ...others] = columns.map(({ type }) => type);
  return others.every((type) => type === first) ? first! : 'float64';
}

function wholeTotal(total: number | string): bigint | null {
  return typeof total === 'string' || Number.isInteger(total) ? BigInt(total) : null;
}
