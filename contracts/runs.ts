/** Inputs, results and progress of the workflows: plain JSON, one object each, so that any Temporal client can start them. */
import type { FeatureConsistency, VerdictCounts } from './consistency.ts';
import type { FitUses } from './fits.ts';
import type { FreshnessState } from './freshness.ts';
import type { EngineWish } from './engines.ts';
import type { SpineSource } from './datasets.ts';
import type { FileReference } from './lake.ts';

/** Instants in inputs are ISO 8601 text. */
export interface IngestInput {
  readonly project: string;
  readonly source: string;
  readonly from?: string;
  readonly to?: string;
}

export interface BackfillInput {
  readonly project: string;
  readonly view: string;
  readonly from: string;
  readonly to: string;
  /** A duration; default `1d`. */
  readonly chunk?: string;
  /** Intervals at work at once; default 2. */
  readonly parallel?: number;
  /** Takes the range out of the ledger first, so that all of it is redone. */
  readonly restate?: boolean;
  /** From the end of the range towards its beginning. */
  readonly newestFirst?: boolean;
  /** Afterwards redoes what depends on the view and holds values of its own: its online state. */
  readonly cascade?: boolean;
}

/** What depends on a view, found when its backfill is planned. */
export interface BackfillCascade {
  /** Whether the view is served online: it is then materialized. */
  readonly online: boolean;
  /** Derived views over it, one over another included: they are computed at each read and have nothing to redo. */
  readonly derived: readonly string[];
}

export interface MaterializeInput {
  readonly project: string;
  readonly views: readonly string[];
  /** Rows due at this instant; default: the clock at the start. */
  readonly to?: string;
  /** Makes all values anew instead of what came or went: for values in Redis that are wrong. */
  readonly rebuild?: boolean;
}

export interface BuildTrainingDatasetInput {
  readonly project: string;
  readonly name: string;
  /** Paths are absolute, of files that the compute workers can read. */
  readonly spine?: SpineSource;
  /** `view:feature` names; exactly one of `features` and `service`. */
  readonly features?: readonly string[];
  readonly service?: string;
  readonly asKnown?: boolean;
  readonly shards?: number;
  /** For every view; default: what each view says. */
  readonly engine?: EngineWish;
  /** Kept in the manifest, and the default of `dataset split`; 0 when nothing is said. */
  readonly seed?: number;
  /**
   * In place of spine and features: the version to build once more, `name@version`, or the absolute path of a manifest.
   */
  readonly rebuild?: string;
}

export interface MaintainInput {
  readonly project: string;
  /** For how long a superseded snapshot can still be read; default 90. One that a dataset pins never expires. */
  readonly retentionDays?: number;
  /** How long a file that nothing mentions, or that only expired snapshots showed, is kept; default 3. */
  readonly graceDays?: number;
  /** What is old is old by this instant; default: the clock at the start. */
  readonly now?: string;
}

export interface MonitorFreshnessInput {
  readonly project: string;
}

export interface CheckConsistencyInput {
  readonly project: string;
  /** A duration: vectors that were served within it, up to now; default `1d`. */
  readonly last?: string;
}

export const DEFAULT_RETENTION_DAYS = 90;
export const DEFAULT_GRACE_DAYS = 3;
/** The most features that a check's result names; the counts are of all. */
export const MAX_NAMED_FEATURES = 200;
/** The most tables that a maintenance result names; the counts are of all. */
export const MAX_NAMED_TABLES = 200;

export interface IngestResult {
  readonly source: string;
  readonly snapshot: number;
  /** Inputs read, and inputs skipped because they were ingested before, unchanged. */
  readonly inputs: number;
  readonly unchangedInputs: number;
  readonly rowsIn: number;
  readonly committed: number;
  readonly quarantined: number;
  readonly deduplicated: number;
  readonly warnings: readonly string[];
}

