/** Tests of several values of a row as SQL text over stored columns. */
import type { StoredType } from '../contracts/values.ts';
import { quoteIdentifier } from '../engine/sql.ts';
import type { RecordCheck, RecordTest, TypedColumn } from './record-tests.ts';
import type { RuleValue } from './rule-values.ts';
import { conjunction, presentSql, valueSql } from './value-sql.ts';

/** SQL goes through the pairs of a set one by one, for every row. */
const MOST_PAIRS = 100;

/** Whether a record check does not look at a row, for the values that it lacks; null when it looks at every row. */
export function ignoredSql({ columns, ignored }: RecordCheck): string | null {
  const absent = columns.map((column) => `NOT ${presentSql(column)}`);
  switch (ignored) {
    case 'all':
      return absent.join(' AND ');
    case 'any':
      return absent.join(' OR ');
    case 'never':
      return null;
  }
}

/** Whether a row that is looked at holds, never null; undefined for a test that takes longer in SQL. */
export function recordSql({ columns, test }: RecordCheck): string | undefined {
  const [a = '', b = ''] = columns.map((column) => comparedValue(column, typeOf(test, column)));
  switch (test.kind) {
    case 'greater':
      return `coalesce(${a} ${test.orEqual ? '>=' : '>'} ${b}, false)`;
    case 'equal':
      return `coalesce(${a} = ${b}, false)`;
    case 'pairs':
      if (test.pairs.length > MOST_PAIRS) return undefined;
      return test.pairs.map((pair) => `(${pairSql(pair, columns)})`).join(' OR ');
    case 'sum':
      return sumSql(test, columns);
    case 'distinct': {
      const values = columns.map((column) => comparedValue(column, test.type));
      const equal = values.flatMap((one, place) =>
        values.slice(place + 1).map((other) => `(${one} IS NOT DISTINCT FROM ${other})`),
      );
      return `NOT (${equal.join(' OR ')})`;
    }
  }
}

function typeOf(test: RecordTest, column: TypedColumn): StoredType {
  return test.kind === 'pairs' ? column.type : test.type;
}

/** The value, null when it is missing, as the type in which it is compared. */
function comparedValue({ name, type }: TypedColumn, compared: StoredType): string {
  const column = quoteIdentifier(name);
  if (type === 'float64') return `(CASE WHEN NOT isnan(${column}) THEN ${column} END)`;
  return type === compared ? column : `${column}::DOUBLE`;
}

function pairSql(pair: readonly RuleValue[], columns: readonly TypedColumn[]): string {
  return conjunction(
    columns.map((column, place) => {
      const value = comparedValue(column, column.type);
      return `${value} IS NOT DISTINCT FROM ${valueSql(pair[place] ?? null, column.type)}`;
    }),
  );
}

function sumSql({ type, total }: RecordTest & { kind: 'sum' }, columns: readonly TypedColumn[]): string {
  if (typeof total === 'number') {
    const sum = columns.map((column) => comparedValue(column, type)).join(' + ');
    return `coalesce(${sum} = ${valueSql(total, 'float64')}, false)`;
  }
  // no sum of so many 64-bit integers is beyond it
  if (total === null || BigInt.asIntN(127, total) !== total) return 'false';
  const sum = columns.map(({ name }) => `${quoteIdentifier(name)}::HUGEINT`).join(' + ');
  return `coalesce(${sum} = '${total}'::HUGEINT, false)`;
}
