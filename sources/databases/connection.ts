/** What ingestion asks of a database; one file beside this one for each kind of server. */
import type { Micros } from '../../contracts/time.ts';

/** What a column holds, as far as reading and comparing differ. Arrays come as text of a JSON array. */
export type ColumnContent =
  'integer' | 'unsigned' | 'decimal' | 'float' | 'boolean' | 'local' | 'instant' | 'date' | 'list' | 'json' | 'text';

export interface DatabaseColumn {
  readonly name: string;
  /** As the database calls it, such as `timestamp with time zone`. */
  readonly type: string;
  readonly content: ColumnContent;
}

/** Which rows: all, or those between two values of a column and those without one, in order of the column. */
export interface RowSelection {
  readonly columns: readonly DatabaseColumn[];
  readonly cursor: CursorRange | null;
}

/** Both ends inclusive, as text that the database wrote or that `cursor-text.ts` made; null for an open end. */
export interface CursorRange {
  readonly column: DatabaseColumn;
  readonly from: string | null;
  readonly to: string | null;
}

/**
 * A value as text with all its digits: booleans are `true` and `false`, times `2024-01-31 12:00:00.123456`, with a `Z` where the column
 * has instants, bytes `\x` and hexadecimal digits.
 */
export type TextValue = string | null;

/**
 * One transaction, which reads only and sees one state of the database from its first statement on. Errors of every method are
 * `DATABASE_UNAVAILABLE`, which may be tried again, and `INPUT_UNREADABLE`; none shows the address.
 */
export interface DatabaseConnection extends AsyncDisposable {
  /** Of the table or query, in order. */
  columns(): Promise<readonly DatabaseColumn[]>;
  /** By the clock of the server. */
  now(): Promise<Micros>;
  /** Batch by batch, as the reader takes them, so that few rows are held at a time. */
  rows(selection: RowSelection): AsyncIterable<readonly (readonly TextValue[])[]>;
}

/** What is read, and what errors call it. */
export interface ReadObject {
  /** Name of the source. */
  readonly where: string;
  /** `table public.orders`. */
  readonly path: string;
  readonly table: string | null;
  readonly query: string | null;
}
