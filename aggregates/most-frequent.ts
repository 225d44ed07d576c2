/**
 * The value of most rows, exactly: a state counts the rows of each value. Of values with equally many rows the least one
 * answers, in the order of `min`; NaN is a value like others, minus zero is zero.
 *
 * No bounded state finds the most frequent of any number of values without an error that depends on the order of the rows.
 * So a state that is given a limit gives up beyond it, rather than guess.
 */
import type { StoredType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';
import type { Aggregate } from './aggregate.ts';
import { ByteWriter } from './bytes.ts';
import { readValue, writeValue } from './value-codec.ts';
import { compareValues } from './value-order.ts';

/** Distinct values of a window that are counted online. */
export const MOST_COUNTED_VALUES = 10_000;

/** Value to rows; null once there were more values than the limit. */
export type FrequencyState = Map<EngineValue, number> | null;

/** @param limit distinct values that a state holds at most; with more it finishes as undefined */
export function createMostFrequent(type: StoredType, limit: number): Aggregate<FrequencyState> {
  const within = (state: Map<EngineValue, number>): FrequencyState => (state.size > limit ? null : state);
  return {
    empty: () => new Map(),
    add(state, value) {
      if (state === null || value === null) return state;
      count(state, value, 1);
      return within(state);
    },
    merge(a, b) {
      if (a === null || b === null) return null;
      const [larger, smaller] = a.size >= b.size ? [a, b] : [b, a];
      const merged = new Map(larger);
      for (const [value, rows] of smaller) count(merged, value, rows);
      return within(merged);
    },
    finish: (state) => (state === null ? undefined : mostFrequent(state)),
    encode(state) {
      const writer = new ByteWriter();
      writer.byte(state === null ? 0 : 1);
      if (state === null) return writer.finish();
      writer.count(state.size);
      // in order, so that equal states are equal bytes
      for (const [value, rows] of [...state].sort(([a], [b]) => compareValues(a, b))) {
        writeValue(writer, type, value);
        writer.count(rows);
      }
      return writer.finish();
    },
    read(reader) {
      if (reader.byte() === 0) return null;
      return new Map(Array.from({ length: reader.count() }, () => [readValue(reader, type), reader.count()]));
    },
  };
}

/** A map holds minus zero as zero, and NaN once. */
function count(state: Map<EngineValue, number>, value: EngineValue, rows: number): void {
  state.set(value, (state.get(value) ?? 0) + rows);
}

function mostFrequent(state: Map<EngineValue, number>): EngineValue {
  let best: EngineValue = null;
  let most = 0;
  for (const [value, rows] of state) {
    if (rows < most || (rows === most && compareValues(value, best) > 0)) continue;
    best = value;
    most = rows;
  }
  return best;
}
