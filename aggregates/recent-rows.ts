/**
 * The N greatest rows, nulls among them, and an aggregate function over their values: last-N windows and `lastN`. The
 * state holds the rows, since a later one pushes an earlier one out.
 */
import type { StoredType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';
import type { Aggregate } from './aggregate.ts';
import { ByteWriter } from './bytes.ts';
import { readOrder, writeOrder } from './order-codec.ts';
import { compareRowOrder, type RowOrder } from './row-order.ts';
import { readNullable, writeNullable } from './value-codec.ts';

export interface RecentRow {
  readonly order: RowOrder;
  readonly value: EngineValue;
}

/** In row order, the newest last; at most N. */
export type RecentRowsState = RecentRow[];

/** `type` is the column's; null for `count`, whose rows carry no value. */
export function createRecentRows(
  limit: number,
  type: StoredType | null,
  finish: (rows: readonly RecentRow[]) => EngineValue | undefined,
): Aggregate<RecentRowsState> {
  return {
    empty: () => [],
    add(state, value, order) {
      insert(state, { order, value: type === null ? null : value });
      if (state.length > limit) state.shift();
      return state;
    },
    merge: (a, b) => [...a, ...b].sort((left, right) => compareRowOrder(left.order, right.order)).slice(-limit),
    finish,
    encode(state) {
      const writer = new ByteWriter();
      writer.count(state.length);
      for (const { order, value } of state) {
        writeOrder(writer, order);
        if (type !== null) writeNullable(writer, type, value);
      }
      return writer.finish();
    },
    read(reader) {
      return Array.from({ length: reader.count() }, () => {
        const order = readOrder(reader);
        return { order, value: type === null ? null : readNullable(reader, type) };
      });
    },
  };
}

/** The finish of a last-N window: another aggregate over the kept rows. */
export function finishWith<State>(inner: Aggregate<State>): (rows: readonly RecentRow[]) => EngineValue | undefined {
  return (rows) =>
    inner.finish(rows.reduce((state, { order, value }) => inner.add(state, value, order), inner.empty()));
}

/** The finish of `lastN`: the non-null values, newest first; null when there is none. */
export function listNewestFirst(rows: readonly RecentRow[]): EngineValue {
  const values = rows.map(({ value }) => value).filter((value) => value !== null);
  return values.length === 0 ? null : values.reverse();
}

/** Rows mostly arrive in order, so the place is sought from the end. */
function insert(rows: RecentRow[], row: RecentRow): void {
  let place = rows.length;
  while (place > 0 && compareRowOrder(row.order, rows[place - 1]!.order) < 0) place--;
  rows.splice(place, 0, row);
}
