/** The rows of one view at a pinned snapshot, from its source's table and, where it is complete, from its own. */
import type { IntervalLedger, TableCatalog } from '../catalog/catalog.ts';
import { subtractRanges } from '../catalog/ranges.ts';
import type { CommittedFile, TimeRange } from '../contracts/lake.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { literalTimestamp } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { eventRelation, pruneFiles, type EventFile, type EventRange } from './event-relation.ts';
import { openSourceRows } from './made-rows/made-relation.ts';
import type { RowMaker } from './made-rows/made-input.ts';
import type { TileEstimate } from './tiles/choose-tiles.ts';
import type { TilePlan } from './tiles/tile-plan.ts';
import { readTilesSql, usableTiles } from './tiles/view-tiles.ts';
import { sourceTable, viewCoverage, type ViewCoverage } from './view-coverage.ts';

export interface EventDependencies {
  readonly lake: Lake;
  readonly tables: TableCatalog;
  /** Without it the source's table alone is read. */
  readonly intervals?: IntervalLedger | undefined;
}

export interface ViewEventsInput {
  readonly project: string;
  readonly view: FeatureViewManifest;
  /** As the view sees it. */
  readonly source: StoredSourceManifest;
  /** The source itself, for a view that makes rows. */
  readonly base?: StoredSourceManifest | undefined;
  /** Of the source. */
  readonly snapshot: number;
  /** Rows outside may be left out; they are not read. */
  readonly range: EventRange;
}

/** Gives the event relation with the columns asked for, and for an aggregate the id of its events. Its files are at hand. */
export interface ViewEvents {
  (columns: readonly string[]): string;
  /** Tiles that stand for some of the rows. */
  readonly tiles?: ViewTiles | undefined;
}

export interface ViewTiles {
  readonly plan: TilePlan;
  readonly estimate: TileEstimate;
  /** Fetches their files, which not every reader needs, and gives a SELECT of the tiles. */
  readonly tiles: () => Promise<string>;
  /** The event relation of the rows that the tiles stand for, and of all others. */
  readonly tiled: (columns: readonly string[]) => string;
  readonly untiled: (columns: readonly string[]) => string;
}

/** `maker` makes the rows of a view that has `sql` or `map`, in the session that will read them. */
export async function openViewEvents(
  dependencies: EventDependencies,
  input: ViewEventsInput,
  maker: RowMaker,
): Promise<ViewEvents> {
  const { view, source, base } = input;
  const { range } = input;
  // a query over the whole source may give any row any time
  const isWhole = view.rows?.kind === 'query';
  const { tables, intervals, lake } = dependencies;
  const { files } = await tables.files(sourceTable(input.project, source), input.snapshot);
  const coverage: ViewCoverage =
    intervals && view.offline && !isWhole
      ? await viewCoverage({ tables, intervals }, input)
      : { ranges: [], files: [] };
  const covered = coverage.ranges;
  const sourceFiles = await fetchFiles(
    lake,
    isWhole ? files : pruneFiles(files, range).filter((file) => !isCovered(file, covered)),
  );
  const viewFiles = covered.length === 0 ? [] : await fetchFiles(lake, pruneFiles(coverage.files, range));
  const used = (columns: readonly string[]): readonly string[] =>
    view.mode === 'aggregate' && source.eventId !== null ? [...columns, source.eventId] : columns;
  const readSource = await openSourceRows(maker, { view, source, base, files: sourceFiles });
  const fromSource = (columns: readonly string[]): string =>
    where(readSource(used(columns)), [...within(range), ...outside(covered)]);
  const fromView = (from: readonly FetchedFile[], columns: readonly string[], more: readonly string[]): string =>
    where(eventRelation({ table: 'view', files: from, view, source, columns: used(columns) }), [
      ...within(range),
      inside(covered),
      ...more,
    ]);
  const rows = (columns: readonly string[]): string =>
    viewFiles.length === 0
      ? fromSource(columns)
      : `${fromSource(columns)} UNION ALL BY NAME ${fromView(viewFiles, columns, [])}`;
  const usable = usableTiles(input, coverage);
  if (!usable) return rows;
  const beside = viewFiles.filter(({ file }) => !isCovered(file, usable.ranges));
  const under = viewFiles.filter(({ file }) => touches(file, usable.ranges));
  const tiles: ViewTiles = {
    plan: usable.plan,
    estimate: { tiles: usable.rows, rows: under.reduce((total, { file }) => total + file.rows, 0) },
    tiles: async () => {
      const tileFiles = await fetchFiles(lake, usable.files);
      return readTilesSql(
        usable,
        tileFiles.map(({ localPath }) => localPath),
      );
    },
    tiled: (columns) => fromView(under, columns, [inside(usable.ranges)]),
    untiled: (columns) =>
      beside.length === 0
        ? fromSource(columns)
        : `${fromSource(columns)} UNION ALL BY NAME ${fromView(beside, columns, outside(usable.ranges))}`,
  };
  return Object.assign(rows, { tiles });
}

interface FetchedFile extends EventFile {
  readonly file: CommittedFile;
}

/**
 * The newest first, as they will be read: of a key's rows most readers keep the newest, and then the older ones cost one
 * comparison each.
 */
async function fetchFiles(lake: Lake, files: readonly CommittedFile[]): Promise<readonly FetchedFile[]> {
  const newestFirst = files.toSorted((a, b) => Number((b.maxEvent ?? 0n) - (a.maxEvent ?? 0n)));
  return Promise.all(
    newestFirst.map(async (file) => ({ localPath: await lake.localPath(file.path), columns: file.columns, file })),
  );
}

function touches(file: CommittedFile, ranges: readonly TimeRange[]): boolean {
  return ranges.some((range) => pruneFiles([file], range).length > 0);
}

/** Whether the view's table stands in for every row of the file. */
function isCovered({ minEvent, maxEvent }: CommittedFile, covered: readonly TimeRange[]): boolean {
  if (minEvent === null || maxEvent === null) return true;
  return subtractRanges([{ from: minEvent, to: maxEvent + 1n }], covered).length === 0;
}

function where(relation: string, conditions: readonly string[]): string {
  return conditions.length === 0 ? relation : `SELECT * FROM (${relation}) WHERE ${conditions.join(' AND ')}`;
}

function within({ from, to }: EventRange): readonly string[] {
  return [
    ...(from === undefined ? [] : [`__event >= ${literalTimestamp(from)}`]),
    ...(to === undefined ? [] : [`__event < ${literalTimestamp(to)}`]),
  ];
}

function inside(ranges: readonly TimeRange[]): string {
  return `(${ranges.map((range) => `(${within(range).join(' AND ')})`).join(' OR ')})`;
}

function outside(ranges: readonly TimeRange[]): readonly string[] {
  return ranges.length === 0 ? [] : [`NOT ${inside(ranges)}`];
}
