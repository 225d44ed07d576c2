/** The SELECT of a run, as text; what differs between databases is given. */
import { AsofError } from '../../contracts/errors.ts';
import type { CursorRange, DatabaseColumn, ReadObject, RowSelection } from './connection.ts';

/** How one kind of database writes things. */
export interface Grammar {
  readonly quote: (name: string) => string;
  /** A column as `TextValue`, or as what the driver gives as one. */
  readonly value: (column: DatabaseColumn) => string;
  /** A value of the cursor, already looked at: digits of a number, or a time. */
  readonly literal: (column: DatabaseColumn, text: string) => string;
}

const NUMBER = /^-?\d+(\.\d+)?$/;
const TIME = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d+)?Z?)?$/;

/** The table or the query as an item of FROM, under the name `read_rows`. */
export function fromItem({ table, query }: ReadObject, { quote }: Grammar): string {
  if (table !== null) return `${tableParts(table).map(quote).join('.')} AS read_rows`;
  // the line end closes a comment at the end of the query
  return `(${(query ?? '').trim().replace(/;$/, '')}\n) AS read_rows`;
}

export function selectRows(object: ReadObject, grammar: Grammar, { columns, cursor }: RowSelection): string {
  const values = columns.map((column) => `${grammar.value(column)} AS ${grammar.quote(column.name)}`);
  const select = `SELECT ${values.join(', ')} FROM ${fromItem(object, grammar)}`;
  if (cursor === null) return select;
  const name = `read_rows.${grammar.quote(cursor.column.name)}`;
  return `${select}${within(name, cursor, grammar)} ORDER BY ${name}`;
}

/** Rows without a value come each time: nothing says when they changed. */
function within(name: string, { column, from, to }: CursorRange, { literal }: Grammar): string {
  const ends = [
    ...(from === null ? [] : [`${name} >= ${literal(column, checked(from))}`]),
    ...(to === null ? [] : [`${name} <= ${literal(column, checked(to))}`]),
  ];
  return ends.length === 0 ? '' : ` WHERE (${ends.join(' AND ')}) OR ${name} IS NULL`;
}

/** It was written by a database, and becomes part of a statement. */
function checked(text: string): string {
  if (NUMBER.test(text) || TIME.test(text)) return text;
  throw new AsofError('INTERNAL', { problem: `${JSON.stringify(text)} is not a value of a cursor` });
}

/** `public."my orders"` as its parts, without quotes. */
function tableParts(table: string): readonly string[] {
  return [...table.matchAll(/"((?:[^"]|"")+)"|[^."]+/g)].map(([bare, quoted]) => quoted?.replaceAll('""', '"') ?? bare);
}
