/**
 * One form of values for rules and rows, so that both compare exactly: a 64-bit integer is a number while that is exact
 * and decimal text beyond, an instant the same of its microseconds, NaN is a missing value.
 */
import { AsofError } from '../contracts/errors.ts';
import { parseInstant } from '../contracts/time.ts';
import type { StoredType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';

export type RuleValue = string | number | boolean | null | readonly RuleValue[];

/** A row's value, as the engine gives it. */
export function ruleValue(value: EngineValue): RuleValue {
  if (typeof value === 'bigint') return ruleInteger(value);
  if (typeof value === 'number') return Number.isNaN(value) ? null : value;
  return typeof value === 'object' && value !== null ? value.map(ruleValue) : value;
}

/** An argument that is a value of a column of this type. Throws `INVALID_VALUE` when it is none. */
export function argumentValue(argument: unknown, type: StoredType, where: string): RuleValue {
  if (type === 'int64') {
    if (typeof argument === 'number') return Number.isInteger(argument) ? ruleInteger(BigInt(argument)) : argument;
    if (typeof argument === 'bigint') return ruleInteger(argument);
    if (typeof argument === 'string' && /^[+-]?\d+$/.test(argument)) return ruleInteger(BigInt(argument));
  }
  if (type === 'timestamp' && typeof argument === 'string') {
    const instant = parseInstant(argument);
    if (instant !== undefined) return ruleInteger(instant);
  }
  if (type === 'float64' && typeof argument === 'string' && argument !== '' && !Number.isNaN(Number(argument))) {
    return Number(argument); // "Infinity" travels as text
  }
  const fits = { string: 'string', float64: 'number', boolean: 'boolean' }[type as string];
  if (argument === null || typeof argument === fits) return argument as RuleValue;
  throw new AsofError('INVALID_VALUE', {
    where,
    problem: `${JSON.stringify(argument)} is not a value of type ${type}`,
  });
}

/** Orders numbers, and integers given as text, exactly. Both are of one column's type. */
export function isBelow(a: RuleValue, b: RuleValue, type: StoredType): boolean {
  if (type === 'string') return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b))) < 0;
  return comparable(a) < comparable(b);
}

function comparable(value: RuleValue): number | bigint {
  return typeof value === 'string' ? BigInt(value) : Number(value);
}

function ruleInteger(value: bigint): RuleValue {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}
