/** Keys as small numbers, so that work outside SQL never compares key values. */
import { identifierList, quoteIdentifier } from '../engine/sql.ts';

/**
 * A table of the distinct keys of `requests` (a SELECT), numbered from 0 in their order as `__key` INTEGER, with their first and last
 * `__at` in microseconds as `__first` and `__last`.
 */
export function createKeysSql(table: string, requests: string, keys: readonly string[]): string {
  const names = identifierList(keys);
  return `CREATE TEMP TABLE ${quoteIdentifier(table)} AS
SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS __key, *
FROM (SELECT ${names}, epoch_us(min(__at)) AS __first, epoch_us(max(__at)) AS __last FROM (${requests}) GROUP BY ${names} ORDER BY ${names})`;
}
