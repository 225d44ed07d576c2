/** A row check as JSON Schema over a row of rule values. */
import type { StoredType } from '../contracts/values.ts';
import { likeExpression } from '../definitions/like-patterns.ts';
import type { TypedColumn } from './record-tests.ts';
import { skipsMissing, type RowCheck, type ValueCheck } from './row-checks.ts';
import type { ValueTest } from './value-tests.ts';

type Schema = Readonly<Record<string, unknown>>;

/** The schema of a row in which the check holds, a row outside the rule's view included. */
export function rowSchema({ condition, check }: RowCheck): Schema {
  const held: Schema = check.on === 'value' ? valueSchema(check) : { type: 'object', record: check };
  return condition === null ? held : { if: conditionSchema(condition), then: held };
}

/** The schema of a row that meets a condition. */
export function conditionSchema({ column, test }: ValueCheck): Schema {
  return columnSchema(column, { type: jsonTypes(column.type), ...testSchema(test, column.type) });
}

function valueSchema({ column, test }: ValueCheck): Schema {
  const schema: Schema = { type: jsonTypes(column.type), ...testSchema(test, column.type) };
  return columnSchema(column, skipsMissing(test) ? { anyOf: [{ type: 'null' }, schema] } : schema);
}

function columnSchema({ name }: TypedColumn, schema: Schema): Schema {
  return { type: 'object', required: [name], properties: { [name]: schema } };
}

/** Of a value that is there. */
function testSchema(test: ValueTest, type: StoredType): Schema {
  switch (test.kind) {
    case 'present':
      return {};
    case 'absent':
      return { type: 'null' };
    case 'within':
      return { withinBounds: test.bounds };
    case 'oneOf': {
      // ajv wants at least one value, and each once
      const listed: Schema = test.values.length === 0 ? { not: {} } : { enum: [...new Set(test.values)] };
      return test.negated ? { not: { type: jsonTypes(type), ...listed } } : listed;
    }
    case 'matches': {
      const found = test.patterns.map((pattern) => ({ type: 'string', pattern }));
      return test.match === 'all'
        ? { allOf: found }
        : test.match === 'any'
          ? { anyOf: found }
          : { not: { anyOf: found } };
    }
    case 'like':
      return { pattern: likeExpression(test.pattern, test.escape) };
    case 'length':
      // ajv counts code points, as the rule does
      if (test.max !== null && test.max < 0) return { not: {} };
      return { ...(test.min !== null && { minLength: test.min }), ...(test.max !== null && { maxLength: test.max }) };
    case 'date': {
      const { pattern, impossible } = test;
      return { pattern, ...(impossible !== null && { not: { type: 'string', pattern: impossible } }) };
    }
    case 'jsonSchema':
      return { holdsJson: test.schema };
    case 'typed':
      return test.holds ? {} : { not: {} };
  }
}

/** ajv lets a value of any other type pass what it does not apply to: every schema says its types. */
function jsonTypes(type: StoredType): readonly string[] {
  if (type.endsWith(']')) return ['array'];
  switch (type) {
    case 'string':
      return ['string'];
    case 'boolean':
      return ['boolean'];
    case 'float64':
      return ['number'];
    default:
      return ['integer', 'string'];
  }
}
