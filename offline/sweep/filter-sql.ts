/** The `where` of aggregate features in SQL. */
import type { FilterColumn } from '../../aggregates/row-filter.ts';
import { literalValue, quoteIdentifier } from '../../engine/sql.ts';

/** Over the alias `e`: 1 where every column of the filter has one of its values, else 0; null equals null. */
export function filterSql(filter: readonly FilterColumn[]): string {
  const conditions = filter.map(({ column, type, values }) => {
    const name = `e.${quoteIdentifier(column)}`;
    const equals = values.map((value) => `${name} IS NOT DISTINCT FROM ${literalValue(value, type)}`);
    return equals.length === 0 ? 'false' : `(${equals.join(' OR ')})`;
  });
  return `CAST(${conditions.join(' AND ')} AS INTEGER)`;
}
