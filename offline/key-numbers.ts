/** Keys as small numbers, so that work outside SQL never compares key values. */
import { identifierList, quoteIdentifier } from '../engine/sql.ts';

/** A table of the distinct keys of `requests` (a SELECT), numbered from 0 as `__key` INTEGER, with their first `__at` as `__first`. */
export function createKeysSql(table: string, requests: string, keys: readonly string[]): string {
  const names = identifierList(keys);
  return `CREATE TEMP TABLE ${quoteIdentifier(table)} AS
SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS __key, *
FROM (SELECT ${names}, epoch_us(min(__at)) AS __first FROM (${requests}) GROUP BY ${names})`;
}
