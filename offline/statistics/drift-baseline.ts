/** What drift is measured against: a training dataset, a stretch of the view's own rows, or the window before. */
import type { DatasetManifest } from '../../catalog/catalog.ts';
import type { BaselineKind, ColumnBaseline, DriftBaseline } from '../../contracts/drift.ts';
import { AsofError } from '../../contracts/errors.ts';
import { formatInstant, type Micros } from '../../contracts/time.ts';
import type { Session } from '../../engine/engine.ts';
import { quoteIdentifier, sqlType } from '../../engine/sql.ts';
import { readBaselines } from '../../quality/drift/baseline.ts';
import type { MeasuredColumn } from '../../quality/statistics/state-sql.ts';
import { allRows, openDatasetRows } from '../dataset-rows.ts';
import { sourceTable, unchanged } from '../view-coverage.ts';
import { observeValues, rowsBehind } from './observed-values.ts';
import { measuredColumns, targetOf, type StatisticsDependencies, type StatisticsRequest } from './view-statistics.ts';
import type { PlacedWindow } from './window.ts';

export type BaselineChoice =
  | { readonly kind: 'dataset'; readonly dataset: DatasetManifest }
  | { readonly kind: 'interval'; readonly from: Micros; readonly to: Micros }
  | { readonly kind: 'previous' };

/** A baseline that was found or read, and where its rows stand. */
export interface ChosenBaseline {
  readonly kind: BaselineKind;
  readonly dataset: string | null;
  readonly from: Micros | null;
  readonly to: Micros | null;
  readonly baseline: DriftBaseline;
}

const BASELINE_ROWS = 'baseline_rows';

/**
 * Datasets and stated stretches are kept, under their names, with their bins; a stretch is read again when its rows changed. The
 * window before moves on with each look, and is read each time. Throws `INVALID_RANGE`, and `INVALID_VALUE` for a dataset without
 * the view, and for the window before one without a beginning.
 */
export async function findBaseline(
  dependencies: StatisticsDependencies,
  { project, planned }: Omit<StatisticsRequest, 'window'>,
  place: { readonly snapshot: number; readonly window: PlacedWindow },
  choice: BaselineChoice,
): Promise<ChosenBaseline> {
  const basis = { snapshot: place.snapshot, fit: planned.fit?.version ?? 0 };
  const request = { project, planned, basis };
  switch (choice.kind) {
    case 'dataset': {
      const name = `${choice.dataset.name}@${choice.dataset.version}`;
      const found = { kind: choice.kind, dataset: name, from: null, to: null };
      const target = targetOf(project, planned);
      const kept = await dependencies.statistics.baseline(target, `dataset ${name}`);
      if (kept !== undefined) return { ...found, baseline: kept };
      const baseline = await readDataset(dependencies, request, choice.dataset);
      await dependencies.statistics.keepBaseline(target, `dataset ${name}`, baseline);
      return { ...found, baseline };
    }
    case 'interval': {
      const { from, to } = choice;
      if (from >= to) {
        throw new AsofError('INVALID_RANGE', { where: 'baseline', problem: 'its beginning must be before its end' });
      }
      return {
        kind: choice.kind,
        dataset: null,
        from,
        to,
        baseline: await findStretch(dependencies, request, { from, to }),
      };
    }
    case 'previous': {
      const { from, to } = place.window;
      if (from === undefined) {
        const problem = 'the window "all" has none before it; name a dataset or a stretch of time';
        throw new AsofError('INVALID_VALUE', { where: 'baseline', problem });
      }
      const before = { from: from - (to - from), to: from };
      return { kind: choice.kind, dataset: null, ...before, baseline: await readRows(dependencies, request, before) };
    }
  }
}

interface BaselineRequest extends Omit<StatisticsRequest, 'window'> {
  readonly basis: DriftBaseline['basis'];
}

async function findStretch(
  dependencies: StatisticsDependencies,
  request: BaselineRequest,
  range: PlacedWindow & { readonly from: Micros },
): Promise<DriftBaseline> {
  const { project, planned, basis } = request;
  const target = targetOf(project, planned);
  const name = `rows ${formatInstant(range.from)}/${formatInstant(range.to)}`;
  const kept = await dependencies.statistics.baseline(target, name);
  if (kept?.basis.fit === basis.fit) {
    const snapshots = { from: kept.basis.snapshot, to: basis.snapshot };
    const source = sourceTable(project, planned.source);
    if (await unchanged(dependencies.tables, source, rowsBehind(planned, range), snapshots)) return kept;
  }
  const baseline = await readRows(dependencies, request, range);
  await dependencies.statistics.keepBaseline(target, name, baseline);
  return baseline;
}

function readRows(
  dependencies: StatisticsDependencies,
  { project, planned, basis }: BaselineRequest,
  range: PlacedWindow,
): Promise<DriftBaseline> {
  const observed = { project, planned, snapshot: basis.snapshot, range };
  return dependencies.engine.session(async (session) => {
    await observeValues(session, dependencies, observed, BASELINE_ROWS);
    return readFrom(session, BASELINE_ROWS, measuredColumns(planned), basis);
  }, dependencies.signal);
}

async function readDataset(
  { engine, lake, signal }: StatisticsDependencies,
  { planned, basis }: BaselineRequest,
  { name, version, files, request }: DatasetManifest,
): Promise<DriftBaseline> {
  return engine.session(async (session) => {
    const rows = await openDatasetRows(session, lake, files);
    const columns = measuredColumns(planned).flatMap((column) => {
      const names = [`${planned.view.name}__${column.name}`, ...(request.shortNames ? [column.name] : [])];
      const found = rows.columns.find((one) => names.includes(one.name) && one.type === sqlType(column.type));
      return found === undefined ? [] : [{ column, alias: found.alias }];
    });
    if (columns.length === 0) {
      const problem = `dataset ${name}@${version} has no feature of the view ${planned.view.name}`;
      throw new AsofError('INVALID_VALUE', { where: 'baseline', problem });
    }
    const list = columns.map(({ column, alias }) => `${alias} AS ${quoteIdentifier(column.name)}`);
    const relation = `(SELECT ${list.join(', ')} FROM ${allRows(rows)})`;
    return readFrom(
      session,
      relation,
      columns.map(({ column }) => column),
      basis,
    );
  }, signal);
}

async function readFrom(
  session: Session,
  relation: string,
  columns: readonly MeasuredColumn[],
  basis: DriftBaseline['basis'],
): Promise<DriftBaseline> {
  const read = await readBaselines(session, relation, columns);
  const kept: Record<string, ColumnBaseline> = {};
  for (const [index, { baseline }] of read.columns.entries()) {
    if (baseline !== null) kept[columns[index]!.name] = baseline;
  }
  return { basis, rows: read.columns[0]?.state.rows ?? 0, columns: kept };
}
