/**
 * The 64-bit hash of the distinct sketch, twice: in TypeScript and as SQL. It is the last eight bytes, read little-endian,
 * of the MD5 of the value's canonical text, which DuckDB calls `md5_number_lower`:
 *
 * - string: the text; int64: decimal; boolean: `true` or `false`; timestamp: microseconds since 1970 in decimal;
 * - float64: C's `%.16e` (17 significant digits identify a double, ties go to the even digit), minus zero as zero, `nan`,
 *   `inf`, `-inf`.
 */
import { createHash } from 'node:crypto';
import { AsofError } from '../contracts/errors.ts';
import type { StoredType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';

/** From 0 to 2^64 - 1. */
export function distinctHash(value: EngineValue): bigint {
  return createHash('md5').update(canonicalText(value), 'utf8').digest().readBigUInt64LE(8);
}

/**
 * SQL for the hash of an expression of a scalar type, as BIGINT: 2^63 less than `distinctHash`, so that its order is
 * that of the unsigned hash. Null for null. Throws `INVALID_VALUE` for lists.
 */
export function distinctHashSql(expression: string, type: StoredType): string {
  return `CAST(md5_number_lower(${canonicalTextSql(expression, type)})::HUGEINT - 9223372036854775808 AS BIGINT)`;
}

function canonicalText(value: EngineValue): string {
  return typeof value === 'number' ? floatText(value + 0) : String(value);
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  // C writes at least two digits of the exponent
  return roundHalfEven(value).replace(/([+-])(\d)$/, '$10$2');
}

/** `toExponential(16)` rounds a tie away from zero; where that made the last digit odd, the even one is below it. */
function roundHalfEven(value: number): string {
  const rounded = value.toExponential(16);
  const isTie = /\.\d{16}50*e/.test(value.toExponential(60));
  return isTie ? rounded.replace(/[13579]e/, (odd) => `${Number(odd[0]) - 1}e`) : rounded;
}

function canonicalTextSql(expression: string, type: StoredType): string {
  switch (type) {
    case 'string':
      return expression;
    case 'int64':
    case 'boolean':
      return `CAST(${expression} AS VARCHAR)`;
    case 'timestamp':
      return `CAST(epoch_us(${expression}) AS VARCHAR)`;
    case 'float64':
      return `CASE WHEN isnan(${expression}) THEN 'nan' ELSE format('{:.16e}', (${expression}) + 0.0::DOUBLE) END`;
    default:
      throw new AsofError('INVALID_VALUE', {
        where: 'approxCountDistinct',
        problem: `distinct values of type ${type} cannot be counted`,
      });
  }
}
