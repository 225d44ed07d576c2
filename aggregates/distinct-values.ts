/**
 * The distinct values, in ascending order; of more than the limit the least ones. A state holds no more than the limit, and
 * depends on the set of values alone. Minus zero is zero, and NaN the greatest.
 */
import type { StoredType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';
import type { Aggregate } from './aggregate.ts';
import { ByteWriter } from './bytes.ts';
import { readValue, writeValue } from './value-codec.ts';
import { compareValues } from './value-order.ts';

/** Ascending, without repeats, at most as many as the limit. */
export type DistinctValuesState = EngineValue[];

export function createCollectDistinct(type: StoredType, limit: number): Aggregate<DistinctValuesState> {
  return {
    empty: () => [],
    add(state, value) {
      if (value !== null) insert(state, typeof value === 'number' ? value + 0 : value, limit);
      return state;
    },
    merge(a, b) {
      const merged = [...a];
      for (const value of b) insert(merged, value, limit);
      return merged;
    },
    finish: (state) => (state.length === 0 ? null : [...state]),
    encode(state) {
      const writer = new ByteWriter();
      writer.count(state.length);
      for (const value of state) writeValue(writer, type, value);
      return writer.finish();
    },
    read(reader) {
      return Array.from({ length: reader.count() }, () => readValue(reader, type));
    },
  };
}

function insert(state: DistinctValuesState, value: EngineValue, limit: number): void {
  let low = 0;
  let high = state.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareValues(state[middle]!, value) < 0) low = middle + 1;
    else high = middle;
  }
  if (low === limit || (low < state.length && compareValues(state[low]!, value) === 0)) return;
  state.splice(low, 0, value);
  if (state.length > limit) state.pop();
}
