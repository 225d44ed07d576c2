/**
 * How many columns stand in a temporary table. A column of a table takes blocks of its own, of 256 KiB each, however few
 * rows it has: a thousand columns of a small spine would take half a gigabyte. So many columns of one type stand in one
 * column, as a list with an element for each of them.
 */
import type { StoredType } from '../contracts/values.ts';
import { quoteIdentifier } from '../engine/sql.ts';

/** Fewer columns of a type stand by themselves. */
const LEAST_PACKED = 16;

export interface TypedColumn {
  readonly name: string;
  readonly type: StoredType;
}

export interface PackedColumns {
  /** Items of the SELECT that makes the table. `value` is a column's value there. */
  readonly items: (value: (column: string) => string) => readonly string[];
  /** A column's value in the table under `alias`. */
  readonly read: (column: string, alias: string) => string;
}

/** @param least as many columns of a type stand in one */
export function packColumns(columns: readonly TypedColumn[], least = LEAST_PACKED): PackedColumns {
  const byType = new Map<StoredType, string[]>();
  for (const { name, type } of columns) {
    const names = byType.get(type);
    if (names) names.push(name);
    else byType.set(type, [name]);
  }
  const groups = [...byType.values()];
  const packs = groups.filter(({ length }) => length >= least);
  const single = groups.filter(({ length }) => length < least).flat();
  const places = new Map(
    packs.flatMap((names, pack) => names.map((name, index) => [name, `${packName(pack)}[${index + 1}]`] as const)),
  );
  return {
    items: (value) => [
      ...single.map((name) => `${value(name)} AS ${quoteIdentifier(name)}`),
      ...packs.map((names, pack) => `[${names.map(value).join(', ')}] AS ${packName(pack)}`),
    ],
    read: (column, alias) => `${alias}.${places.get(column) ?? quoteIdentifier(column)}`,
  };
}

function packName(pack: number): string {
  return `__pack${pack}`;
}
