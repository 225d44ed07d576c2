/**
 * A source's own retention: rows whose event is older than it declares are taken out of the table, as whole rows, in a commit
 * that says so. What reads them is told: the days become dirty, and Redis learns the sequences that went.
 */
import { AsofError } from '../contracts/errors.ts';
import { SEQUENCE_COLUMN, type CommittedFile, type DataFile, type SequenceRange } from '../contracts/lake.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import { floorToGrid, MICROS_PER_DAY, type Micros } from '../contracts/time.ts';
import type { Session } from '../engine/engine.ts';
import { literalText, literalTimestamp, quoteIdentifier } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { countDays, dayRange, type DayCount } from './day-counts.ts';
import type { IngestionDependencies, StepOptions } from './dependencies.ts';
import { dirtyIntervals } from './dirty-intervals.ts';
import type { PlannedSourceView } from './ingestion-plan.ts';
import { sourceTable } from './plan-ingestion.ts';
import { writeSourceFiles } from './source-files.ts';

export interface ExpireRowsRequest {
  readonly project: string;
  readonly source: StoredSourceManifest;
  readonly views: readonly PlannedSourceView[];
  /** Rows of event days that end at or before this instant less the source's retention go. */
  readonly now: Micros;
  readonly runId: string;
}

export interface ExpiredRows {
  readonly rows: number;
  /** Rows before this instant went; null for a source that declares no retention. */
  readonly before: Micros | null;
}

const MOST_CONFLICTS = 20;
/** Redis holds every written key against the ranges, so they are few; gaps are closed, the smallest first. */
const MOST_RANGES = 512;

/**
 * Takes out the rows of whole days that the source's retention leaves behind. Repeating it for the same day changes
 * nothing. A commit that came between makes it look again. Does nothing for a source without `retention`.
 */
export async function expireRows(
  dependencies: IngestionDependencies,
  request: ExpireRowsRequest,
  { signal, progress }: StepOptions = {},
): Promise<ExpiredRows> {
  const { catalog, lake, engine } = dependencies;
  const { project, source, views, runId } = request;
  const retention = source.retentionMicros ?? null;
  if (retention === null) return { rows: 0, before: null };
  const before = floorToGrid(request.now - BigInt(retention), MICROS_PER_DAY);
  const table = sourceTable(project, source.name);
  for (let conflicts = 0; ;) {
    const { snapshot, files } = await catalog.tables.files(table);
    const old = files.filter(({ minEvent }) => minEvent !== null && minEvent < before);
    if (old.length === 0) return { rows: 0, before };
    const taken = await engine.session((session) => takeOut(lake, session, source, old, before, progress), signal);
    const idempotencyKey = `expire ${project} ${source.name} ${before} ${snapshot}`;
    try {
      await catalog.tables.commit({
        table,
        idempotencyKey,
        runId,
        operation: 'expire',
        base: snapshot,
        add: taken.add,
        remove: old.map(({ id }) => id),
        inputs: [],
        replacedInputs: [],
        removedSequences: taken.sequences,
        conservation: taken.days.map(({ day, rows }) => ({
          ...{ range: dayRange(day), rowsIn: 0, committed: 0, quarantined: 0, deduplicated: 0 },
          expired: rows,
        })),
        ledger: await dirtyIntervals(catalog.intervals, { project, views, days: taken.days, runId, idempotencyKey }),
        quarantine: [],
        lineage: [],
      });
      return { rows: taken.days.reduce((sum, { rows }) => sum + rows, 0), before };
    } catch (error) {
      const conflict = error instanceof AsofError && error.code === 'COMMIT_CONFLICT';
      if (!conflict || ++conflicts > MOST_CONFLICTS) throw error;
    }
  }
}

interface TakenRows {
  /** What is left of the files. */
  readonly add: readonly DataFile[];
  readonly days: readonly DayCount[];
  readonly sequences: readonly SequenceRange[];
}

async function takeOut(
  lake: Lake,
  session: Session,
  source: StoredSourceManifest,
  files: readonly CommittedFile[],
  before: Micros,
  progress: StepOptions['progress'],
): Promise<TakenRows> {
  const add: DataFile[] = [];
  const days: DayCount[] = [];
  const sequences: SequenceRange[] = [];
  let rows = 0;
  for (const file of files) {
    const relation = `read_parquet(${literalText(await lake.checkedPath(file))})`;
    const isOld = `${quoteIdentifier(source.timestamp)} < ${literalTimestamp(before)}`;
    const gone = await countDays(session, `(FROM ${relation} WHERE ${isOld})`, source.timestamp);
    days.push(...gone);
    sequences.push(...(await sequencesOf(session, `(FROM ${relation} WHERE ${isOld})`)));
    if (file.maxEvent !== null && file.maxEvent >= before) {
      const columns = file.columns.filter(({ name }) => name !== SEQUENCE_COLUMN);
      const rest = `(FROM ${relation} WHERE NOT coalesce(${isOld}, false))`;
      add.push(...(await writeSourceFiles(lake, session, source, rest, columns)).files);
    }
    progress?.((rows += gone.reduce((sum, day) => sum + day.rows, 0)));
  }
  return { add, days, sequences: fewRanges(sequences) };
}

/** Runs of neighbouring sequences. */
async function sequencesOf(session: Session, relation: string): Promise<readonly SequenceRange[]> {
  const rows = await session.rows(
    `SELECT min(__seq) AS first, max(__seq) AS last FROM (
       SELECT __seq, __seq - row_number() OVER (ORDER BY __seq) AS island FROM ${relation}
     ) GROUP BY island ORDER BY 1`,
  );
  return rows.map((row) => ({ start: row['first'] as bigint, end: (row['last'] as bigint) + 1n }));
}

/**
 * Sorted ranges, at most `MOST_RANGES`: beyond that the smallest gaps are closed. A range may so cover a row that stays;
 * its key is then only written again, from the lake.
 */
export function fewRanges(ranges: readonly SequenceRange[], most = MOST_RANGES): readonly SequenceRange[] {
  const sorted = ranges.toSorted((a, b) => (a.start < b.start ? -1 : 1));
  const gaps = sorted.slice(1).map(({ start }, index) => start - sorted[index]!.end);
  const widest = gaps.toSorted((a, b) => (a > b ? -1 : a < b ? 1 : 0));
  // a gap is kept when it is one of the `most - 1` widest
  const bound = widest[most - 1] ?? 0n;
  const merged: { start: bigint; end: bigint }[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && range.start - last.end <= bound) last.end = range.end > last.end ? range.end : last.end;
    else merged.push({ ...range });
  }
  return merged;
}
