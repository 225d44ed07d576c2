/**
 * Schedules: when work is started by Temporal's clock, and what a run that is started so works on. A scheduled run takes its
 * times from the time that it was scheduled for, so that a late, repeated or backfilled run does the same work.
 */
import type { SpineSource } from './datasets.ts';
import type { WorkflowName } from './run-messages.ts';
import type {
  BackfillInput,
  BuildTrainingDatasetInput,
  CheckConsistencyInput,
  IngestInput,
  MaintainInput,
  MaterializeInput,
  MonitorFreshnessInput,
} from './runs.ts';
import type { RunStreamInput } from './streams.ts';

/** What happens to a run that is due while the one before is at work. */
export const SCHEDULE_OVERLAPS = ['skip', 'bufferOne', 'bufferAll', 'allowAll', 'cancelOther'] as const;
export type ScheduleOverlap = (typeof SCHEDULE_OVERLAPS)[number];

/** Those under which every run that is due takes place. */
export const LOSSLESS_OVERLAPS = ['bufferAll', 'allowAll'] as const satisfies readonly ScheduleOverlap[];

/** When runs are due. Exactly one of `cron` and `everyMicros` says it. */
export interface ScheduleTimes {
  /** Expressions of five fields, or shorthands; empty when `everyMicros` is given. */
  readonly cron: readonly string[];
  /** At `epoch + n × every + offset`, in whole seconds. */
  readonly everyMicros: number | null;
  readonly offsetMicros: number;
  /** IANA zone of the cron expressions. */
  readonly timezone: string;
  /** Each start is put off by a random time up to this; the time that it is scheduled for stays. */
  readonly jitterMicros: number;
  /** Null for what suits the work. */
  readonly overlap: ScheduleOverlap | null;
  /** How late a run may start that was due while the server was down; null for what suits the work. */
  readonly catchupMicros: number | null;
}

/** The range of a spine that ends at the scheduled time. */
export interface ScheduledSpine {
  readonly window: string;
  readonly every?: string;
  readonly entities?: string;
}

/** Inputs of runs that a schedule starts: instants are left out, and a `window` is the range that ends at the scheduled time. */
export interface ScheduledInputs {
  readonly ingest: Omit<IngestInput, 'from' | 'to'> & { readonly window?: string };
  /** The range ends at the last cell of the grid of `chunk` that is over at the scheduled time. */
  readonly backfill: Omit<BackfillInput, 'from' | 'to'> & { readonly window: string };
  /** Rows due at the scheduled time. */
  readonly materialize: Omit<MaterializeInput, 'to'>;
  readonly buildTrainingDataset: Omit<BuildTrainingDatasetInput, 'spine'> & {
    readonly spine: SpineSource | ScheduledSpine;
  };
  /** What is old is old by the scheduled time. */
  readonly maintain: Omit<MaintainInput, 'now'>;
  /** Whatever time it was due: a look is at the clock. */
  readonly monitorFreshness: MonitorFreshnessInput;
  /** Likewise: what was served before a late run is looked at by it. */
  readonly checkConsistency: CheckConsistencyInput;
  /** Begins it anew when it has ended. */
  readonly runStream: RunStreamInput;
}

/** What a schedule starts. */
export type ScheduledWork = {
  readonly [W in WorkflowName]: { readonly workflow: W; readonly input: ScheduledInputs[W] };
}[WorkflowName];
