/** The drift of a column: what its values measure against those of a baseline, and the verdict on it. */
import type { BinnedRows, Bins, ColumnBaseline, DriftMeasures, DriftVerdict } from '../../contracts/drift.ts';
import { placesOf, shareRows } from './bins.ts';
import { gapProbability, greatestGap } from './kolmogorov.ts';
import {
  greatestDifference,
  hellingerDistance,
  jensenShannonDistance,
  populationStability,
  sharesOf,
} from './shares.ts';
import { wassersteinDistance } from './wasserstein.ts';

/** Of PSI: from the first on a warning, from the second on critical. */
const PSI_WARNING = 0.1;
const PSI_CRITICAL = 0.25;
/** With fewer rows a baseline says nothing. */
const LEAST_BASELINE_ROWS = 100;

/** A deviation below it would make any distance great. */
const LEAST_DEVIATION = 0.001;

/** Null where a side has no row. `current` is of the baseline's bins. */
export function measureDrift(
  { bins, binned: baseline, deviation }: ColumnBaseline,
  current: BinnedRows,
): DriftMeasures | null {
  if (baseline.rows === 0 || current.rows === 0) return null;
  const [p, q] = [baseline, current].map((binned) => sharesOf(shareRows(bins, binned))) as [number[], number[]];
  return {
    psi: populationStability(p, q),
    jsDistance: jensenShannonDistance(p, q),
    lInfinity: greatestDifference(p, q),
    hellinger: hellingerDistance(p, q),
    ks: kolmogorovSmirnov(bins, baseline, current),
    wasserstein: normedWasserstein(bins, baseline, current, deviation),
  };
}

/** Never `ok` where the baseline, or the rows themselves, are too few to tell. */
export function judgeDrift(baseline: Pick<BinnedRows, 'rows'>, measures: DriftMeasures | null): DriftVerdict {
  if (baseline.rows < LEAST_BASELINE_ROWS || measures === null) return 'insufficient_data';
  if (measures.psi >= PSI_CRITICAL) return 'critical';
  return measures.psi >= PSI_WARNING ? 'warning' : 'ok';
}

function kolmogorovSmirnov(bins: Bins, a: BinnedRows, b: BinnedRows): DriftMeasures['ks'] {
  const [rowsA, rowsB] = [a.rows - a.missing, b.rows - b.missing];
  if (bins.kind === 'category' || rowsA === 0 || rowsB === 0) return null;
  const statistic = greatestGap(a.cells, b.cells);
  // the baseline's infinite values are in one cell with whatever is beyond its edges
  const isFinite = a.cells[0] === 0 && a.cells.at(-1) === 0;
  return { statistic, p: gapProbability(statistic, rowsA, rowsB), isExact: bins.isWhole && isFinite };
}

function normedWasserstein(bins: Bins, a: BinnedRows, b: BinnedRows, deviation: number | null): number | null {
  if (bins.kind === 'category' || deviation === null) return null;
  const [placesOfA, placesOfB] = [placesOf(bins, a), placesOf(bins, b)];
  if (placesOfA.length === 0 || placesOfB.length === 0) return null;
  const distance = wassersteinDistance(placesOfA, placesOfB) / Math.max(deviation, LEAST_DEVIATION);
  return Number.isFinite(distance) ? distance : null;
}
