/**
 * An aggregate function as a state that grows row by row and merges. The states are what online tiles hold and what
 * streams update; the offline sweep computes the same functions over whole keys and is tested against them.
 *
 * Values are those of the engine: int64 and timestamps are `bigint` (microseconds), float64 is `number`. Null inputs are
 * skipped; a state without a non-null input finishes as null, except `count`, which counts rows.
 */
import type { EngineValue } from '../engine/engine.ts';
import type { ByteReader } from './bytes.ts';
import type { RowOrder } from './row-order.ts';

export interface Aggregate<State = unknown> {
  /** Whether the value depends on the order of the rows, and not only on their values. */
  readonly goesByOrder?: true;
  empty(): State;
  /**
   * Takes one row in. It may change the given state; use the one it returns. Rows may come in any order: `order` is what
   * first, last and last-N go by.
   */
  add(state: State, value: EngineValue, order: RowOrder): State;
  /** The state of both sets of rows together. Neither input is changed, and their order does not matter. */
  merge(a: State, b: State): State;
  /**
   * The value; undefined when the state was too small for its rows (`mostFrequent`). Throws `INTEGER_OVERFLOW` when an
   * integer sum leaves the range of int64.
   */
  finish(state: State): EngineValue | undefined;
  encode(state: State): Uint8Array;
  /** What `encode` wrote, and nothing beyond it. */
  read(reader: ByteReader): State;
  /**
   * The value of all states that `encode` wrote at these places, from the given one of them on: where it is faster than to
   * read and merge one after the other.
   */
  finishStored?(reader: ByteReader, places: readonly number[], from: number): EngineValue | undefined;
}
