/** Tests of one value as SQL text over a stored column. */
import type { StoredType } from '../contracts/values.ts';
import { isSameInSql } from '../definitions/patterns.ts';
import { literalBigint, literalText, literalValue, quoteIdentifier } from '../engine/sql.ts';
import type { Bounds } from './bounds.ts';
import type { TypedColumn } from './record-tests.ts';
import type { RuleValue } from './rule-values.ts';
import type { ValueTest } from './value-tests.ts';

const LEAST_BIGINT = -(2n ** 63n);
const GREATEST_BIGINT = 2n ** 63n - 1n;

/** Whether a value is there; never null. */
export function presentSql({ name, type }: TypedColumn): string {
  const column = quoteIdentifier(name);
  return type === 'float64' ? `(${column} IS NOT NULL AND NOT isnan(${column}))` : `(${column} IS NOT NULL)`;
}

/** Whether a value that is there holds, null only for null; undefined for a test that SQL cannot do, or not in the same way. */
export function testSql(test: ValueTest, { name, type }: TypedColumn): string | undefined {
  const column = quoteIdentifier(name);
  switch (test.kind) {
    case 'present':
      return 'true';
    case 'absent':
      return 'false';
    case 'within':
      return conjunction(boundsSql(test.bounds, column));
    case 'oneOf': {
      const list = [...new Set(test.values)].filter((value) => isStorable(value, type));
      const listed =
        list.length === 0 ? 'false' : `${column} IN (${list.map((one) => valueSql(one, type)).join(', ')})`;
      return test.negated ? `NOT (${listed})` : listed;
    }
    case 'matches': {
      if (!test.patterns.every(isSameInSql)) return undefined;
      const found = test.patterns.map((pattern) => foundSql(column, pattern));
      return test.match === 'all'
        ? conjunction(found)
        : `${test.match === 'none' ? 'NOT ' : ''}(${found.join(' OR ')})`;
    }
    case 'like': {
      const escape = test.escape === null ? '' : ` ESCAPE ${literalText(test.escape)}`;
      return `${column} LIKE ${literalText(test.pattern)}${escape}`;
    }
    case 'length':
      return conjunction([
        ...(test.min === null ? [] : [`length(${column}) >= ${test.min}`]),
        ...(test.max === null ? [] : [`length(${column}) <= ${test.max}`]),
      ]);
    case 'date':
      return conjunction([
        foundSql(column, test.pattern),
        ...(test.impossible === null ? [] : [`NOT ${foundSql(column, test.impossible)}`]),
      ]);
    case 'jsonSchema':
      return undefined;
    case 'typed':
      return String(test.holds);
  }
}

/** A rule value as a literal of its column's type. */
export function valueSql(value: RuleValue, type: StoredType): string {
  const isInteger = type === 'int64' || type === 'timestamp';
  return literalValue(isInteger && value !== null ? BigInt(value as string | number) : value, type);
}

export function conjunction(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'true' : conditions.map((one) => `(${one})`).join(' AND ');
}

function foundSql(column: string, pattern: string): string {
  return `regexp_matches(${column}, ${literalText(pattern)})`;
}

function boundsSql({ type, min, max, strictMin, strictMax }: Bounds, column: string): readonly string[] {
  if (type === 'int64') {
    return [
      ...(min === undefined ? [] : [atLeast(column, wholeBound(min, strictMin, 1n))]),
      ...(max === undefined ? [] : [atMost(column, wholeBound(max, strictMax, -1n))]),
    ];
  }
  return [
    ...(min === undefined ? [] : [`${column} ${strictMin ? '>' : '>='} ${valueSql(min, type)}`]),
    ...(max === undefined ? [] : [`${column} ${strictMax ? '<' : '<='} ${valueSql(max, type)}`]),
  ];
}

/** The integer nearest to a bound, on the side to which `step` leads, that is within it. */
function wholeBound(bound: RuleValue, strict: boolean, step: 1n | -1n): bigint {
  if (typeof bound !== 'number' || Number.isInteger(bound)) {
    return BigInt(bound as string | number) + (strict ? step : 0n);
  }
  return BigInt(step > 0n ? Math.ceil(bound) : Math.floor(bound));
}

function atLeast(column: string, bound: bigint): string {
  return bound > GREATEST_BIGINT
    ? 'false'
    : `${column} >= ${literalBigint(bound < LEAST_BIGINT ? LEAST_BIGINT : bound)}`;
}

function atMost(column: string, bound: bigint): string {
  return bound < LEAST_BIGINT
    ? 'false'
    : `${column} <= ${literalBigint(bound > GREATEST_BIGINT ? GREATEST_BIGINT : bound)}`;
}

/** A condition may ask for a fraction, or a number beyond the range, of a column of integers: no value is equal to it. */
function isStorable(value: RuleValue, type: StoredType): boolean {
  if (type !== 'int64') return true;
  if (typeof value === 'number') return Number.isSafeInteger(value);
  const integer = BigInt(value as string);
  return integer >= LEAST_BIGINT && integer <= GREATEST_BIGINT;
}
