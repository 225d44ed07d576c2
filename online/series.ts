/**
 * The part of an aggregate state that one or more features read: rows of one key that pass one filter, kept in the form
 * their window needs. Rows come in any order and at any time, into a new series or into one that was stored. A series
 * answers for any instant at which nothing in it is still to come.
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
  start(): SeriesState;
  /** What was encoded, to be asked or to take in more. */
  resume(reader: ByteReader): SeriesState;
}

export interface SeriesState {
  /** Takes a row in, which may be older than rows that were taken in before. */
  add(value: EngineValue, order: RowOrder): void;
  /** Leaves out what no window can reach any more once the key's newest row is at `newest`. */
  encode(writer: ByteWriter, newest: Micros): void;
  /** The value of a window that ends before `at`; undefined when rows of it were not kept. */
  answer(at: Micros, windowMicros: number | null): EngineValue | undefined;
}
