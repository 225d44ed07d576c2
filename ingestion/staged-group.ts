/** What staging a group of inputs made: files that exist in the lake, and nowhere in the catalog yet. */
import type { DataFile } from '../contracts/lake.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import { clockNow } from '../contracts/time.ts';
import type { Session } from '../engine/engine.ts';
import type { Lake } from '../lake/lake.ts';
import type { RowRuleCounts } from '../quality/row-counts.ts';
import type { OffsetRange } from '../sources/topic-reader.ts';
import { countDays, type DayCount } from './day-counts.ts';
import { writeQuarantineFile } from './quarantine-file.ts';
import { REJECTED_TABLE, rejectRows } from './rejected-rows.ts';
import { writeSourceFiles } from './source-files.ts';
import { fillStagedTable, STAGED_TABLE, type StagedInput } from './staged-table.ts';

export interface StagedGroup {
  readonly files: readonly DataFile[];
  readonly quarantine: readonly DataFile[];
  readonly committedDays: readonly DayCount[];
  readonly quarantinedDays: readonly DayCount[];
  /** Of each row rule of the source, by position. */
  readonly ruleCounts: readonly RowRuleCounts[];
  /** Messages of a topic that were gone when they were to be read. */
  readonly lost?: readonly OffsetRange[];
}

/** Casts, checks, sorts out and writes the rows of some inputs. The session's temporary tables are its own. */
export async function stageInputs(
  lake: Lake,
  session: Session,
  work: {
    readonly source: StoredSourceManifest;
    readonly inputs: readonly StagedInput[];
    readonly runId: string;
    /** Whether the rows are many: they are judged where they are. */
    readonly inBulk?: boolean;
    readonly progress?: ((rows: number) => void) | undefined;
  },
): Promise<StagedGroup> {
  const { source, inputs, runId } = work;
  const columns = await fillStagedTable(session, source, inputs);
  const ruleCounts = await rejectRows(session, source, inputs, work);
  const { files, days } = await writeSourceFiles(lake, session, source, STAGED_TABLE, columns);
  const quarantine = await writeQuarantineFile(lake, session, source, inputs, { id: runId, at: clockNow() });
  const quarantinedDays = await countDays(session, REJECTED_TABLE, 'event');
  return { files, quarantine, committedDays: days, quarantinedDays, ruleCounts };
}

export function rowsOfDays(days: readonly DayCount[]): number {
  return days.reduce((sum, { rows }) => sum + rows, 0);
}
