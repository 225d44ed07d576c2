/** What the values of a column look like over a stretch of rows: kept as JSON, and mergeable. */
import type { DriftBaseline } from './drift.ts';
import type { TimeRange } from './lake.ts';
import type { JsonScalar, StoredType } from './values.ts';

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

/** Whose statistics are kept: of one version of a view. */
export interface StatisticsTarget {
  readonly project: string;
  readonly target: string;
  readonly fingerprint: string;
}

/** What values were made of: the snapshot of the source, and the fit of their transforms, 0 without one. */
export interface StatisticsBasis {
  readonly snapshot: number;
  readonly fit: number;
}

export interface KeptState {
  readonly column: string;
  /** Of the rows. */
  readonly range: TimeRange;
  readonly basis: StatisticsBasis;
  readonly state: ColumnState;
}

export interface StatisticsLog {
  /** Keeps states in place of those of the same columns and ranges, for 90 days from their last measurement. */
  keepStates(target: StatisticsTarget, states: readonly KeptState[]): Promise<void>;
  /** The kept states of ranges inside of `range`, by range, then column. */
  states(target: StatisticsTarget, range: TimeRange): Promise<readonly KeptState[]>;
  /** Keeps a baseline under its name in place of an earlier one, and the newest 50 of a project. */
  keepBaseline(target: StatisticsTarget, name: string, baseline: DriftBaseline): Promise<void>;
  baseline(target: StatisticsTarget, name: string): Promise<DriftBaseline | undefined>;
}

/** What a person is told about the values of a feature. Numbers that JSON cannot hold are text. */
export interface FeatureStatistics {
  readonly feature: string;
  readonly type: StoredType;
  /** Rows, nulls among them. */
  readonly sampleSize: number;
  readonly nulls: number;
  /** Null without a row. */
  readonly nullShare: number | null;
  /** NaN and infinities: left out of the numbers below, but different values. */
  readonly nan: number;
  readonly infinite: number;
  readonly mean: number | null;
  /** The sample's. */
  readonly std: number | null;
  readonly min: JsonScalar;
  readonly max: JsonScalar;
  /** Exact below 1,024, otherwise a sketch, 3 % off; null for lists. */
  readonly distinct: number | null;
  /** Numbers only: within 1/128 of values of the column. */
  readonly quantiles: Readonly<Record<string, number>> | null;
  /** Texts and booleans, unless personal: up to ten values of the most rows. */
  readonly top: readonly { readonly value: string; readonly count: number }[] | null;
}

export interface ViewStatistics {
  readonly view: string;
  readonly version: string;
  /** Of the source. */
  readonly snapshot: number;
  readonly fit: number | null;
  /** Event times of the rows, half open; `from` is null for all before `to`. */
  readonly from: string | null;
  readonly to: string;
  readonly sampleSize: number;
  readonly features: readonly FeatureStatistics[];
}

/** The quantiles that statistics of datasets and views list, by their names. */
export const NAMED_QUANTILES: Readonly<Record<string, number>> = {
  p01: 0.01,
  p05: 0.05,
  p25: 0.25,
  p50: 0.5,
  p75: 0.75,
  p95: 0.95,
  p99: 0.99,
};
