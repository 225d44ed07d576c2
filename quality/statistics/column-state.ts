/** Statistics of a column as a state that merges, and what it says. */
import { ByteReader } from '../../aggregates/bytes.ts';
import { APPROX_COUNT_DISTINCT, type DistinctState } from '../../aggregates/distinct.ts';
import { createQuantile, type QuantileState } from '../../aggregates/quantile.ts';
import { compareValues } from '../../aggregates/value-order.ts';
import type { ColumnState } from '../../contracts/statistics.ts';
import type { StoredType } from '../../contracts/values.ts';
import { mergeFrequent, NO_VALUES } from './frequent-values.ts';
import { mergeStored, NO_MOMENTS } from './stored-moments.ts';

/** `p` makes no difference to what a state holds. */
const QUANTILE = createQuantile(0.5);

export function emptyState(type: StoredType): ColumnState {
  return {
    ...{ type, rows: 0, nulls: 0, nan: 0, infinite: 0, min: null, max: null },
    ...{ moments: NO_MOMENTS, buckets: [], hashes: encodeHashes([]), top: NO_VALUES },
  };
}

/** Of two sets of rows of one column: the state of both together. */
export function mergeStates(a: ColumnState, b: ColumnState): ColumnState {
  const { type } = a;
  return {
    type,
    rows: a.rows + b.rows,
    nulls: a.nulls + b.nulls,
    nan: a.nan + b.nan,
    infinite: a.infinite + b.infinite,
    min: chooseBound(type, a.min, b.min, -1),
    max: chooseBound(type, a.max, b.max, 1),
    moments: mergeStored(a.moments, b.moments),
    buckets: encodeBuckets(QUANTILE.merge(new Map(a.buckets), new Map(b.buckets))),
    hashes: encodeHashes(APPROX_COUNT_DISTINCT.merge(decodeHashes(a.hashes), decodeHashes(b.hashes))),
    top: mergeFrequent(a.top, b.top),
  };
}

/** About how many different values there are, exactly below 1,024; NaN and infinities are values too. */
export function distinctOf({ hashes }: ColumnState): number {
  return Number(APPROX_COUNT_DISTINCT.finish(decodeHashes(hashes)) ?? 0);
}

/** Within 1/128 of the exact one; null without a finite number. */
export function quantileOf({ buckets }: ColumnState, p: number): number | null {
  return createQuantile(p).finish(new Map(buckets)) as number | null;
}

export function encodeHashes(hashes: DistinctState): string {
  return Buffer.from(APPROX_COUNT_DISTINCT.encode(hashes)).toString('base64');
}

export function encodeBuckets(buckets: QuantileState): ColumnState['buckets'] {
  return [...buckets].sort(([a], [b]) => a - b);
}

function decodeHashes(hashes: string): DistinctState {
  return APPROX_COUNT_DISTINCT.read(new ByteReader(Buffer.from(hashes, 'base64')));
}

type Bound = ColumnState['min'];

function chooseBound(type: StoredType, a: Bound, b: Bound, side: -1 | 1): Bound {
  if (a === null || b === null) return a ?? b;
  const compared = isWhole(type) ? compareValues(BigInt(a), BigInt(b)) : compareValues(a, b);
  return compared * side >= 0 ? a : b;
}

/** Types whose bounds are the decimal text of a whole number. */
function isWhole(type: StoredType): boolean {
  return type === 'int64' || type === 'timestamp';
}
