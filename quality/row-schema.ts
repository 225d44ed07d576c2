/** A row expectation as JSON Schema over a row of rule values. */
import { AsofError } from '../contracts/errors.ts';
import type { ExpectationManifest } from '../contracts/manifest.ts';
import type { StoredType } from '../contracts/values.ts';
import type { Bounds } from './row-keywords.ts';
import { argumentValue } from './rule-values.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * The schema of a row in which `expectation` holds for `column` of the given type. Values that are missing hold,
 * except for the two rules about nulls. `where` names the rule in errors.
 */
export function rowSchema(expectation: ExpectationManifest, type: StoredType, where: string): Schema {
  const column = String(expectation.arguments['column']);
  return { type: 'object', required: [column], properties: { [column]: valueSchema(expectation, type, where) } };
}

/** Whether a missing value is outside the rule's view, as it is for all but the rules about nulls. */
export function skipsMissing(type: string): boolean {
  return type !== 'expect_column_values_to_not_be_null' && type !== 'expect_column_values_to_be_null';
}

function valueSchema({ type: rule, arguments: args }: ExpectationManifest, type: StoredType, where: string): Schema {
  const orNull = (schema: Schema): Schema => ({ anyOf: [{ type: 'null' }, { type: jsonTypes(type), ...schema }] });
  switch (rule) {
    case 'expect_column_values_to_not_be_null':
      return { type: jsonTypes(type) };
    case 'expect_column_values_to_be_null':
      return { type: 'null' };
    case 'expect_column_values_to_be_between':
      return orNull({ withinBounds: valueBounds(args, type, where) });
    case 'expect_column_values_to_be_in_set':
      return orNull(oneOf(args, type, where));
    case 'expect_column_values_to_not_be_in_set':
      return orNull({ not: { type: jsonTypes(type), ...oneOf(args, type, where) } });
    case 'expect_column_values_to_match_regex':
      return orNull({ pattern: String(args['regex']) });
    case 'expect_column_value_lengths_to_be_between':
      return orNull(lengthBounds(args));
    default:
      throw new AsofError('NOT_AVAILABLE_YET', { place: where, what: `the expectation ${rule}` });
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

export function valueBounds(args: ExpectationManifest['arguments'], type: StoredType, where: string): Bounds {
  const bound = (name: string) => {
    const argument = args[name] ?? undefined;
    return argument === undefined ? undefined : argumentValue(argument, type, where);
  };
  const [min, max] = [bound('min_value'), bound('max_value')];
  return {
    type,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    strictMin: args['strict_min'] === true,
    strictMax: args['strict_max'] === true,
  };
}

function oneOf(args: ExpectationManifest['arguments'], type: StoredType, where: string): Schema {
  const values = (args['value_set'] as readonly unknown[]).map((value) => argumentValue(value, type, where));
  // ajv wants at least one value, and each once
  return values.length === 0 ? { not: {} } : { enum: [...new Set(values)] };
}

/** ajv counts code points, as the rule does. */
function lengthBounds(args: ExpectationManifest['arguments']): Schema {
  const { min_value: min = null, max_value: max = null } = args;
  return {
    ...(min !== null && { minLength: Math.max(0, Number(min) + (args['strict_min'] === true ? 1 : 0)) }),
    ...(max !== null && { maxLength: Number(max) - (args['strict_max'] === true ? 1 : 0) }),
  };
}
