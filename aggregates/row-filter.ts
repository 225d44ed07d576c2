/** A feature's `where`: which rows it takes in. Null equals null here, NaN equals NaN. */
import { AsofError } from '../contracts/errors.ts';
import type { WhereManifest } from '../contracts/manifest.ts';
import { requireInstant } from '../contracts/time.ts';
import type { JsonScalar, StoredType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';

const FLOAT = /^(NaN|-?Infinity|-?\d+(\.\d+)?(e[+-]?\d+)?)$/i;

/** One column of a filter with the values that it may have, in the engine's form. */
export interface FilterColumn {
  readonly column: string;
  readonly type: StoredType;
  readonly values: readonly EngineValue[];
}

/**
 * The filter with its values read by the type of their columns: int64 from decimal text or a number, timestamps from ISO
 * 8601. Throws `INVALID_VALUE` or `INVALID_INSTANT` for a value that is not of its column's type.
 */
export function readFilter(
  where: readonly WhereManifest[],
  typeOf: (column: string) => StoredType,
): readonly FilterColumn[] {
  return where.map(({ column, values }) => {
    const type = typeOf(column);
    return { column, type, values: values.map((value) => readValue(value, type, `where ${column}`)) };
  });
}

/** Whether a row passes: every column of the filter has one of its values. `valueOf` gives the row's values. */
export function passesFilter(filter: readonly FilterColumn[], valueOf: (column: string) => EngineValue): boolean {
  return filter.every(({ column, values }) => values.includes(valueOf(column)));
}

function readValue(value: JsonScalar, type: StoredType, where: string): EngineValue {
  if (value === null) return null;
  switch (type) {
    case 'string':
      if (typeof value === 'string') return value;
      break;
    case 'boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'int64':
      if (/^-?\d{1,19}$/.test(String(value))) return BigInt(String(value));
      break;
    case 'float64':
      if (typeof value === 'number') return value;
      if (typeof value === 'string' && FLOAT.test(value)) return Number(value);
      break;
    case 'timestamp':
      if (typeof value === 'string') return requireInstant(value, where);
      break;
    default:
      break;
  }
  throw new AsofError('INVALID_VALUE', { where, problem: `${JSON.stringify(value)} is not a ${type}` });
}
