/** The 64-bit hash of the distinct sketch in Spark, as `distinctHashSql` of `aggregates/distinct-hash.ts` has it. */
import type { StoredType } from '../../contracts/values.ts';
import { sparkBigint, sparkMicros } from '../../engine/spark/spark-sql.ts';

/**
 * The hash of an expression as BIGINT, 2^63 less than the unsigned hash. Null for null. Not of a float64, whose text (17
 * significant digits, correctly rounded) Spark cannot write: see `float-hashes.ts`.
 */
export function sparkDistinctHash(expression: string, type: StoredType): string {
  const text = canonicalText(expression, type);
  const digest = `md5(CAST(${text} AS BINARY))`;
  // the last eight bytes, the last one first
  const bytes = Array.from({ length: 8 }, (_, index) => `substr(${digest}, ${31 - 2 * index}, 2)`);
  return `CAST(conv(concat(${bytes.join(', ')}), 16, -10) AS BIGINT) ^ ${sparkBigint(-(1n << 63n))}`;
}

function canonicalText(expression: string, type: StoredType): string {
  switch (type) {
    case 'string':
      return expression;
    case 'int64':
    case 'boolean':
      return `CAST(${expression} AS STRING)`;
    case 'timestamp':
      return `CAST(${sparkMicros(expression)} AS STRING)`;
    default:
      throw new TypeError(`Spark has no distinct hash of ${type}`);
  }
}
