/** The ajv instance of row rules: exact bounds, and patterns that run in linear time. */
import { Ajv, type KeywordDefinition } from 'ajv';
import { RE2JS } from 're2js';
import type { StoredType } from '../contracts/values.ts';
import { isBelow, type RuleValue } from './rule-values.ts';

/** Bounds of a value, as `argumentValue` gives them. */
export interface Bounds {
  readonly type: StoredType;
  readonly min?: RuleValue;
  readonly max?: RuleValue;
  readonly strictMin: boolean;
  readonly strictMax: boolean;
}

/** ajv's own `minimum` knows doubles only; `withinBounds` compares 64-bit integers and instants to the last digit. */
const WITHIN_BOUNDS: KeywordDefinition = {
  keyword: 'withinBounds',
  schemaType: 'object',
  errors: false,
  compile: (bounds: Bounds) => (value: RuleValue) => isWithin(value, bounds),
};

export function isWithin(value: RuleValue, { type, min, max, strictMin, strictMax }: Bounds): boolean {
  const aboveMin = min === undefined || (strictMin ? isBelow(min, value, type) : !isBelow(value, min, type));
  const belowMax = max === undefined || (strictMax ? isBelow(value, max, type) : !isBelow(max, value, type));
  return aboveMin && belowMax;
}

/** A backtracking engine could be kept busy for ever by one value; RE2 cannot. */
const linearPatterns = Object.assign(
  (pattern: string) => {
    const compiled = RE2JS.compile(pattern);
    return { test: (text: string) => compiled.matcher(text).find() };
  },
  { code: 'linearPatterns' },
);

export function rowRuleAjv(): Ajv {
  return new Ajv({
    allErrors: true,
    ownProperties: true,
    // infinity is a number here: bounds decide about it; NaN never arrives
    strictNumbers: false,
    allowUnionTypes: true,
    keywords: [WITHIN_BOUNDS],
    code: { regExp: linearPatterns },
  });
}
