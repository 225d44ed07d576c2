/** How the values of a column stand apart from those of a baseline: bins that are kept, rows in them, and measures. */

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

export const DRIFT_VERDICTS = ['ok', 'warning', 'critical', 'insufficient_data'] as const;
export type DriftVerdict = (typeof DRIFT_VERDICTS)[number];

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
