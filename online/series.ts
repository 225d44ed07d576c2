/**
 * The part of an aggregate state that one or more features read: rows of one key that pass one filter, kept in the form
 * their window needs. A series is filled in row order, encoded, and answers for any instant at which nothing in it is
 * still to come.
 */
import type { ByteReader, ByteWriter } from '../aggregates/bytes.ts';
import type { FilterColumn } from '../aggregates/row-filter.ts';
import type { RowOrder } from '../aggregates/row-order.ts';
import type { Micros } from '../contracts/time.ts';
import type { EngineValue } from '../engine/engine.ts';

export interface Series {
  /** Column that is aggregated; null for `count`. */
  readonly column: string | null;
  /** Rows that it takes in. */
  readonly filter: readonly FilterColumn[];
  /** How far before the newest row it reaches; null for all rows. */
  readonly reachMicros: number | null;
  start(): SeriesBuilder;
  decode(reader: ByteReader): SeriesState;
}

export interface SeriesBuilder {
  /** Rows come in row order. */
  add(value: EngineValue, order: RowOrder): void;
  /** Leaves out what no window can reach any more once the key's newest row is at `newest`. */
  encode(writer: ByteWriter, newest: Micros): void;
}

export interface SeriesState {
  /** The value of a window that ends before `at`; undefined when rows of it were not kept. */
  answer(at: Micros, windowMicros: number | null): EngineValue | undefined;
}