export interface BackfillResult {
  readonly view: string;
  readonly fingerprint: string;
  readonly intervals: number;
  readonly done: number;
  /** Done before this run and left alone. */
  readonly reused: number;
  /** Left alone because rows came later than the source allows: only a restatement redoes them. */
  readonly late?: number;
  /** The first 200; `intervals - done - reused - late` counts all. */
  readonly failed: readonly {
    readonly from: string;
    readonly to: string;
    readonly code: string;
    readonly message: string;
  }[];
  readonly rows: number;
  /** With `cascade`: what the materialization afterwards did, and the derived views that follow by themselves. */
  readonly cascade?: { readonly online: MaterializeResult['views']; readonly derived: readonly string[] };
}

export interface MaterializeResult {
  readonly views: readonly {
    readonly view: string;
    readonly fingerprint: string;
    readonly snapshot: number;
    readonly to: string;
    /** Keys written, and keys left alone because Redis already held the same or a newer row. */
    readonly written: number;
    readonly unchanged: number;
  }[];
}

export interface BuildTrainingDatasetResult {
  readonly name: string;
  readonly version: number;
  readonly rows: number;
  readonly columns: number;
  readonly leakage: Readonly<Record<string, number | 'unknown'>>;
  /** Absent in results of older runs. */
  readonly fits?: FitUses;
  readonly files: readonly FileReference[];
}

/** One table after maintenance, and what was done to it. */
export interface MaintainedTable {
  /** `source flights` or `view delays@0123456789ab`. */
  readonly table: string;
  /** Rows that the source's own retention took away. */
  readonly expiredRows: number;
  /** Files that were compacted and those in their place, with their rows and bytes. */
  readonly filesBefore: number;
  readonly filesAfter: number;
  readonly rows: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Of the whole table, afterwards. */
  readonly files: number;
  readonly bytes: number;
}

export interface MaintainResult {
  /** Tables looked at. */
  readonly tables: number;
  /** The first 200 of those that changed. */
  readonly changed: readonly MaintainedTable[];
  readonly compacted: { readonly filesBefore: number; readonly filesAfter: number };
  readonly expiredRows: number;
  /** Snapshots that can no longer be read, and the files that they alone showed: gc removes those after its grace. */
  readonly expired: { readonly snapshots: number; readonly files: number; readonly bytes: number };
  readonly removed: {
    readonly files: number;
    readonly bytes: number;
    /** Versions of views that nothing reads any more, and their values in Redis; absent in results of older runs. */
    readonly online?: { readonly versions: number; readonly keys: number };
  };
}

/** What a look at freshness found. */
export interface MonitorFreshnessResult {
  readonly lookedAt: string;
  /** Those with a target, by name. */
  readonly views: readonly {
    readonly view: string;
    readonly state: FreshnessState;
    readonly target: string;
    /** Null before the first materialization. */
    readonly ageSeconds: number | null;
  }[];
  /** Since the look before. */
  readonly changes: readonly {
    readonly view: string;
    readonly before: FreshnessState | null;
    readonly state: FreshnessState;
    readonly since: string;
    readonly target: string;
  }[];
}

/** What a check of served values found: counts only, whose values differ stands in the catalog. */
export interface CheckConsistencyResult {
  readonly since: string;
  readonly until: string;
  readonly vectors: number;
  readonly waiting: number;
  readonly unreadable: number;
  /** Of all features. */
  readonly values: VerdictCounts;
  /** Of `values`: of those that are equal or different, the equal ones; null when there is none. */
  readonly equalShare: number | null;
  /** The first 200, those with differences first. */
  readonly features: readonly FeatureConsistency[];
}

/** The answer of every workflow's `progress` query. */
export interface RunProgress {
  /** The step at work, in words. */
  readonly step: string;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly rows: number;
  readonly failed: number;
  /** Of a backfill: at the rate of the run up to now, time held not counted. Absent before any work has ended. */
  readonly remainingSeconds?: number;
}
