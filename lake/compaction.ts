/**
 * Compaction: many small files of a table become few, with the same rows, sequences and order. Values, snapshots and the
 * ledger know nothing of it; only the files of the newest snapshot change.
 */
import { createHash } from 'node:crypto';
import { planCompaction, type CompactionLimits } from './compaction-plan.ts';
import { withLeases } from './leases.ts';
import type { TableCatalog } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { CommittedFile, DataFile, TableKey } from '../contracts/lake.ts';
import type { Engine, Session } from '../engine/engine.ts';

/** Writes the rows of some files as new ones, published and not yet committed. */
export type FileRewrite = (session: Session, files: readonly CommittedFile[]) => Promise<readonly DataFile[]>;

export interface CompactionWork {
  readonly tables: TableCatalog;
  readonly engine: Engine;
  readonly table: TableKey;
  readonly runId: string;
  /** Files that may be compacted; default: all. */
  readonly chooses?: (file: CommittedFile) => boolean;
  readonly rewrite: FileRewrite;
  readonly limits: CompactionLimits;
  readonly signal?: AbortSignal | undefined;
  /** Called after each commit with what was done so far. */
  readonly progress?: ((report: CompactionReport) => void) | undefined;
}

export interface CompactionReport {
  /** Files that went, and files that took their place. */
  readonly filesBefore: number;
  readonly filesAfter: number;
  readonly rows: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

const NOTHING_COMPACTED: CompactionReport = {
  filesBefore: 0,
  filesAfter: 0,
  rows: 0,
  bytesBefore: 0,
  bytesAfter: 0,
};

/** Every conflict means that another commit got on; this many in a row means that something else is wrong. */
const MOST_CONFLICTS = 20;

/**
 * Compacts a table group by group, each with a commit of its own, until nothing is worth it. An append that comes between
 * passes; a commit that took away a file of the group makes the rest be planned again from the new head. What was
 * committed before an interruption stays, and the next call goes on from there. Throws `INTERNAL`, and commits nothing,
 * when a rewrite does not have the rows of its files.
 */
export async function compactTable(work: CompactionWork): Promise<CompactionReport> {
  const { tables, engine, table, limits, signal } = work;
  let report = NOTHING_COMPACTED;
  let conflicts = 0;
  for (;;) {
    const { snapshot, files } = await tables.files(table);
    const groups = planCompaction(files.filter(work.chooses ?? (() => true)), limits);
    if (groups.length === 0) return report;
    for (const group of groups) {
      const written = await withLeases(() => engine.session((session) => work.rewrite(session, group), signal));
      requireSameRows(table, group, written);
      try {
        await commitGroup(work, snapshot, group, written);
      } catch (error) {
        const conflict = error instanceof AsofError && error.code === 'COMMIT_CONFLICT';
        if (!conflict || ++conflicts > MOST_CONFLICTS) throw error;
        break; // what was written is an orphan; plan again
      }
      conflicts = 0;
      report = addGroup(report, group, written);
      work.progress?.(report);
    }
  }
}

async function commitGroup(
  { tables, table, runId }: CompactionWork,
  base: number,
  group: readonly CommittedFile[],
  add: readonly DataFile[],
): Promise<void> {
  await tables.commit({
    table,
    idempotencyKey: `compact ${JSON.stringify(table)} ${hashOfIds(group)}`,
    runId,
    operation: 'compact',
    base,
    add,
    remove: group.map(({ id }) => id),
    inputs: [],
    replacedInputs: [],
    removedSequences: [],
    conservation: [],
    ledger: [],
    quarantine: [],
    lineage: [],
  });
}

/** A file ends once, so a set of files is compacted once. */
function hashOfIds(group: readonly CommittedFile[]): string {
  const ids = group.map(({ id }) => id).sort();
  return createHash('sha256').update(ids.join('\n')).digest('hex');
}

/** The last guard before old files go: the new ones have as many rows, and the same first and last sequence. */
function requireSameRows(table: TableKey, group: readonly CommittedFile[], written: readonly DataFile[]): void {
  const [before, after] = [group, written].map((files) => {
    const low = files.flatMap(({ minSequence }) => minSequence ?? []).reduce(least, undefined as bigint | undefined);
    const high = files.flatMap(({ maxSequence }) => maxSequence ?? []).reduce(most, undefined as bigint | undefined);
    return `${files.reduce((sum, file) => sum + file.rows, 0)} rows with sequences from ${low} to ${high}`;
  });
  if (before === after) return;
  const problem = `compaction of ${table.kind} ${table.name} would make ${after} of ${before}; nothing was changed`;
  throw new AsofError('INTERNAL', { problem });
}

function least(found: bigint | undefined, value: bigint): bigint {
  return found === undefined || value < found ? value : found;
}

function most(found: bigint | undefined, value: bigint): bigint {
  return found === undefined || value > found ? value : found;
}

function addGroup(
  report: CompactionReport,
  group: readonly CommittedFile[],
  written: readonly DataFile[],
): CompactionReport {
  const bytes = (files: readonly DataFile[]): number => files.reduce((sum, file) => sum + file.bytes, 0);
  return {
    filesBefore: report.filesBefore + group.length,
    filesAfter: report.filesAfter + written.length,
    rows: report.rows + group.reduce((sum, file) => sum + file.rows, 0),
    bytesBefore: report.bytesBefore + bytes(group),
    bytesAfter: report.bytesAfter + bytes(written),
  };
}
