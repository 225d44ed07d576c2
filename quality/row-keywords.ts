/** The ajv instance of row rules: exact bounds, and patterns that run in linear time. */
import { Ajv, type KeywordDefinition } from 'ajv';
import { compileJsonSchema } from '../definitions/json-schemas.ts';
import { linearPatterns } from '../definitions/patterns.ts';
import { isWithin, type Bounds } from './bounds.ts';
import { recordHolds, type RecordCheck } from './record-tests.ts';
import type { RuleValue } from './rule-values.ts';

/** ajv's own `minimum` knows doubles only; `withinBounds` compares 64-bit integers and instants to the last digit. */
const WITHIN_BOUNDS: KeywordDefinition = {
  keyword: 'withinBounds',
  schemaType: 'object',
  errors: false,
  compile: (bounds: Bounds) => (value: RuleValue) => isWithin(value, bounds),
};

/** Several values of a row, which JSON Schema cannot compare. */
const RECORD: KeywordDefinition = {
  keyword: 'record',
  schemaType: 'object',
  errors: false,
  compile: (check: RecordCheck) => recordHolds(check),
};

const HOLDS_JSON: KeywordDefinition = {
  keyword: 'holdsJson',
  schemaType: 'object',
  errors: false,
  compile: (schema: object) => compileJsonSchema(schema),
};

export function rowRuleAjv(): Ajv {
  return new Ajv({
    allErrors: true,
    ownProperties: true,
    // infinity is a number here: bounds decide about it; NaN never arrives
    strictNumbers: false,
    allowUnionTypes: true,
    keywords: [WITHIN_BOUNDS, RECORD, HOLDS_JSON],
    code: { regExp: linearPatterns },
  });
}
