/** What one run of an ingestion has decided to do. Written once; every later step reads it. */
import type { DatabasePosition, IngestedInput, TimeRange } from '../contracts/lake.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import type { Lake } from '../lake/lake.ts';
import type { RecordedFile } from '../lake/recorded-file.ts';
import type { InputFile } from '../sources/source.ts';
import type { OffsetRange } from '../sources/topic-reader.ts';
import type { DayCount } from './day-counts.ts';
import { findStagingObject, readStagingObject } from './staging-object.ts';

export interface IngestionPlan {
  readonly runId: string;
  readonly project: string;
  /** The definitions that the run works with, whatever is applied meanwhile. */
  readonly source: StoredSourceManifest;
  /** The views that read the source. */
  readonly views: readonly PlannedSourceView[];
  /** Null for everything. */
  readonly range: TimeRange | null;
  /** The source's snapshot whose inputs were looked at. */
  readonly base: number;
  /** In byte order of the paths; of a topic by partition and offset. */
  readonly inputs: readonly PlannedInput[];
  /** Messages of a topic that were gone before they could be read. */
  readonly lost?: readonly OffsetRange[];
  readonly database?: DatabaseReading;
  readonly unchangedInputs: number;
  /** Positions in `inputs` of each group. */
  readonly groups: readonly (readonly number[])[];
  readonly rows: number;
}

export interface PlannedSourceView {
  readonly name: string;
  readonly fingerprint: string;
  readonly offline: boolean;
}

export interface PlannedInput extends InputFile {
  readonly rows: number;
  readonly sequenceStart: bigint;
  /** Event times to take; null for all rows, those without an event time included. */
  readonly take: readonly TimeRange[] | null;
  /** Event times that the table holds from this input already. */
  readonly skip: readonly TimeRange[];
  /** Earlier versions of the file, whose rows this one replaces. */
  readonly replaces: readonly IngestedInput[];
  /** What is read of a topic; `rows` are its offsets then, not all of which need have a message. */
  readonly messages?: OffsetRange;
  /** New rows of a database, as the plan has read them: a file of the run, and the number of its first row. */
  readonly kept?: { readonly file: RecordedFile; readonly firstRow: bigint };
}

/** What the plan has read of a database. */
export interface DatabaseReading {
  /** The snapshot of the position that it went on from; 0 for none. */
  readonly after: number;
  /** Where the next read goes on; null when nothing is new. */
  readonly position: DatabasePosition | null;
  /** Rows that are not new, by event day. */
  readonly deduplicated: readonly DayCount[];
}

export const PLAN = 'plan.json';

/** The plan that a run made before; undefined when it made none. */
export function findPlan(
  lake: Lake,
  runId: string,
): Promise<{ readonly uri: string; readonly content: IngestionPlan } | undefined> {
  return findStagingObject<IngestionPlan>(lake, runId, PLAN);
}

export function readPlan(lake: Lake, planUri: string): Promise<IngestionPlan> {
  return readStagingObject<IngestionPlan>(lake, planUri);
}
