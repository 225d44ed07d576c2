/** What is read for one view, in words and numbers, by the functions that decide it. */
import type { TableCatalog, IntervalLedger } from '../catalog/catalog.ts';
import type { EngineName } from '../contracts/engines.ts';
import type { CommittedFile, TimeRange } from '../contracts/lake.ts';
import type { PlannedView } from '../contracts/plan.ts';
import { formatInstant } from '../contracts/time.ts';
import type { EventRange } from './event-relation.ts';
import { planSweep } from './sweep/sweep-plan.ts';
import { chooseTiles, type TileChoice } from './tiles/choose-tiles.ts';
import { sweptView } from './view-features.ts';
import { planViewReads, sourceFilesInRange, type ViewReads } from './view-reads.ts';

/** Rows and bytes are those of the files: the most that is read, since keys and times leave out parts of a file. */
export interface FilesRead {
  readonly rows: number;
  readonly bytes: number;
  /** Paths in the lake. */
  readonly files: readonly string[];
}

/** Event times, half open; null where there is no bound. */
export interface EventTimes {
  readonly from: string | null;
  readonly to: string | null;
}

export interface ViewReadsExplanation {
  /** Event times of the source that can matter to a row of the spine. */
  readonly events: EventTimes;
  /** Of the source's table. */
  readonly sourceFiles: FilesRead;
  /** Of the view's own table, and the times for which it is read in place of the source's; null where it is not. */
  readonly viewTable: (FilesRead & { readonly complete: readonly EventTimes[] }) | null;
  /** Whether precomputed tiles are read, what they would cost and save; null for a view that has no windows. */
  readonly tiles: (TileChoice & Partial<FilesRead>) | null;
}

export async function explainReads(
  dependencies: { readonly tables: TableCatalog; readonly intervals?: IntervalLedger | undefined },
  engine: EngineName,
  input: {
    readonly project: string;
    readonly planned: PlannedView;
    readonly snapshot: number;
    readonly range: EventRange;
    readonly asKnown: boolean;
    /** The wish of the request. */
    readonly tiles: boolean | undefined;
  },
): Promise<ViewReadsExplanation> {
  const { planned, range } = input;
  const { view, source } = planned;
  const place = { project: input.project, view, source, snapshot: input.snapshot, range };
  if (engine === 'spark') {
    const files = await sourceFilesInRange(dependencies.tables, place);
    const tiles = view.mode === 'aggregate' ? { use: false, why: 'Spark reads the rows of the source' } : null;
    return { events: timesOf(range), sourceFiles: filesRead(files), viewTable: null, tiles };
  }
  const reads = await planViewReads(dependencies, place);
  const complete = reads.covered.filter((covered) => overlaps(covered, range)).map(timesOf);
  return {
    events: timesOf(reads.events),
    sourceFiles: filesRead(reads.source),
    viewTable: complete.length === 0 ? null : { ...filesRead(reads.view), complete },
    tiles: view.mode === 'aggregate' ? explainTiles(reads, input) : null,
  };
}

function overlaps(covered: TimeRange, { from, to }: EventRange): boolean {
  return (from === undefined || covered.to > from) && (to === undefined || covered.from < to);
}

function explainTiles(
  { tiles }: ViewReads,
  input: { readonly planned: PlannedView; readonly asKnown: boolean; readonly tiles: boolean | undefined },
): TileChoice & Partial<FilesRead> {
  // rows with an id have no tiles, so whether any of them ends does not matter
  const plan = planSweep(sweptView(input.planned), { asKnown: input.asKnown, hasUntil: false });
  const choice = chooseTiles(plan, tiles?.estimate, input.tiles);
  return choice.use && tiles ? { ...choice, ...filesRead(tiles.files) } : choice;
}

function timesOf({ from, to }: Partial<TimeRange>): EventTimes {
  return { from: from === undefined ? null : formatInstant(from), to: to === undefined ? null : formatInstant(to) };
}

function filesRead(files: readonly CommittedFile[]): FilesRead {
  return {
    rows: files.reduce((total, { rows }) => total + rows, 0),
    bytes: files.reduce((total, { bytes }) => total + bytes, 0),
    files: files.map(({ path }) => path),
  };
}
