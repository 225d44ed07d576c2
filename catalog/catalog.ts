/**
 * The catalog: definitions, snapshots, intervals, datasets and runs in one SQL database. Every method is one
 * transaction; methods that take an `idempotencyKey` apply their effect once and answer a repeated call with the first
 * result. Readers see whole commits or nothing.
 */
import type { ReachedPosition } from './database-reads.ts';
import type { ExpiredSnapshots, ExpireRequest } from './expiry.ts';
import type { ConsistencyLog } from '../contracts/consistency.ts';
import type { FreshnessLog } from '../contracts/freshness.ts';
import type { FitVersion, ProjectFits } from '../contracts/fits.ts';
import type {
  CommittedFile,
  Conservation,
  DatabasePosition,
  DataFile,
  EndedQuarantine,
  IngestedInput,
  SequenceRange,
  Snapshot,
  TableKey,
  TimeRange,
  TopicRange,
} from '../contracts/lake.ts';
import type { Manifest } from '../contracts/manifest.ts';
import type { StatisticsLog } from '../contracts/statistics.ts';
import type { Micros } from '../contracts/time.ts';
import type { DatasetCatalog } from './dataset-catalog.ts';

export type { DatasetManifest, NewDataset, KeptSplit, DatasetKey, DatasetCatalog } from './dataset-catalog.ts';

export interface Catalog {
  readonly definitions: DefinitionCatalog;
  readonly tables: TableCatalog;
  readonly intervals: IntervalLedger;
  readonly datasets: DatasetCatalog;
  readonly fits: FitCatalog;
  readonly runs: RunCatalog;
  readonly work: ActiveWork;
  readonly freshness: FreshnessLog;
  readonly consistency: ConsistencyLog;
  readonly statistics: StatisticsLog;
  close(): Promise<void>;
}

// ── definitions ─────────────────────────────────────────────────────────────

/** One `apply`: the manifest and the code bundle it was made from. */
export interface AppliedDefinitions {
  /** 1, 2, 3 … within the project: `base` of the next apply. */
  readonly version: number;
  readonly manifest: Manifest;
  readonly bundleHash: string;
  readonly appliedAt: Micros;
}

export interface DefinitionCatalog {
  /** The newest applied definitions; undefined before the first `apply`. */
  current(project: string): Promise<AppliedDefinitions | undefined>;
  /** The newest definitions in which the view had this fingerprint, so that an old version can still be computed. */
  withView(project: string, view: string, fingerprint: string): Promise<AppliedDefinitions | undefined>;
  /** The definitions of one `apply` by its number. */
  byVersion(project: string, version: number): Promise<AppliedDefinitions | undefined>;
  /** The definitions of one manifest fingerprint, the newest `apply` of it. */
  byFingerprint(project: string, fingerprint: string): Promise<AppliedDefinitions | undefined>;
  /** The bundle's code. Throws `LAKE_FILE_CORRUPT` when it does not hash to its name. */
  bundle(hash: string): Promise<string>;
  /** Stores manifest and bundle. `base` is the version the plan was made on: another apply in between is a `CONFLICT`. */
  apply(input: {
    readonly project: string;
    readonly base: number;
    readonly manifest: Manifest;
    readonly bundle: { readonly hash: string; readonly code: string };
  }): Promise<AppliedDefinitions>;
  /** Calls `changed` within a second of any apply or fit, with the project's name. Returns a function that stops it. */
  watch(changed: (project: string) => void): Promise<() => Promise<void>>;
  projects(): Promise<readonly string[]>;
}

// ── tables of the lake ──────────────────────────────────────────────────────

export interface Commit {
  readonly table: TableKey;
  readonly idempotencyKey: string;
  readonly runId: string;
  readonly operation: Snapshot['operation'];
  /** The snapshot that `remove` was chosen from. An append without `remove` conflicts with nothing. */
  readonly base: number;
  readonly add: readonly DataFile[];
  /** Ids of files that end with this snapshot; one that another commit ended already is a `COMMIT_CONFLICT`. */
  readonly remove: readonly string[];
  /** Source tables: the inputs that the added rows came from, and the input versions (path, checksum) they replace. */
  readonly inputs: readonly IngestedInput[];
  readonly replacedInputs: readonly { readonly path: string; readonly checksum: string }[];
  /** Source tables: sequence ranges (start inclusive, end exclusive) whose rows this commit took away. */
  readonly removedSequences: readonly SequenceRange[];
  /** Source tables: quarantined rows that are among those added, each once, otherwise `COMMIT_CONFLICT`. */
  readonly replayed?: readonly SequenceRange[];
  /** Source tables of a topic: what was read, each partition from where the newest snapshot ends, otherwise `COMMIT_CONFLICT`. */
  readonly topicRanges?: readonly TopicRange[];
  /** Source tables of a database: how far it was read. `after` is the snapshot of the newest position, 0 for none, otherwise `COMMIT_CONFLICT`. */
  readonly databaseRead?: { readonly after: number; readonly position: DatabasePosition } | undefined;
  readonly conservation: readonly Conservation[];
  readonly ledger: readonly LedgerAppend[];
  /** Commits to sibling tables in the same transaction: the quarantine of a source. */
  readonly quarantine: readonly DataFile[];
  readonly lineage: readonly LineageEvent[];
}

