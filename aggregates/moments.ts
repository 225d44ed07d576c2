/**
 * The sample variance and standard deviation by count, mean and sum of squared deviations (Welford's update, Chan's merge): nothing
 * cancels, however far the values stand from zero.
 */
import type { Aggregate } from './aggregate.ts';
import { ByteWriter } from './bytes.ts';

export interface MomentsState {
  readonly count: number;
  readonly mean: number;
  /** Sum of the squared deviations from the mean. */
  readonly squares: number;
}

const EMPTY: MomentsState = { count: 0, mean: 0, squares: 0 };

/** Inputs are float64 or int64; an int64 is taken as the nearest double. */
export const VARIANCE = aggregate(sampleVariance);
export const STDDEV = aggregate(sampleDeviation);

function aggregate(finish: (state: MomentsState) => number | null): Aggregate<MomentsState> {
  return {
    empty: () => EMPTY,
    add: (state, value) =>
      value === null ? state : mergeMoments(state, { count: 1, mean: Number(value), squares: 0 }),
    merge: mergeMoments,
    finish,
    encode(state) {
      const writer = new ByteWriter();
      writer.count(state.count);
      writer.double(state.mean);
      writer.double(state.squares);
      return writer.finish();
    },
    read(reader) {
      return { count: reader.count(), mean: reader.double(), squares: reader.double() };
    },
  };
}

export function mergeMoments(a: MomentsState, b: MomentsState): MomentsState {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const count = a.count + b.count;
  const gap = b.mean - a.mean;
  return {
    count,
    mean: a.mean + (gap * b.count) / count,
    squares: a.squares + b.squares + (gap * gap * a.count * b.count) / count,
  };
}

/** Null below two values. A variance that no finite double holds is NaN, in whichever order the rows came. */
export function sampleVariance({ count, squares }: MomentsState): number | null {
  if (count < 2) return null;
  return Number.isFinite(squares) ? squares / (count - 1) : Number.NaN;
}

export function sampleDeviation(state: MomentsState): number | null {
  const variance = sampleVariance(state);
  return variance === null ? null : Math.sqrt(variance);
}
