/** What the values of a column look like over a stretch of rows: kept as JSON, and mergeable. */
import type { StoredType } from './values.ts';

/**
 * Of the values of one column. The states of parts of the rows merge to the state of all of them, in any order. An int64 is
 * decimal text, a timestamp the decimal text of its microseconds.
 */
export interface ColumnState {
  readonly type: StoredType;
  readonly rows: number;
  readonly nulls: number;
  /** Values that are no numbers, and infinite ones: everything below but the distinct ones leaves them out. */
  readonly nan: number;
  readonly infinite: number;
  /** Null without a value, for types that are not compared, and for personal values. Text is cut. */
  readonly min: string | number | null;
  readonly max: string | number | null;
  /** Numbers only. */
  readonly moments: StoredMoments;
  /** Numbers only: buckets of `aggregates/quantile-bucket.ts` in order, with their rows. */
  readonly buckets: readonly (readonly [code: number, rows: number])[];
  /** The distinct sketch of `aggregates/distinct.ts`, encoded in base64. */
  readonly hashes: string;
  readonly top: FrequentValues;
}

export interface StoredMoments {
  readonly count: number;
  /** Null where no double holds it. */
  readonly mean: number | null;
  /** The sum of squared deviations from the mean; null where no double holds it. */
  readonly squares: number | null;
}

/** Texts and booleans: the values of the most rows, and how far off their numbers may be. */
export interface FrequentValues {
  /** By rows, then value. A value has at least these rows, and at most `missed` more. */
  readonly values: readonly (readonly [value: string, rows: number])[];
  /** 0 when every value is listed; otherwise no other value has more rows than this. */
  readonly missed: number;
}
