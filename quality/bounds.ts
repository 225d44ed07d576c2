/** Bounds of values and measures: `min_value`, `max_value` and whether they are strict. */
import type { ExpectationManifest } from '../contracts/manifest.ts';
import type { StoredType } from '../contracts/values.ts';
import { argumentValue, isBelow, type RuleValue } from './rule-values.ts';

/** Bounds of a value, as `argumentValue` gives them. */
export interface Bounds {
  readonly type: StoredType;
  readonly min?: RuleValue;
  readonly max?: RuleValue;
  readonly strictMin: boolean;
  readonly strictMax: boolean;
}

/** Of a rule's arguments. Throws `INVALID_VALUE` for a bound that is no value of the type; `where` names the rule. */
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

export function isWithin(value: RuleValue, { type, min, max, strictMin, strictMax }: Bounds): boolean {
  const aboveMin = min === undefined || (strictMin ? isBelow(min, value, type) : !isBelow(value, min, type));
  const belowMax = max === undefined || (strictMax ? isBelow(value, max, type) : !isBelow(max, value, type));
  return aboveMin && belowMax;
}
