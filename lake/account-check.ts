/** The catalog's numbers against each other: snapshots, conservation of rows, the interval ledger. */
import type { Catalog, LedgerEntry } from '../catalog/catalog.ts';
import { elementaryRanges } from '../catalog/ledger.ts';
import { isTileFile, type CommittedFile, type Snapshot, type TableKey } from '../contracts/lake.ts';

export interface LakeProblem {
  /** An object's path, or the table whose numbers disagree. */
  readonly path: string;
  readonly problem: string;
}

/** Snapshots are numbered without gaps, and their row counts are those of the files they added and removed. */
export function snapshotProblems(
  table: TableKey,
  snapshots: readonly Snapshot[],
  everyFile: readonly CommittedFile[],
  newest: readonly CommittedFile[],
): readonly LakeProblem[] {
  const added = new Map<number, number>();
  for (const file of everyFile) added.set(file.addedBy, (added.get(file.addedBy) ?? 0) + file.rows);
  const problems = snapshots.flatMap(({ id, rowsAdded, expired }, index) => {
    if (id !== index + 1) return [`snapshot ${index + 1} is missing`];
    if (expired) return []; // the files that it added may be gone
    const inFiles = added.get(id) ?? 0;
    return inFiles === rowsAdded ? [] : [`snapshot ${id} added ${rowsAdded} rows, but its files have ${inFiles}`];
  });
  for (const { id, rowsAdded, rowsRemoved } of snapshots.filter(({ operation }) => operation === 'compact')) {
    if (rowsAdded === rowsRemoved) continue;
    problems.push(`snapshot ${id} compacted ${rowsRemoved} rows into ${rowsAdded}`);
  }
  const balance = snapshots.reduce((sum, { rowsAdded, rowsRemoved }) => sum + rowsAdded - rowsRemoved, 0);
  const rows = rowsOf(newest);
  if (balance !== rows) problems.push(`its snapshots leave ${balance} rows, but its files have ${rows}`);
  return problems.map((problem) => ({ path: tablePath(table), problem }));
}

/**
 * Rows in = committed + quarantined + deduplicated; what was committed and has not expired, and what was quarantined, is in
 * the tables.
 */
export async function conservationProblems(
  catalog: Catalog,
  table: TableKey,
  snapshots: readonly Snapshot[],
): Promise<readonly LakeProblem[]> {
  if (table.kind !== 'source') return [];
  const accounts = await catalog.tables.conservation(table);
  const problems: string[] = [];
  for (const { range, rowsIn, committed, quarantined, deduplicated } of accounts) {
    if (rowsIn === committed + quarantined + deduplicated) continue;
    problems.push(
      `from ${range.from}: ${rowsIn} rows in, but ${committed} committed, ${quarantined} quarantined, ${deduplicated} deduplicated`,
    );
  }
  const expired = accounts.reduce((sum, account) => sum + (account.expired ?? 0), 0);
  const committed = accounts.reduce((sum, account) => sum + account.committed, 0) - expired;
  const balance = snapshots.reduce((sum, { rowsAdded, rowsRemoved }) => sum + rowsAdded - rowsRemoved, 0);
  // a replacement takes away rows that were committed once, so the account may be larger, never smaller
  const onlyGrew = snapshots.every(({ operation }) => operation !== 'replace');
  if (onlyGrew ? committed !== balance : committed < balance) {
    problems.push(`${committed} rows are accounted for as committed, but the snapshots leave ${balance}`);
  }
  const tookAway = snapshots
    .filter(({ operation }) => operation === 'expire')
    .reduce((sum, { rowsAdded, rowsRemoved }) => sum + rowsRemoved - rowsAdded, 0);
  if (expired !== tookAway) {
    problems.push(`${expired} rows are accounted for as expired, but ${tookAway} were taken away`);
  }
  const quarantined = accounts.reduce((sum, account) => sum + account.quarantined, 0);
  const setAside = (await catalog.tables.snapshots({ ...table, kind: 'quarantine', version: '' }))
    .filter(({ operation }) => operation === 'append')
    .reduce((sum, { rowsAdded }) => sum + rowsAdded, 0);
  const replayed = (await catalog.tables.endedQuarantine(table))
    .filter(({ outcome }) => outcome === 'replayed')
    .reduce((sum, { start, end }) => sum + Number(end - start), 0);
  if (quarantined !== setAside - replayed) {
    const left = replayed === 0 ? '' : `, and ${replayed} of them replayed`;
    problems.push(`${quarantined} rows are accounted for as quarantined, but ${setAside} were written${left}`);
  }
  return problems.map((problem) => ({ path: tablePath(table), problem }));
}

/** The rows that the ledger's completed intervals wrote are the rows of the view table. */
export async function ledgerProblems(
  catalog: Catalog,
  table: TableKey,
  newest: readonly CommittedFile[],
): Promise<readonly LakeProblem[]> {
  if (table.kind !== 'view') return [];
  const { project, name: view, version: fingerprint } = table;
  const entries = await catalog.intervals.entries({ project, view, fingerprint, store: 'offline' });
  const written = rowsOfIntervals(entries);
  const rows = rowsOf(newest.filter((file) => !isTileFile(file)));
  if (written === undefined || written === rows) return [];
  return [
    { path: tablePath(table), problem: `its ledger has ${written} rows in completed intervals, its files ${rows}` },
  ];
}

/**
 * The rows of the entries that no later one took over. Undefined when an interval was redone in part (how many of its
 * rows went with the part is not recorded) or is to be redone after a removal (its rows may still be there).
 */
function rowsOfIntervals(entries: readonly LedgerEntry[]): number | undefined {
  // dirty time keeps its rows until it is redone
  const writers = entries.filter(({ operation }) => operation !== 'dirty');
  const lost = new Set<LedgerEntry>();
  const kept = new Set<LedgerEntry>();
  for (const { entries: covering } of elementaryRanges(writers)) {
    covering.slice(0, -1).forEach((entry) => lost.add(entry));
    covering.slice(-1).forEach((entry) => kept.add(entry));
  }
  if ([...kept].some((entry) => lost.has(entry) || entry.operation === 'removed')) return undefined;
  return [...kept].reduce((sum, { rowsOut }) => sum + rowsOut, 0);
}

function rowsOf(files: readonly CommittedFile[]): number {
  return files.reduce((sum, file) => sum + file.rows, 0);
}

export function tablePath({ kind, name, version }: TableKey): string {
  return version === '' ? `${kind}/${name}` : `${kind}/${name}@${version}`;
}
