/** One snapshot of a source table as a view reads it, and what changed in it since another. */
import type { Catalog } from '../catalog/catalog.ts';
import type { CommittedFile, SequenceRange } from '../contracts/lake.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { DefinitionRuntime } from '../contracts/plan.ts';
import { viewSource } from '../definitions/view-source.ts';
import type { Session } from '../engine/engine.ts';
import type { Lake } from '../lake/lake.ts';
import { usedColumns } from '../offline/event-relation.ts';
import { openSourceRows } from '../offline/made-rows/made-relation.ts';
import { ROWS_OF_A_ROW } from '../offline/made-rows/map-rows.ts';
import { sourceTable } from '../offline/view-coverage.ts';
import { openViewEvents } from '../offline/view-events.ts';
import { dueRows, hasEvents, knowsCreated, publishedAfter } from './due-rows.ts';
import type { Position } from './position.ts';

export interface SnapshotReader {
  readonly view: FeatureViewManifest;
  /** As the view sees it. */
  readonly source: StoredSourceManifest;
  readonly position: Position;
  readonly files: readonly CommittedFile[];
  /** All rows that are due at the position. Here and below keys may be null where events have ids. */
  rows(session: Session): Promise<string>;
  /** Rows that became due since another position: in files that are new since then, or by the passing of time. */
  rowsSince(session: Session, base: Position): Promise<string>;
  /** Rows that were taken away since then, and their sequences. */
  rowsRemovedSince(
    session: Session,
    base: Position,
  ): Promise<{ readonly rows: string; readonly sequences: readonly SequenceRange[] }>;
}

/** Pins a snapshot of the view's source, the newest unless one is named. `rows…` are SELECTs over event relations. */
export async function openSnapshot(
  { catalog, lake }: { readonly catalog: Pick<Catalog, 'tables' | 'intervals'>; readonly lake: Lake },
  project: string,
  {
    view,
    source: base,
    runtime,
  }: {
    readonly view: FeatureViewManifest;
    /** The source itself. */
    readonly source: StoredSourceManifest;
    /** Needed for a view with a `map`. */
    readonly runtime?: DefinitionRuntime | undefined;
  },
  to: bigint,
  named?: number,
): Promise<SnapshotReader> {
  const { tables, intervals } = catalog;
  const source = viewSource(view, base);
  const table = sourceTable(project, source);
  const { snapshot, files } = await tables.files(table, named);
  const position = { snapshot, to };
  const identity = hasEvents(view, source) ? [source.eventId!] : [];
  const columns = [...new Set([...usedColumns(view), ...identity])];
  const relation = async (session: Session, chosen: readonly CommittedFile[]): Promise<string> => {
    const atHand = await Promise.all(
      chosen.map(async (file) => ({ localPath: await lake.checkedPath(file), columns: file.columns })),
    );
    const read = await openSourceRows({ session, runtime }, { view, source, base, files: atHand });
    return read(columns);
  };
  const due = async (session: Session, chosen: readonly CommittedFile[], after?: bigint): Promise<string> =>
    dueRows(await relation(session, chosen), { view, source }, after === undefined ? { to } : { after, to });

  /** The files of every snapshot from `first` on: an unfinished run may have written rows of any of them. */
  const filesSince = async (first: number): Promise<readonly CommittedFile[]> => {
    const found = new Map<string, CommittedFile>();
    for (let held = first; held < snapshot; held += 1) {
      for (const file of (await tables.files(table, held)).files) found.set(file.id, file);
    }
    return [...found.values()];
  };

  return {
    view,
    source,
    position,
    files,
    async rows(session) {
      const range = { to: to + 1n };
      const input = { project, view, source, base, snapshot, range };
      const events = await openViewEvents({ tables, intervals, lake }, input, { session, runtime });
      return dueRows(events(columns), { view, source }, { to });
    },
    async rowsSince(session, since) {
      // a query over the whole source may have made any row anew
      if (view.rows?.kind === 'query') return due(session, files);
      const { files: added } = await tables.changes(table, since.snapshot, snapshot);
      const fresh = new Set(added.map(({ id }) => id));
      const waiting = files.filter((file) => !fresh.has(file.id) && mayBecomeDue(file, view, source, since.to));
      const news = await due(
        session,
        files.filter(({ id }) => fresh.has(id)),
      );
      return `${news} UNION ALL ${await due(session, waiting, since.to)}`;
    },
    async rowsRemovedSince(session, since) {
      if (view.rows?.kind === 'query') {
        const before = await tables.files(table, since.snapshot);
        return { rows: await relation(session, before.files), sequences: [EVERY_SEQUENCE] };
      }
      const { removedSequences } = await tables.changes(table, since.snapshot, snapshot);
      const removed = mergeRanges(removedSequences);
      const held = removed.length === 0 ? [] : await filesSince(since.snapshot);
      const overlapping = held.filter((file) => removed.some((range) => holds(file, range)));
      const sequences = view.rows?.kind === 'map' ? removed.map(ofMadeRows) : removed;
      const conditions = sequences.map(({ start, end }) => `(__seq >= ${start} AND __seq < ${end})`);
      const rows = `SELECT * FROM (${await relation(session, overlapping)}) WHERE ${conditions.join(' OR ') || 'false'}`;
      return { rows, sequences };
    },
  };
}

/** Rows of a query have sequences of their own, which say nothing of another run of it. */
const EVERY_SEQUENCE: SequenceRange = { start: 0n, end: 2n ** 63n - 1n };

function ofMadeRows({ start, end }: SequenceRange): SequenceRange {
  return { start: start * ROWS_OF_A_ROW, end: end * ROWS_OF_A_ROW };
}

/** Whether a file can hold a row that was not due at `instant`. */
function mayBecomeDue(
  { maxEvent, maxCreated }: CommittedFile,
  view: FeatureViewManifest,
  source: StoredSourceManifest,
  instant: bigint,
): boolean {
  if (maxEvent === null) return false;
  if (maxEvent + publishedAfter(view) > instant) return true;
  return knowsCreated(view, source) && maxCreated !== null && maxCreated > instant;
}

function holds({ minSequence, maxSequence }: CommittedFile, { start, end }: SequenceRange): boolean {
  return minSequence !== null && maxSequence !== null && minSequence < end && maxSequence >= start;
}

/** Sorted, with touching ranges made one: blocks of neighbouring inputs are often removed together. */
function mergeRanges(ranges: readonly SequenceRange[]): readonly SequenceRange[] {
  const merged: { start: bigint; end: bigint }[] = [];
  for (const { start, end } of ranges.toSorted((a, b) => (a.start < b.start ? -1 : 1))) {
    const last = merged.at(-1);
    if (last === undefined || start > last.end) merged.push({ start, end });
    else if (end > last.end) last.end = end;
  }
  return merged;
}