/** An event for the lineage outbox: written with the commit, emitted afterwards, never lost between. */
export interface LineageEvent {
  readonly runId: string;
  readonly type: 'START' | 'COMPLETE' | 'FAIL' | 'ABORT';
  readonly job: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface CommitResult {
  readonly snapshot: number;
  /** True when an earlier call with this key had done it. */
  readonly repeated: boolean;
}

export interface SnapshotChanges {
  readonly files: readonly CommittedFile[];
  readonly removedSequences: readonly { readonly start: bigint; readonly end: bigint }[];
}

export interface TableCatalog {
  /** The newest snapshot's id, 0 for a table without commits. */
  head(table: TableKey): Promise<number>;
  /**
   * The files of one snapshot (default: the newest), by minimum event time, then path; with a range only those that may
   * hold rows of it, so that work on many ranges need not list all files for each. Throws `SNAPSHOT_EXPIRED`.
   */
  files(
    table: TableKey,
    snapshot?: number,
    range?: TimeRange,
  ): Promise<{ readonly snapshot: number; readonly files: readonly CommittedFile[] }>;
  snapshots(table: TableKey): Promise<readonly Snapshot[]>;
  /**
   * What came and went in the snapshots after `from` up to `to`: the files of `to` with rows that came after `from`; a
   * compaction brings none. A file added and removed in between is not listed.
   */
  changes(table: TableKey, from: number, to: number): Promise<SnapshotChanges>;
  /** Throws a retryable `COMMIT_CONFLICT` when `remove` or the ledger no longer fits; only metadata is retried. */
  commit(commit: Commit): Promise<CommitResult>;
  /** The result of a commit with this key, when one happened: lets a retry skip its work. */
  committed(idempotencyKey: string): Promise<CommitResult | undefined>;
  /** The ingested input versions that the newest snapshot holds. */
  inputs(table: TableKey): Promise<readonly IngestedInput[]>;
  /** Reserves `count` sequence numbers; the same key returns the same start. Starts are above all earlier blocks. */
  reserveSequences(input: { readonly table: TableKey; readonly key: string; readonly count: bigint }): Promise<bigint>;
  /** By partition the offset of the first message that a snapshot, the newest unless one is named, has not read. */
  topicPositions(table: TableKey, topic: string, snapshot?: number): Promise<ReadonlyMap<number, bigint>>;
  /** Offsets that were gone before they were read, by topic, partition and offset. */
  lostRanges(table: TableKey): Promise<readonly TopicRange[]>;
  /** How far the source of a database has read. */
  databasePosition(table: TableKey): Promise<ReachedPosition | undefined>;
  conservation(table: TableKey): Promise<readonly Conservation[]>;
  /** What became of a source's quarantined rows; all others are open. Rows of a replaced input were replayed before, or not. */
  endedQuarantine(source: TableKey): Promise<readonly EndedQuarantine[]>;
  /** Gives up quarantined rows of a source, each once, otherwise `COMMIT_CONFLICT`. */
  dropQuarantined(drop: {
    readonly source: TableKey;
    readonly ranges: readonly SequenceRange[];
    readonly runId: string;
  }): Promise<void>;
  /** Every table of a project that has a commit. */
  list(project: string): Promise<readonly TableKey[]>;
  /**
   * Every path that a commit of any snapshot or a dataset mentions: what `gc` must not touch, except those that
   * `expiredPaths` names.
   */
  knownPaths(project: string): Promise<ReadonlySet<string>>;
  /** The files that a snapshot which has not expired shows, by path. */
  everyFile(table: TableKey): Promise<readonly CommittedFile[]>;
  /** Gives up old snapshots, and the files that they alone show: `files` refuses them from then on. See expiry.ts. */
  expireSnapshots(request: ExpireRequest): Promise<ExpiredSnapshots>;
  /** Paths of files that expired at least this long ago: their bytes may go. */
  expiredPaths(project: string, graceMicros: number): Promise<ReadonlySet<string>>;
  /** Drops the records of expired files whose bytes are gone. */
  forgetFiles(project: string, paths: readonly string[]): Promise<void>;
}

// ── interval ledger ─────────────────────────────────────────────────────────

/** A store is `offline` (the view table) or `online` (Redis); each has its own rows. */
export type LedgerStore = 'offline' | 'online';
/**
 * `dirty` and `late` say that rows came or went which the work before has not read: a backfill redoes what is dirty by itself, and
 * what is late only when it is restated.
 */
export type LedgerOperation = 'done' | 'dirty' | 'late' | 'removed';

export interface LedgerKey {
  readonly project: string;
  readonly view: string;
  readonly fingerprint: string;
  readonly store: LedgerStore;
}

export interface LedgerAppend extends LedgerKey {
  readonly range: TimeRange;
  readonly operation: LedgerOperation;
  readonly idempotencyKey: string;
  readonly runId: string;
  /** The source snapshot that the work read; null for `removed`. */
  readonly inputSnapshot: number | null;
  readonly rowsIn: number;
  readonly rowsOut: number;
}

export interface LedgerEntry extends LedgerAppend {
  /** Order of the append. */
  readonly position: bigint;
  readonly createdAt: Micros;
}

export interface IntervalLedger {
  /** All entries of one key by position. Fold them with `foldLedger`. */
  entries(key: LedgerKey): Promise<readonly LedgerEntry[]>;
  append(entries: readonly LedgerAppend[]): Promise<void>;
  /** Ledger keys of a project that hold at least one entry. */
  keys(project: string): Promise<readonly LedgerKey[]>;
  /** The position of the last complete materialization of a view; undefined before the first. */
  onlinePosition(key: LedgerKey): Promise<OnlinePosition | undefined>;
  /** The positions of every version of every view that is online, by view and fingerprint. */
  onlinePositions(project: string): Promise<readonly (LedgerKey & OnlinePosition)[]>;
  /** Moves the position forward; going back is ignored. `epoch` names the Redis content it describes. */
  setOnlinePosition(key: LedgerKey, position: OnlinePosition): Promise<void>;
  /**
   * Up to when a stream has brought everything that its topic had to the values: that of the partition which is least far; undefined when
   * none has brought anything to this version.
   */
  streamedTo(key: LedgerKey): Promise<Micros | undefined>;
  /** Says so of some partitions of the topic. Of a version that was never materialized nothing is kept. */
  setStreamedTo(key: LedgerKey, partitions: ReadonlyMap<number, Micros>): Promise<void>;
  /** The version is online no more: its position goes, and what was done is `removed`. */
  withdrawOnline(key: LedgerKey, runId: string): Promise<void>;
}

/** Redis holds the rows of `snapshot` that were due at `to`. */
export interface OnlinePosition {
  readonly snapshot: number;
  readonly to: Micros;
  readonly epoch: string;
  readonly keys: number;
}

// ── fits of transforms ──────────────────────────────────────────────────────

export interface NewFit {
  readonly project: string;
  readonly fit: Omit<FitVersion, 'version' | 'createdAt'>;
  /** Those that read the view. One that holds no fit of this version of the view gets the one that it is served with. */
  readonly services: readonly string[];
  /** Those that go over to the new fit. */
  readonly moved: readonly string[];
}

export interface FitCatalog {
  current(project: string): Promise<ProjectFits>;
  /** Every fit of the view, by number. */
  list(project: string, view: string): Promise<readonly FitVersion[]>;
  /** Readers learn of it as they learn of an `apply`. */
  add(input: NewFit): Promise<FitVersion>;
  /** Lets services go over to a fit. Throws `INVALID_VALUE` when it does not belong to this version of the view. */
  hold(input: {
    readonly project: string;
    readonly view: string;
    readonly fingerprint: string;
    readonly version: number;
    readonly services: readonly string[];
  }): Promise<void>;
}

// ── runs ────────────────────────────────────────────────────────────────────

export interface RunRecord {
  /** The Temporal run id of the first execution: unique, and the same after a continue-as-new. */
  readonly id: string;
  readonly project: string;
  /** The workflow's type, such as `ingest`. */
  readonly workflow: string;
  /** Under which Temporal knows it: what it does, shared by later runs of the same work. */
  readonly workflowId: string;
  readonly target: string;
  readonly state: 'running' | 'completed' | 'failed' | 'cancelled';
  readonly startedAt: Micros;
  readonly endedAt: Micros | null;
  /** Counts and references; plain JSON. */
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface RunCatalog {
  /**
   * Inserts the record, or replaces its state and end; an ended run is not reopened. `lineage` goes to the outbox in the same transaction;
   * a run's second terminal event is dropped.
   */
  put(run: RunRecord, lineage?: readonly LineageEvent[]): Promise<void>;
  get(id: string): Promise<RunRecord | undefined>;
  list(project: string, limit: number): Promise<readonly RunRecord[]>;
  /** The runs that match, the newest first: the first `limit` of them, or of those that come after `after`. */
  page(project: string, query: RunQuery): Promise<readonly RunRecord[]>;
  /** How many runs of each workflow are in each state. */
  count(project: string): Promise<readonly RunCount[]>;
}

export interface RunQuery {
  readonly workflow?: string;
  readonly state?: RunRecord['state'];
  readonly target?: string;
  /** The last run of the page before. */
  readonly after?: Pick<RunRecord, 'startedAt' | 'id'>;
  readonly limit: number;
}

export interface RunCount {
  readonly workflow: string;
  readonly state: RunRecord['state'];
  readonly runs: number;
}

/** What is under way on a project's lake, durable runs and other work. See active-work.ts. */
export interface ActiveWork {
  /**
   * Runs work that is no durable run while the catalog knows of it: what it reads does not expire meanwhile, what it writes
   * is no orphan. Look at heads and snapshots inside of it. It may nest.
   */
  during<T>(project: string, work: () => Promise<T>): Promise<T>;
  /** Nothing of what is under way had begun before this instant; undefined when nothing is. */
  oldest(project: string, exceptRun?: string): Promise<Micros | undefined>;
}
