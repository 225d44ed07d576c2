/** How the values of a column stand apart from those of a baseline: bins that are kept, rows in them, and measures. */

import type { StatisticsBasis } from './statistics.ts';

/** How values are told apart, decided by a baseline once and kept with it. */
export type Bins = NumberBins | CategoryBins;

export interface NumberBins {
  readonly kind: 'number';
  /** Ascending. Rows are counted at each edge and between them: see `quality/drift/bins.ts`. */
  readonly edges: readonly number[];
  /** Whether every value of the baseline is an edge, so that nothing of its distribution is lost. */
  readonly isWhole: boolean;
  /** The edges that bound the bins of PSI and the other measures of shares. */
  readonly deciles: readonly number[];
}

export interface CategoryBins {
  readonly kind: 'category';
  /** Of the most rows of the baseline. All others are one bin. */
  readonly values: readonly string[];
}

/** Rows in bins. */
export interface BinnedRows {
  readonly rows: number;
  /** Null or NaN. */
  readonly missing: number;
  /** Numbers: below the first edge, at it, up to the next one, at that … above the last. Categories: each, then the others. */
  readonly cells: readonly number[];
  /** Numbers only: finite values below the first edge and above the last. */
  readonly below: Tail;
  readonly above: Tail;
}

export interface Tail {
  readonly rows: number;
  readonly mean: number;
}

/** What a baseline keeps of a column. */
export interface ColumnBaseline {
  readonly bins: Bins;
  readonly binned: BinnedRows;
  /** The population's deviation of the finite numbers; null for categories, and where no double holds it. */
  readonly deviation: number | null;
}

export type DriftVerdict = 'ok' | 'warning' | 'critical' | 'insufficient_data';

/** Shares are of all rows, missing ones are a bin of their own; KS and Wasserstein look at the values alone. */
export interface DriftMeasures {
  /** Population stability index; natural logarithm, empty bins taken as 1e-4. */
  readonly psi: number;
  /** Jensen-Shannon distance: the root of the divergence, natural logarithm; at most sqrt(ln 2). */
  readonly jsDistance: number;
  readonly lInfinity: number;
  readonly hellinger: number;
  /** Numbers only, null where a side has none. */
  readonly ks: KolmogorovSmirnov | null;
  /** First Wasserstein distance, by the baseline's deviation. */
  readonly wasserstein: number | null;
}

export interface KolmogorovSmirnov {
  readonly statistic: number;
  /** Of the limiting distribution. */
  readonly p: number;
  /** Whether the statistic is that of the values themselves, and not of bins with at most a 500th of the baseline in each. */
  readonly isExact: boolean;
}

/** What is kept of a baseline. */
export interface DriftBaseline {
  readonly basis: StatisticsBasis;
  readonly rows: number;
  /** By feature; one that is not among them was not in the baseline, or its drift cannot be told. */
  readonly columns: Readonly<Record<string, ColumnBaseline>>;
}

export interface FeatureDrift {
  readonly feature: string;
  readonly verdict: DriftVerdict;
  /** Null where a side has no row. */
  readonly measures: DriftMeasures | null;
  readonly baseline: RowCounts;
  readonly current: RowCounts;
  /** The bins of the shares, with the rows of both. */
  readonly bins: readonly DriftBin[];
}

export interface RowCounts {
  readonly rows: number;
  readonly missing: number;
}

export interface DriftBin {
  /** `≤ 5`, `> 5`, a category, `other` or `missing`. */
  readonly bin: string;
  readonly baseline: number;
  readonly current: number;
}

export type BaselineKind = 'dataset' | 'interval' | 'previous';

export interface DriftReport {
  readonly view: string;
  readonly version: string;
  /** The worst of the features: critical, then insufficient_data, which is also that of a view without any. */
  readonly verdict: DriftVerdict;
  readonly baseline: {
    readonly kind: BaselineKind;
    /** `name@version` of a dataset. */
    readonly dataset: string | null;
    readonly from: string | null;
    readonly to: string | null;
    readonly rows: number;
  };
  readonly current: {
    readonly snapshot: number;
    readonly from: string | null;
    readonly to: string;
    readonly rows: number;
  };
  readonly features: readonly FeatureDrift[];
  /** Features whose drift cannot be told: lists, timestamps, personal texts, and those that the baseline does not have. */
  readonly notCompared: readonly string[];
}
