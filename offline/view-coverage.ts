/** For which event times a view's own table stands in for its source, at a pinned source snapshot. */
import type { IntervalLedger, LedgerEntry, TableCatalog } from '../catalog/catalog.ts';
import { elementaryRanges, foldLedger } from '../catalog/ledger.ts';
import { intersectRanges, unionRanges } from '../catalog/ranges.ts';
import type { CommittedFile, TableKey, TimeRange } from '../contracts/lake.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { pruneFiles, type EventRange } from './event-relation.ts';

export interface CoverageDependencies {
  readonly tables: TableCatalog;
  readonly intervals: IntervalLedger;
}

export interface ViewCoverage {
  /** A range list: the view's table holds the same rows as the source's pinned snapshot. */
  readonly ranges: readonly TimeRange[];
  /** The files of the view's table. */
  readonly files: readonly CommittedFile[];
}

const NOTHING: ViewCoverage = { ranges: [], files: [] };

export function viewTable(project: string, view: FeatureViewManifest): TableKey {
  return { project, kind: 'view', name: view.name, version: view.fingerprint };
}

export function sourceTable(project: string, source: StoredSourceManifest): TableKey {
  return { project, kind: 'source', name: source.name, version: '' };
}

/** Reads files and ledger of one and the same state: a commit writes both, so the head tells when one came between. */
export async function viewCoverage(
  { tables, intervals }: CoverageDependencies,
  input: {
    readonly project: string;
    readonly view: FeatureViewManifest;
    readonly source: StoredSourceManifest;
    readonly snapshot: number;
  },
): Promise<ViewCoverage> {
  const { project, view } = input;
  const key = { project, view: view.name, fingerprint: view.fingerprint, store: 'offline' } as const;
  const table = viewTable(project, view);
  for (;;) {
    const { snapshot, files } = await tables.files(table);
    if (files.length === 0) return NOTHING;
    const entries = await intervals.entries(key);
    if ((await tables.head(table)) !== snapshot) continue;
    return { files, ranges: await usableRanges(tables, sourceTable(project, input.source), entries, input.snapshot) };
  }
}

/**
 * Done ranges that say the same as the pinned snapshot. What was done at an older snapshot still holds, or the ledger
 * would call it dirty; what was done at a newer one holds where nothing came or went in between.
 */
async function usableRanges(
  tables: TableCatalog,
  source: TableKey,
  entries: readonly LedgerEntry[],
  pinned: number,
): Promise<readonly TimeRange[]> {
  const usable: TimeRange[] = [];
  for (const { range, entries: covering } of elementaryRanges(entries)) {
    const snapshot = covering.findLast(({ operation }) => operation === 'done')?.inputSnapshot ?? null;
    if (snapshot === null) continue;
    if (snapshot <= pinned || (await unchanged(tables, source, range, { from: pinned, to: snapshot })))
      usable.push(range);
  }
  return intersectRanges(unionRanges(usable), foldLedger(entries).done);
}

/** Whether no row with an event time in the range came or went between two snapshots. */
export async function unchanged(
  tables: TableCatalog,
  source: TableKey,
  range: EventRange,
  snapshots: { readonly from: number; readonly to: number },
): Promise<boolean> {
  const { files, removedSequences } = await tables.changes(source, snapshots.from, snapshots.to);
  return removedSequences.length === 0 && pruneFiles(files, range).length === 0;
}
