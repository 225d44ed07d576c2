/** Which files hold the rows of one view at a pinned snapshot. Decided before any of them is fetched; `--explain` says it. */
import type { IntervalLedger, TableCatalog } from '../catalog/catalog.ts';
import { subtractRanges } from '../catalog/ranges.ts';
import type { CommittedFile, TimeRange } from '../contracts/lake.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { pruneFiles, type EventRange } from './event-relation.ts';
import type { TileEstimate } from './tiles/choose-tiles.ts';
import { usableTiles, type UsableTiles } from './tiles/view-tiles.ts';
import { sourceTable, viewCoverage, type ViewCoverage } from './view-coverage.ts';

export interface ViewReads {
  /** Event times of the source that can matter: all, for a view that makes its rows by a query over the whole source. */
  readonly events: EventRange;
  /** Files of the source's table. */
  readonly source: readonly CommittedFile[];
  /** A range list: event times for which the view's own table is read in place of the source's. */
  readonly covered: readonly TimeRange[];
  /** Files of the view's table with rows of those times. */
  readonly view: readonly CommittedFile[];
  /** Tiles that may stand for some of these rows. */
  readonly tiles: ReadableTiles | undefined;
}

export interface ReadableTiles extends UsableTiles {
  readonly estimate: TileEstimate;
  /** Files of the view's table with a row that the tiles stand for, and with a row that they do not. */
  readonly under: readonly CommittedFile[];
  readonly beside: readonly CommittedFile[];
}

export interface ViewReadsInput {
  readonly project: string;
  readonly view: FeatureViewManifest;
  /** As the view sees it. */
  readonly source: StoredSourceManifest;
  /** Of the source. */
  readonly snapshot: number;
  /** Rows outside may be left out. */
  readonly range: EventRange;
}

/** For DuckDB. Without `intervals` the source's table alone is read. */
export async function planViewReads(
  { tables, intervals }: { readonly tables: TableCatalog; readonly intervals?: IntervalLedger | undefined },
  input: ViewReadsInput,
): Promise<ViewReads> {
  const { view, range } = input;
  // a query over the whole source may give any row any time
  const isWhole = view.rows?.kind === 'query';
  const { files } = await tables.files(sourceTable(input.project, input.source), input.snapshot);
  const coverage: ViewCoverage =
    intervals && view.offline && !isWhole
      ? await viewCoverage({ tables, intervals }, input)
      : { ranges: [], files: [] };
  const covered = coverage.ranges;
  const viewFiles = covered.length === 0 ? [] : pruneFiles(coverage.files, range);
  return {
    events: isWhole ? {} : range,
    source: isWhole ? files : pruneFiles(files, range).filter((file) => !isCovered(file, covered)),
    covered,
    view: viewFiles,
    tiles: readableTiles(usableTiles(input, coverage), viewFiles),
  };
}

/** For Spark, which reads no view tables. */
export async function sourceFilesInRange(
  tables: TableCatalog,
  { project, source, snapshot, range }: Omit<ViewReadsInput, 'view'>,
): Promise<readonly CommittedFile[]> {
  const { files } = await tables.files(sourceTable(project, source), snapshot);
  return pruneFiles(files, range);
}

function readableTiles(
  usable: UsableTiles | undefined,
  viewFiles: readonly CommittedFile[],
): ReadableTiles | undefined {
  if (!usable) return undefined;
  const under = viewFiles.filter((file) => touches(file, usable.ranges));
  return {
    ...usable,
    under,
    beside: viewFiles.filter((file) => !isCovered(file, usable.ranges)),
    estimate: { tiles: usable.rows, rows: under.reduce((total, { rows }) => total + rows, 0) },
  };
}

function touches(file: CommittedFile, ranges: readonly TimeRange[]): boolean {
  return ranges.some((range) => pruneFiles([file], range).length > 0);
}

/** Whether the ranges hold every row of the file. */
function isCovered({ minEvent, maxEvent }: CommittedFile, ranges: readonly TimeRange[]): boolean {
  if (minEvent === null || maxEvent === null) return true;
  return subtractRanges([{ from: minEvent, to: maxEvent + 1n }], ranges).length === 0;
}
