import type { BackfillInput, BackfillResult } from '../contracts/runs.ts';

export interface BackfillPlanned {
  readonly view: string;
  readonly fingerprint: string;
  /** Fingerprint of the definitions that the whole run uses. */
  readonly definitions: string;
  readonly source: string;
  /** Cells of the grid of `chunk` that the range covers. */
  readonly intervals: number;
  /** The range, widened to the grid. */
  readonly from: string;
  readonly to: string;
  readonly chunkMicros: number;
}

export interface Interval {
  readonly from: string;
  readonly to: string;
}

export interface IntervalPageInput {
  readonly project: string;
  readonly view: string;
  readonly fingerprint: string;
  readonly chunkMicros: number;
  readonly from: string;
  readonly to: string;
  /** Lists intervals that are done, too. */
  readonly restate: boolean;
  readonly limit: number;
}

export interface IntervalPage {
  readonly intervals: readonly Interval[];
  /** Done before and passed over between `from` and `next`. */
  readonly reused: number;
  /** Where the next page begins; null after the last. */
  readonly next: string | null;
}

export interface WriteIntervalsInput {
  readonly project: string;
  readonly view: string;
  readonly definitions: string;
  readonly chunkMicros: number;
  readonly intervals: readonly Interval[];
  readonly runId: string;
}

export interface IntervalsWritten {
  readonly done: number;
  readonly rows: number;
  readonly failed: BackfillResult['failed'];
}

/** Short: on the serving queue. */
export interface BackfillPlanActivities {
  planBackfill(input: BackfillInput): Promise<BackfillPlanned>;
  listIntervals(input: IntervalPageInput): Promise<IntervalPage>;
}

/** On the backfill queue. */
export interface BackfillActivities {
  writeIntervals(input: WriteIntervalsInput): Promise<IntervalsWritten>;
}
