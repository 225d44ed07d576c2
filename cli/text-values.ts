/** Values given as text on the command line, read by their declared type. */
import { AsofError } from '../contracts/errors.ts';
import type { ScalarValue, StoredType } from '../contracts/values.ts';
import { Timestamp } from '../contracts/timestamp.ts';

/** Throws `INVALID_VALUE` naming where the text stood. */
export function parseText(text: string, type: StoredType, where: string): ScalarValue {
  const refuse = (): never => {
    throw new AsofError('INVALID_VALUE', { where, problem: `"${text}" is not a valid ${type}` });
  };
  switch (type) {
    case 'string':
      return text;
    case 'int64':
      return /^[+-]?\d+$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text) ? BigInt(text) : refuse();
    case 'float64': {
      const value = Number(text === 'Infinity' || text === '-Infinity' || text === 'NaN' ? text : text.trim() || 'x');
      return Number.isNaN(value) && text !== 'NaN' ? refuse() : value;
    }
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : refuse();
    case 'timestamp':
      return Timestamp.from(text, where);
    default:
      return refuse();
  }
}
