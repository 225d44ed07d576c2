/** The commit of rows that belong to no input of their own: they are added, and nothing is replaced. */
import type { Conservation, SequenceRange, TableKey } from '../contracts/lake.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import type { IngestionDependencies } from './dependencies.ts';
import { dirtyIntervals } from './dirty-intervals.ts';
import { lateBefore } from './lateness.ts';
import type { PlannedSourceView } from './ingestion-plan.ts';
import type { StagedGroup } from './staged-group.ts';

export interface AddedRows {
  readonly project: string;
  readonly table: TableKey;
  readonly source: StoredSourceManifest;
  readonly views: readonly PlannedSourceView[];
  readonly staged: Pick<StagedGroup, 'files' | 'quarantine' | 'committedDays'>;
  readonly conservation: readonly Conservation[];
  /** Quarantined rows that are among them. */
  readonly replayed?: readonly SequenceRange[];
  /** Of the commit, which is also its run. */
  readonly key: string;
  /** For lineage: `append payments`. */
  readonly job: string;
}

/** Answers the snapshot that has the rows. */
export async function commitAddedRows({ catalog }: IngestionDependencies, added: AddedRows): Promise<number> {
  const { project, table, source, views, staged, conservation, replayed = [], key, job } = added;
  // nobody waits for a list of files that nothing is decided by
  const held = source.allowedLatenessMicros === null ? [] : (await catalog.tables.files(table)).files;
  const { snapshot } = await catalog.tables.commit({
    table,
    idempotencyKey: key,
    runId: key,
    operation: 'append',
    base: await catalog.tables.head(table),
    add: staged.files,
    remove: [],
    inputs: [],
    replacedInputs: [],
    removedSequences: [],
    replayed,
    conservation,
    ledger: await dirtyIntervals(catalog.intervals, {
      project,
      views,
      days: staged.committedDays,
      lateBefore: lateBefore(source, held),
      runId: key,
      idempotencyKey: key,
    }),
    quarantine: staged.quarantine,
    lineage: (['START', 'COMPLETE'] as const).map((type) => ({
      runId: key,
      type,
      job,
      inputs: [],
      outputs: [`source:${source.name}`],
    })),
  });
  return snapshot;
}
