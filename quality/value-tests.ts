/** What a rule asks of one value, as data: the same for the rules on rows that come one by one and for those in SQL. */
import { AsofError } from '../contracts/errors.ts';
import type { ExpectationManifest } from '../contracts/manifest.ts';
import type { StoredType } from '../contracts/values.ts';
import { readDateFormat } from '../definitions/date-formats.ts';
import { typeNamed } from '../definitions/type-names.ts';
import { valueBounds, type Bounds } from './bounds.ts';
import { argumentValue, type RuleValue } from './rule-values.ts';

export type ValueTest =
  | { readonly kind: 'present' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'within'; readonly bounds: Bounds }
  | {
      readonly kind: 'oneOf';
      readonly type: StoredType;
      readonly values: readonly RuleValue[];
      readonly negated: boolean;
    }
  | { readonly kind: 'matches'; readonly patterns: readonly string[]; readonly match: 'any' | 'all' | 'none' }
  | { readonly kind: 'like'; readonly pattern: string; readonly escape: string | null }
  /** In code points, both ends inclusive. */
  | { readonly kind: 'length'; readonly min: number | null; readonly max: number | null }
  /** A text in which `pattern` is found and `impossible` is not. */
  | { readonly kind: 'date'; readonly pattern: string; readonly impossible: string | null }
  | { readonly kind: 'jsonSchema'; readonly schema: object }
  /** Decided by the column's type alone. */
  | { readonly kind: 'typed'; readonly holds: boolean };

type Arguments = ExpectationManifest['arguments'];

/** The test of a rule on one column of this type. `where` names the rule in errors. */
export function valueTest(rule: string, args: Arguments, type: StoredType, where: string): ValueTest {
  switch (rule) {
    case 'expect_column_values_to_not_be_null':
      return { kind: 'present' };
    case 'expect_column_values_to_be_null':
      return { kind: 'absent' };
    case 'expect_column_values_to_be_between':
      return { kind: 'within', bounds: valueBounds(args, type, where) };
    case 'expect_column_values_to_be_in_set':
    case 'expect_column_values_to_not_be_in_set': {
      const values = (args['value_set'] as readonly unknown[]).map((value) => argumentValue(value, type, where));
      return { kind: 'oneOf', type, values, negated: rule.includes('not_be_in') };
    }
    case 'expect_column_values_to_match_regex':
    case 'expect_column_values_to_not_match_regex':
      return { kind: 'matches', patterns: [String(args['regex'])], match: rule.includes('not_match') ? 'none' : 'all' };
    case 'expect_column_values_to_match_regex_list': {
      const patterns = args['regex_list'] as readonly string[];
      return { kind: 'matches', patterns, match: args['match_on'] === 'all' ? 'all' : 'any' };
    }
    case 'expect_column_values_to_match_like_pattern':
      return { kind: 'like', pattern: String(args['like_pattern']), escape: (args['escape'] ?? null) as string | null };
    case 'expect_column_value_lengths_to_be_between':
      return { kind: 'length', ...lengthBounds(args) };
    case 'expect_column_values_to_be_of_type':
      return { kind: 'typed', holds: typeNamed(String(args['type_'])) === type };
    case 'expect_column_values_to_be_in_type_list':
      return {
        kind: 'typed',
        holds: (args['type_list'] as readonly string[]).some((name) => typeNamed(name) === type),
      };
    case 'expect_column_values_to_match_strftime_format': {
      const format = readDateFormat(String(args['strftime_format']));
      if (typeof format === 'string') throw new AsofError('INVALID_VALUE', { where, problem: format });
      return { kind: 'date', ...format };
    }
    case 'expect_column_values_to_match_json_schema':
      return { kind: 'jsonSchema', schema: args['json_schema'] as object };
    default:
      throw new AsofError('NOT_AVAILABLE_YET', { place: where, what: `the expectation ${rule}` });
  }
}

function lengthBounds({ min_value: min = null, max_value: max = null, strict_min, strict_max }: Arguments) {
  return {
    min: min === null ? null : Number(min) + (strict_min === true ? 1 : 0),
    max: max === null ? null : Number(max) - (strict_max === true ? 1 : 0),
  };
}
