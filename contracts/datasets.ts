/** What is kept of a training dataset beside its rows: plain JSON. */

/** Where the rows of a spine come from, as a request says it. */
export type SpineSource =
  /** The path of a Parquet, CSV or JSON Lines file. */
  | string
  /** One SELECT over the project's stored sources, each under its name. */
  | { readonly query: string }
  /**
   * Keys at the instants `from`, `from + every` … before `to`: those of the file `entities`, else every key that the
   * sources hold from before `to`. `every` is a duration, default `1h`.
   */
  | { readonly entities?: string; readonly from: string; readonly to: string; readonly every?: string };

/** Of one column. A number that JSON cannot hold, a timestamp and a long text travel as text. */
export interface ColumnStatistics {
  readonly name: string;
  /** The engine's type in the Parquet files. */
  readonly type: string;
  /** Rows with a value, and without. */
  readonly count: number;
  readonly nulls: number;
  /** NaN and infinities, which the numbers below leave out. */
  readonly nonFinite: number;
  /** A sketch, about 10 % off; null for types that are not counted, such as lists. */
  readonly distinct: number | null;
  /** Numbers only; `std` is the sample's. */
  readonly mean: number | null;
  readonly std: number | null;
  readonly min: StatisticValue;
  readonly max: StatisticValue;
  /** Numbers and timestamps: values of the column, the least with at least that share of the rows at or below it. */
  readonly quantiles: Readonly<Record<string, StatisticValue>> | null;
  /** Texts and booleans of which there are not too many: the most frequent, then in order of the value. */
  readonly top: readonly { readonly value: StatisticValue; readonly count: number }[] | null;
}

export type StatisticValue = string | number | boolean | null;

/** How rows are told apart; each row falls into one part. */
export type SplitRule =
  /** Part i holds the rows before `at[i]` that are in no earlier part, the last one the rest. Ascending, ISO 8601. */
  | { readonly by: 'time'; readonly at: readonly string[] }
  /** Shares of the keys, which add up to 1. */
  | {
      readonly by: 'key';
      readonly keys: readonly string[];
      readonly fractions: readonly number[];
      readonly seed: number;
    };

/** A partition of the rows of one dataset version. */
export interface DatasetSplit {
  readonly rule: SplitRule;
  /** By number of the part. */
  readonly parts: readonly { readonly name: string; readonly rows: number }[];
}
