/**
 * Takes rows that were set aside back in: they are read and checked anew by the definitions of now, and those that hold are committed
 * under the sequences that they would have had, each once.
 */
import { AsofError } from '../contracts/errors.ts';
import { SEQUENCE_COLUMN, type DataFile, type SequenceRange } from '../contracts/lake.ts';
import type { Manifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { Session } from '../engine/engine.ts';
import { literalTimestamp } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { refuseBrokenRows } from '../quality/row-gate.ts';
import { jsonRelation } from '../sources/jsonl-relation.ts';
import { planReading } from '../sources/reading.ts';
import { RAW_COLUMN } from '../sources/source.ts';
import { latestEvent } from '../sources/topic-messages.ts';
import { commitAddedRows } from './append-commit.ts';
import { conserve, countDays, type DayCount } from './day-counts.ts';
import type { IngestionDependencies, StepOptions } from './dependencies.ts';
import { requireStoredSource, sourceTable, viewsOf } from './plan-ingestion.ts';
import { openQuarantine, quarantineCondition, type QuarantineFilter } from './quarantined-rows.ts';
import { rowsOfDays, stageInputs, type StagedGroup } from './staged-group.ts';
import { STAGED_TABLE } from './staged-table.ts';

export interface ReplayedRows {
  readonly replayed: number;
  /** Open rows that were looked at and still do not hold, or are no JSON object. */
  readonly left: number;
  /** That has the rows; null when none was replayed. */
  readonly snapshot: number | null;
}

interface ReplayRequest {
  readonly manifest: Manifest;
  readonly source: string;
  /** Of the open rows. */
  readonly filter: Omit<QuarantineFilter, 'status'>;
  readonly runId: string;
}

/** Somebody else may replay or drop rows, or replace their input, meanwhile. */
const MOST_CONFLICTS = 3;
/** Stands for the path of an input in errors. */
const QUARANTINED_ROWS = 'quarantined rows';

/**
 * Repeating the call with the same run changes nothing. Throws `UNKNOWN_NAME`, `INPUT_VALUE_INVALID` and `QUALITY_GATE` for a rule or
 * a contract that says `fail`: then every row stays where it is.
 */
export async function replayRows(
  dependencies: IngestionDependencies,
  request: ReplayRequest,
  options: StepOptions = {},
): Promise<ReplayedRows> {
  for (let conflicts = 0; ; conflicts++) {
    try {
      return await replayOnce(dependencies, request, options);
    } catch (error) {
      if (!isConflict(error) || conflicts >= MOST_CONFLICTS) throw error;
    }
  }
}

async function replayOnce(
  dependencies: IngestionDependencies,
  { manifest, source: name, filter, runId }: ReplayRequest,
  { signal }: StepOptions,
): Promise<ReplayedRows> {
  const { project } = manifest;
  const source = requireStoredSource(manifest, name);
  const table = sourceTable(project, name);
  const key = `replay ${project} ${name} ${runId}`;
  const found = await dependencies.engine.session(
    (session) => stageAgain(dependencies, session, { project, source, filter, runId: key }),
    signal,
  );
  if (found === undefined) return { replayed: 0, left: 0, snapshot: null };
  const { staged, rows, ranges, heldDays } = found;
  const replayed = rowsOfDays(staged.committedDays);
  const left = rows - replayed;
  if (replayed === 0) return { replayed, left, snapshot: null };
  try {
    const snapshot = await commitAddedRows(dependencies, {
      ...{ project, table, source, key, views: viewsOf(manifest, source), job: `replay ${name}` },
      // what still does not hold stays where it is
      staged: { ...staged, quarantine: [] },
      conservation: conserve({
        committed: staged.committedDays,
        quarantined: heldDays.map((day) => ({ ...day, rows: -day.rows })),
      }),
      replayed: ranges,
    });
    return { replayed, left, snapshot };
  } catch (error) {
    if (isConflict(error)) await removeFiles(dependencies.lake, staged.files);
    throw error;
  }
}

interface StagedAgain {
  readonly staged: StagedGroup;
  /** Looked at. */
  readonly rows: number;
  /** Of the rows that hold now. */
  readonly ranges: readonly SequenceRange[];
  /** The same rows by the days that they are accounted under as quarantined. */
  readonly heldDays: readonly DayCount[];
}

async function stageAgain(
  { catalog, lake }: IngestionDependencies,
  session: Session,
  work: {
    readonly project: string;
    readonly source: StoredSourceManifest;
    readonly filter: ReplayRequest['filter'];
    readonly runId: string;
  },
): Promise<StagedAgain | undefined> {
  const { project, source, filter, runId } = work;
  const relation = await openQuarantine({ catalog, lake }, session, { project, name: source.name });
  if (relation === undefined) return undefined;
  const chosen = quarantineCondition({ ...filter, status: 'open' });
  const [counted] = await session.rows(`SELECT count(*) AS n FROM ${relation} WHERE ${chosen}`);
  const rows = Number(counted?.['n']);
  if (rows === 0) return undefined;
  const from = source.columns.map((column) => column.from);
  const lines = `(SELECT id, ${RAW_COLUMN}::JSON AS json FROM ${relation} WHERE ${chosen} AND ${isReadable(source)})`;
  const described = { where: source.name, path: QUARANTINED_ROWS, expected: from, always: from, row: 'id' };
  const raw = await jsonRelation(session, described, lines);
  const reading = { ...planReading(source, QUARANTINED_ROWS, raw), firstRow: 0n };
  const inputs = [{ reading, sequenceStart: 0n, take: null, skip: [] }];
  const staged = await stageInputs(lake, session, { source, inputs, runId });
  await removeFiles(lake, staged.quarantine);
  try {
    refuseBrokenRows(source, staged.ruleCounts, `source ${source.name}`);
  } catch (error) {
    await removeFiles(lake, staged.files);
    throw error;
  }
  const held = `(SELECT event FROM ${relation} SEMI JOIN ${STAGED_TABLE} ON id = ${SEQUENCE_COLUMN})`;
  return { staged, rows, ranges: await stagedRanges(session), heldDays: await countDays(session, held, 'event') };
}

function isConflict(error: unknown): boolean {
  return error instanceof AsofError && error.code === 'COMMIT_CONFLICT';
}

/** That no commit has made real. */
async function removeFiles(lake: Lake, files: readonly DataFile[]): Promise<void> {
  for (const { path } of files) await lake.remove(path);
}

/** A message that was too far ahead of its time stays until its time has come. */
function isReadable({ kind }: StoredSourceManifest): string {
  const latest = latestEvent(Date.now())!;
  const due = kind === 'kafka' ? ` AND (event IS NULL OR event <= ${literalTimestamp(latest)})` : '';
  return `CASE WHEN json_valid(${RAW_COLUMN}) THEN json_type(${RAW_COLUMN}) = 'OBJECT' ELSE false END${due}`;
}

/** Neighbours are one range. */
async function stagedRanges(session: Session): Promise<readonly SequenceRange[]> {
  const rows = await session.rows(
    `SELECT min(seq) AS first, max(seq) + 1 AS beyond FROM (
       SELECT ${SEQUENCE_COLUMN} AS seq, ${SEQUENCE_COLUMN} - row_number() OVER (ORDER BY ${SEQUENCE_COLUMN}) AS island
       FROM ${STAGED_TABLE}) GROUP BY island ORDER BY 1`,
  );
  return rows.map((row) => ({ start: row['first'] as bigint, end: row['beyond'] as bigint }));
}
