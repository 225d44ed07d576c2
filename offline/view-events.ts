/** The rows of one view at a pinned snapshot, from its source's table and, where it is complete, from its own. */
import type { IntervalLedger, TableCatalog } from '../catalog/catalog.ts';
import type { CommittedFile, TimeRange } from '../contracts/lake.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import { literalTimestamp } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { eventRelation, type EventFile, type EventRange } from './event-relation.ts';
import { openSourceRows } from './made-rows/made-relation.ts';
import type { RowMaker } from './made-rows/made-input.ts';
import type { TileEstimate } from './tiles/choose-tiles.ts';
import type { TilePlan } from './tiles/tile-plan.ts';
import { readTilesSql } from './tiles/view-tiles.ts';
import { planViewReads, type ViewReadsInput } from './view-reads.ts';

export interface EventDependencies {
  readonly lake: Lake;
  readonly tables: TableCatalog;
  /** Without it the source's table alone is read. */
  readonly intervals?: IntervalLedger | undefined;
}

export interface ViewEventsInput extends ViewReadsInput {
  /** The source itself, for a view that makes rows. */
  readonly base?: StoredSourceManifest | undefined;
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
  const { view, source, base, range } = input;
  const { lake } = dependencies;
  const reads = await planViewReads(dependencies, input);
  const { covered } = reads;
  const sourceFiles = await fetchFiles(lake, reads.source);
  const viewFiles = await fetchFiles(lake, reads.view);
  const used = (columns: readonly string[]): readonly string[] =>
    view.mode === 'aggregate' && source.eventId !== null ? [...columns, source.eventId] : columns;
  const readSource = await openSourceRows(maker, { view, source, base, files: sourceFiles });
  const fromSource = (columns: readonly string[]): string =>
    where(readSource(used(columns)), [...within(range), ...outside(covered)]);
  const fromView = (from: readonly CommittedFile[], columns: readonly string[], more: readonly string[]): string => {
    const wanted = new Set(from);
    const files = viewFiles.filter(({ file }) => wanted.has(file));
    return where(eventRelation({ table: 'view', files, view, source, columns: used(columns) }), [
      ...within(range),
      inside(covered),
      ...more,
    ]);
  };
  const withView = (
    from: readonly CommittedFile[],
    columns: readonly string[],
    more: readonly string[] = [],
  ): string =>
    from.length === 0
      ? fromSource(columns)
      : `${fromSource(columns)} UNION ALL BY NAME ${fromView(from, columns, more)}`;
  const rows = (columns: readonly string[]): string => withView(reads.view, columns);
  const readable = reads.tiles;
  if (!readable) return rows;
  const tiles: ViewTiles = {
    plan: readable.plan,
    estimate: readable.estimate,
    tiles: async () => {
      const tileFiles = await fetchFiles(lake, readable.files);
      return readTilesSql(
        readable,
        tileFiles.map(({ localPath }) => localPath),
      );
    },
    tiled: (columns) => fromView(readable.under, columns, [inside(readable.ranges)]),
    untiled: (columns) => withView(readable.beside, columns, outside(readable.ranges)),
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
    newestFirst.map(async (file) => ({ localPath: await lake.checkedPath(file), columns: file.columns, file })),
  );
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
