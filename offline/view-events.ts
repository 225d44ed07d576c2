/** The rows of one view at a pinned snapshot, from its source's table and, where it is complete, from its own. */
import type { IntervalLedger, TableCatalog } from '../catalog/catalog.ts';
import { subtractRanges } from '../catalog/ranges.ts';
import type { CommittedFile, TimeRange } from '../contracts/lake.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { literalTimestamp } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import {
  eventRelation,
  pruneFiles,
  type EventFile,
  type EventRange,
  type EventRelationInput,
} from './event-relation.ts';
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
  readonly source: StoredSourceManifest;
  /** Of the source. */
  readonly snapshot: number;
  /** Rows outside may be left out; they are not read. */
  readonly range: EventRange;
}

/** Gives the event relation with the columns asked for, and for an aggregate the id of its events. Its files are at hand. */
export type ViewEvents = (columns: readonly string[]) => string;

export async function openViewEvents(dependencies: EventDependencies, input: ViewEventsInput): Promise<ViewEvents> {
  const { view, source } = input;
  const { range } = input;
  const { tables, intervals, lake } = dependencies;
  const { files } = await tables.files(sourceTable(input.project, source), input.snapshot);
  const coverage: ViewCoverage =
    intervals && view.offline ? await viewCoverage({ tables, intervals }, input) : { ranges: [], files: [] };
  const covered = coverage.ranges;
  const sourceFiles = await fetchFiles(
    lake,
    pruneFiles(files, range).filter((file) => !isCovered(file, covered)),
  );
  const viewFiles = covered.length === 0 ? [] : await fetchFiles(lake, pruneFiles(coverage.files, range));
  return (columns) => {
    const used = view.mode === 'aggregate' && source.eventId !== null ? [...columns, source.eventId] : columns;
    const read = (table: EventRelationInput['table'], at: readonly EventFile[]): string =>
      eventRelation({ table, files: at, view, source, columns: used });
    const fromSource = where(read('source', sourceFiles), [...within(range), ...outside(covered)]);
    return viewFiles.length === 0
      ? fromSource
      : `${fromSource} UNION ALL BY NAME ${where(read('view', viewFiles), [...within(range), inside(covered)])}`;
  };
}

async function fetchFiles(lake: Lake, files: readonly CommittedFile[]): Promise<readonly EventFile[]> {
  return Promise.all(files.map(async ({ path, columns }) => ({ localPath: await lake.localPath(path), columns })));
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
