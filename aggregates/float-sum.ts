/**
 * The sum and the mean of float64 values, by Neumaier's compensated summation: the error stays near one rounding of the
 * result however many rows a state has taken in.
 */
import type { EngineValue } from '../engine/engine.ts';
import type { Aggregate } from './aggregate.ts';
import { ByteWriter } from './bytes.ts';

export interface FloatSumState {
  readonly count: number;
  readonly total: number;
  /** What rounding took from `total` so far. */
  readonly lost: number;
}

export const FLOAT_SUM: Aggregate<FloatSumState> = aggregate((state) => state.total + state.lost);

export const FLOAT_MEAN: Aggregate<FloatSumState> = aggregate((state) => (state.total + state.lost) / state.count);

function aggregate(valueOf: (state: FloatSumState) => number): Aggregate<FloatSumState> {
  return {
    empty: () => ({ count: 0, total: 0, lost: 0 }),
    add: (state, value) => (value === null ? state : join(state, value as number, 0, 1)),
    merge: (a, b) => join(a, b.total, b.lost, b.count),
    finish: (state): EngineValue => (state.count === 0 ? null : valueOf(state)),
    encode(state) {
      const writer = new ByteWriter();
      writer.count(state.count);
      writer.double(state.total);
      writer.double(state.lost);
      return writer.finish();
    },
    read(reader) {
      return { count: reader.count(), total: reader.double(), lost: reader.double() };
    },
  };
}

function join(state: FloatSumState, value: number, lost: number, count: number): FloatSumState {
  const total = state.total + value;
  // infinity - infinity would turn an infinite sum into NaN
  const rounded = Number.isFinite(total) ? roundingError(state.total, value, total) : 0;
  return { count: state.count + count, total, lost: state.lost + lost + rounded };
}

function roundingError(a: number, b: number, total: number): number {
  return Math.abs(a) >= Math.abs(b) ? a - total + b : b - total + a;
}
