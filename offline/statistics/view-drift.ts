/** How far the values of a view have gone from those of a baseline. */
import type {
  BinnedRows,
  Bins,
  ColumnBaseline,
  DriftReport,
  DriftVerdict,
  FeatureDrift,
} from '../../contracts/drift.ts';
import { formatInstant } from '../../contracts/time.ts';
import { binNames, shareRows } from '../../quality/drift/bins.ts';
import { countBinned } from '../../quality/drift/bins-sql.ts';
import { judgeDrift, measureDrift } from '../../quality/drift/measure-drift.ts';
import { sourceTable } from '../view-coverage.ts';
import { findBaseline, type BaselineChoice } from './drift-baseline.ts';
import { observeValues } from './observed-values.ts';
import { measuredColumns, type StatisticsDependencies, type StatisticsRequest } from './view-statistics.ts';
import { placeWindow } from './window.ts';

const CURRENT_ROWS = 'current_rows';
/** The worst first. */
const WORST: readonly DriftVerdict[] = ['critical', 'insufficient_data', 'warning', 'ok'];

/**
 * Measures a window of a view's rows against a baseline. Throws what `findBaseline` and `placeWindow` throw, and what the engine
 * and the lake do.
 */
export async function describeDrift(
  dependencies: StatisticsDependencies,
  { project, planned, window }: StatisticsRequest,
  choice: BaselineChoice,
): Promise<DriftReport> {
  const { snapshot, files } = await dependencies.tables.files(sourceTable(project, planned.source));
  const placed = placeWindow(window, files);
  const place = { snapshot, window: placed };
  const { baseline, ...found } = await findBaseline(dependencies, { project, planned }, place, choice);
  const columns = measuredColumns(planned).flatMap((column) => {
    const own = Object.hasOwn(baseline.columns, column.name) ? baseline.columns[column.name] : undefined;
    return own === undefined ? [] : [{ column, bins: own.bins, baseline: own }];
  });
  const current = await dependencies.engine.session(async (session) => {
    await observeValues(session, dependencies, { project, planned, snapshot, range: placed }, CURRENT_ROWS);
    const [total] = await session.rows(`SELECT count(*) AS rows FROM ${CURRENT_ROWS}`);
    return { rows: Number(total!['rows']), binned: await countBinned(session, CURRENT_ROWS, columns) };
  }, dependencies.signal);
  const features = columns.map(({ column, baseline: own }, index) =>
    describeFeature(column.name, own, current.binned[index]!),
  );
  const { view } = planned;
  const compared = new Set(features.map(({ feature }) => feature));
  return {
    view: view.name,
    version: view.fingerprint,
    verdict: worstOf(features),
    baseline: { ...found, from: instantOf(found.from), to: instantOf(found.to), rows: baseline.rows },
    current: { snapshot, from: instantOf(placed.from), to: formatInstant(placed.to), rows: current.rows },
    features,
    notCompared: planned.features.map(({ name }) => name).filter((name) => !compared.has(name)),
  };
}

function describeFeature(feature: string, baseline: ColumnBaseline, current: BinnedRows): FeatureDrift {
  const measures = measureDrift(baseline, current);
  const { bins, binned } = baseline;
  const counts = ({ rows, missing }: BinnedRows): FeatureDrift['current'] => ({ rows, missing });
  return {
    feature,
    verdict: judgeDrift(binned, measures),
    measures,
    baseline: counts(binned),
    current: counts(current),
    bins: describeBins(bins, binned, current),
  };
}

function describeBins(bins: Bins, baseline: BinnedRows, current: BinnedRows): FeatureDrift['bins'] {
  const rows = shareRows(bins, current);
  const names = binNames(bins);
  return shareRows(bins, baseline).map((count, index) => ({
    bin: names[index]!,
    baseline: count,
    current: rows[index]!,
  }));
}

function worstOf(features: readonly FeatureDrift[]): DriftVerdict {
  const verdicts = new Set(features.map(({ verdict }) => verdict));
  return WORST.find((verdict) => verdicts.has(verdict)) ?? 'insufficient_data';
}

function instantOf(instant: bigint | null | undefined): string | null {
  return instant === null || instant === undefined ? null : formatInstant(instant);
}
