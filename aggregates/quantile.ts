/**
 * Approximate quantiles: how many values each bucket holds (see `quantile-bucket.ts`). The answer is the bucket of the value
 * at the quantile's rank: the exact discrete quantile, rounded to seven binary digits. So it is within 1/128 of the exact
 * one, and depends on the values alone: not on their order, nor on how rows were split and merged.
 *
 * Method: the logarithmic buckets of DDSketch (Masson et al. 2019), with steps that are even within a power of two.
 */
import type { Aggregate } from './aggregate.ts';
import { ByteWriter } from './bytes.ts';
import { bucketCode, bucketValue, quantileRank } from './quantile-bucket.ts';

/** Bucket code to the number of its values. At most 64 buckets for each power of two between the values. */
export type QuantileState = Map<number, number>;

export function createQuantile(p: number): Aggregate<QuantileState> {
  return {
    empty: () => new Map(),
    add(state, value) {
      if (value !== null) count(state, bucketCode(Number(value)), 1);
      return state;
    },
    merge(a, b) {
      const merged = new Map(a);
      for (const [code, rows] of b) count(merged, code, rows);
      return merged;
    },
    finish(state) {
      if (state.size === 0) return null;
      let total = 0;
      for (const rows of state.values()) total += rows;
      let left = quantileRank(total, p);
      for (const [code, rows] of ascending(state)) {
        left -= rows;
        if (left <= 0) return bucketValue(code);
      }
      return null;
    },
    encode(state) {
      const writer = new ByteWriter();
      writer.count(state.size);
      let before = 0;
      for (const [code, rows] of ascending(state)) {
        writer.integer(BigInt(code - before));
        writer.count(rows);
        before = code;
      }
      return writer.finish();
    },
    read(reader) {
      let code = 0;
      return new Map(
        Array.from({ length: reader.count() }, () => {
          code += Number(reader.integer());
          return [code, reader.count()];
        }),
      );
    },
  };
}

function count(state: QuantileState, code: number, rows: number): void {
  state.set(code, (state.get(code) ?? 0) + rows);
}

function ascending(state: QuantileState): readonly (readonly [number, number])[] {
  return [...state].sort(([a], [b]) => a - b);
}
