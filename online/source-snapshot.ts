/** One snapshot of a source table as a view reads it, and what changed in it since another. */
import type { Catalog } from '../catalog/catalog.ts';
import type { CommittedFile } from '../contracts/lake.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { Lake } from '../lake/lake.ts';
import { eventRelation, usedColumns } from '../offline/event-relation.ts';
import { sourceTable } from '../offline/view-coverage.ts';
import { openViewEvents } from '../offline/view-events.ts';
import { dueRows, hasEvents, knowsCreated, publishedAfter } from './due-rows.ts';
import type { Position } from './position.ts';
import type { SequenceRange } from './state-writer.ts';

export interface SnapshotReader {
  readonly view: FeatureViewManifest;
  readonly source: StoredSourceManifest;
  readonly position: Position;
  readonly files: readonly CommittedFile[];
  /** All rows that are due at the position. Here and below keys may be null where events have ids. */
  rows(): Promise<string>;
  /** Rows that became due since another position: in files that are new since then, or by the passing of time. */
  rowsSince(base: Position): Promise<string>;
  /** Rows that were taken away since then, and their sequences. */
  rowsRemovedSince(base: Position): Promise<{ readonly rows: string; readonly sequences: readonly SequenceRange[] }>;
}

/** Pins the newest snapshot of the view's source. `rows…` are SELECTs over event relations. */
export async function openSnapshot(
  { catalog, lake }: { readonly catalog: Pick<Catalog, 'tables' | 'intervals'>; readonly lake: Lake },
  project: string,
  { view, source }: { readonly view: FeatureViewManifest; readonly source: StoredSourceManifest },
  to: bigint,
): Promise<SnapshotReader> {
  const { tables, intervals } = catalog;
  const table = sourceTable(project, source);
  const { snapshot, files } = await tables.files(table);
  const position = { snapshot, to };
  const identity = hasEvents(view, source) ? [source.eventId!] : [];
  const columns = [...new Set([...usedColumns(view), ...identity])];
  const relation = async (chosen: readonly CommittedFile[]): Promise<string> =>
    eventRelation({
      files: await Promise.all(
        chosen.map(async ({ path, columns }) => ({ localPath: await lake.localPath(path), columns })),
      ),
      table: 'source',
      view,
      source,
      columns,
    });
  const due = async (chosen: readonly CommittedFile[], after?: bigint): Promise<string> =>
    dueRows(await relation(chosen), { view, source }, after === undefined ? { to } : { after, to });

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
    async rows() {
      const range = { to: to + 1n };
      const events = await openViewEvents({ tables, intervals, lake }, { project, view, source, snapshot, range });
      return dueRows(events(columns), { view, source }, { to });
    },
    async rowsSince(base) {
      const { files: added } = await tables.changes(table, base.snapshot, snapshot);
      const fresh = new Set(added.map(({ id }) => id));
      const waiting = files.filter((file) => !fresh.has(file.id) && mayBecomeDue(file, view, source, base.to));
      return `${await due(files.filter(({ id }) => fresh.has(id)))} UNION ALL ${await due(waiting, base.to)}`;
    },
    async rowsRemovedSince(base) {
      const { removedSequences } = await tables.changes(table, base.snapshot, snapshot);
      const sequences = mergeRanges(removedSequences);
      const held = sequences.length === 0 ? [] : await filesSince(base.snapshot);
      const overlapping = held.filter((file) => sequences.some((range) => holds(file, range)));
      const conditions = sequences.map(({ start, end }) => `(__seq >= ${start} AND __seq < ${end})`);
      const rows = `SELECT * FROM (${await relation(overlapping)}) WHERE ${conditions.join(' OR ') || 'false'}`;
      return { rows, sequences };
    },
  };
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
