/** Statistics of a view over a window of its rows. Whole days are kept in the catalog, and measured again when they changed. */
import type { DefinitionRuntime, PlannedView } from '../../contracts/plan.ts';
import type { ColumnState, KeptState, StatisticsLog, ViewStatistics } from '../../contracts/statistics.ts';
import { floorToGrid, formatInstant, MICROS_PER_DAY } from '../../contracts/time.ts';
import type { Engine } from '../../engine/engine.ts';
import { literalTimestamp } from '../../engine/sql.ts';
import { emptyState, mergeStates } from '../../quality/statistics/column-state.ts';
import { describeState } from '../../quality/statistics/state-document.ts';
import { readStates, type MeasuredColumn } from '../../quality/statistics/state-sql.ts';
import { sourceTable, unchanged } from '../view-coverage.ts';
import type { EventDependencies } from '../view-events.ts';
import { observeValues, OBSERVED_AT, rowsBehind } from './observed-values.ts';
import { placeWindow, type PlacedWindow, type WindowRequest } from './window.ts';

export interface StatisticsDependencies extends EventDependencies {
  readonly engine: Engine;
  readonly statistics: StatisticsLog;
  /** Needed for views with a `map`. */
  readonly runtime?: DefinitionRuntime | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface StatisticsRequest {
  readonly project: string;
  readonly planned: PlannedView;
  readonly window: WindowRequest;
}

/** A longer window is measured at once. */
const MOST_KEPT_DAYS = 31;
const DAY = BigInt(MICROS_PER_DAY);
const OBSERVED = 'observed';

/** Throws `INVALID_VALUE`, `INVALID_INSTANT`, and what the engine and the lake throw. */
export async function describeView(
  dependencies: StatisticsDependencies,
  { project, planned, window }: StatisticsRequest,
): Promise<ViewStatistics> {
  const { snapshot, files } = await dependencies.tables.files(sourceTable(project, planned.source));
  const placed = placeWindow(window, files);
  const states = await statesOf(dependencies, { project, planned, snapshot, window: placed });
  const { view, fit } = planned;
  return {
    view: view.name,
    version: view.fingerprint,
    snapshot,
    fit: fit?.version ?? null,
    from: placed.from === undefined ? null : formatInstant(placed.from),
    to: formatInstant(placed.to),
    sampleSize: states[0]?.rows ?? 0,
    features: planned.features.map(({ name, pii }, index) => describeState(name, states[index]!, pii)),
  };
}

/** The features of a view as columns of its observed values. */
export function measuredColumns({ features }: Pick<PlannedView, 'features'>): readonly MeasuredColumn[] {
  return features.map(({ name, valueType, pii }) => ({ name, type: valueType, isPersonal: pii }));
}

interface Measurement {
  readonly project: string;
  readonly planned: PlannedView;
  readonly snapshot: number;
  readonly window: PlacedWindow;
}

/** By position of the features. */
async function statesOf(
  dependencies: StatisticsDependencies,
  measurement: Measurement,
): Promise<readonly ColumnState[]> {
  const columns = measuredColumns(measurement.planned);
  const pieces = piecesOf(measurement.window);
  const known = await keptStates(dependencies, measurement, pieces);
  const missing = pieces.filter((piece) => !known.has(nameOf(piece)));
  const measured = await measure(dependencies, measurement, columns, missing);
  await keep(dependencies, measurement, measured);
  const all = pieces.map((piece) => known.get(nameOf(piece)) ?? measured.get(piece)!);
  return columns.map(({ type }, index) => all.map((states) => states[index]!).reduce(mergeStates, emptyState(type)));
}

/** Whole days, and what is left before and after them; the window itself when it is too long for that. */
function piecesOf({ from, to }: PlacedWindow): readonly PlacedWindow[] {
  if (from === undefined || to - from > DAY * BigInt(MOST_KEPT_DAYS))
    return [{ ...(from !== undefined && { from }), to }];
  const pieces: PlacedWindow[] = [];
  for (let start = from; start < to;) {
    const next = floorToGrid(start, MICROS_PER_DAY) + DAY;
    const end = next < to ? next : to;
    pieces.push({ from: start, to: end });
    start = end;
  }
  return pieces;
}

function isWholeDay({ from, to }: PlacedWindow): boolean {
  return from !== undefined && to - from === DAY && floorToGrid(from, MICROS_PER_DAY) === from;
}

function nameOf({ from, to }: PlacedWindow): string {
  return `${from ?? ''}/${to}`;
}

/** By `nameOf`, the states that still hold, by position of the features. */
async function keptStates(
  { statistics, tables }: StatisticsDependencies,
  { project, planned, snapshot }: Measurement,
  pieces: readonly PlacedWindow[],
): Promise<ReadonlyMap<string, readonly ColumnState[]>> {
  const days = pieces.filter(isWholeDay);
  const [first, last] = [days[0], days.at(-1)];
  if (first?.from === undefined || last === undefined) return new Map();
  const { source, fit } = planned;
  const kept = await statistics.states(targetOf(project, planned), { from: first.from, to: last.to });
  const found = new Map<string, readonly ColumnState[]>();
  for (const day of days) {
    const own = kept.filter(
      ({ range, basis }) => range.from === day.from && range.to === day.to && basis.fit === (fit?.version ?? 0),
    );
    const states = planned.features.map(({ name }) => own.find(({ column }) => column === name));
    if (states.some((state) => state === undefined)) continue;
    const oldest = Math.min(...own.map(({ basis }) => basis.snapshot));
    const range = rowsBehind(planned, day);
    const holds =
      oldest === snapshot ||
      (await unchanged(tables, sourceTable(project, source), range, { from: oldest, to: snapshot }));
    if (holds)
      found.set(
        nameOf(day),
        states.map((state) => state!.state),
      );
  }
  return found;
}

async function measure(
  dependencies: StatisticsDependencies,
  { project, planned, snapshot }: Measurement,
  columns: readonly MeasuredColumn[],
  pieces: readonly PlacedWindow[],
): Promise<ReadonlyMap<PlacedWindow, readonly ColumnState[]>> {
  const [first, last] = [pieces[0], pieces.at(-1)];
  const measured = new Map<PlacedWindow, readonly ColumnState[]>();
  if (first === undefined || last === undefined) return measured;
  const range = { ...(first.from !== undefined && { from: first.from }), to: last.to };
  await dependencies.engine.session(async (session) => {
    await observeValues(session, dependencies, { project, planned, snapshot, range }, OBSERVED);
    for (const piece of pieces) measured.set(piece, await readStates(session, within(OBSERVED, piece), columns));
  }, dependencies.signal);
  return measured;
}

function within(table: string, { from, to }: PlacedWindow): string {
  const since = from === undefined ? '' : `${OBSERVED_AT} >= ${literalTimestamp(from)} AND `;
  return `(SELECT * FROM ${table} WHERE ${since}${OBSERVED_AT} < ${literalTimestamp(to)})`;
}

async function keep(
  { statistics }: StatisticsDependencies,
  { project, planned, snapshot }: Measurement,
  measured: ReadonlyMap<PlacedWindow, readonly ColumnState[]>,
): Promise<void> {
  const basis = { snapshot, fit: planned.fit?.version ?? 0 };
  const states: readonly KeptState[] = [...measured].flatMap(([{ from, to }, ofPiece]) =>
    from === undefined || !isWholeDay({ from, to })
      ? []
      : planned.features.map(({ name }, index) => ({
          column: name,
          range: { from, to },
          basis,
          state: ofPiece[index]!,
        })),
  );
  if (states.length > 0) await statistics.keepStates(targetOf(project, planned), states);
}

export function targetOf(project: string, { view }: PlannedView): Parameters<StatisticsLog['states']>[0] {
  return { project, target: view.name, fingerprint: view.fingerprint };
}
