/**
 * Rows of the catalog's tables, as Kysely sees them. All tables stand in the PostgreSQL schema `asof`. Instants are
 * int8 microseconds and int8 is `bigint`; JSON is stored as `json`, which keeps the text as written (`jsonb` would
 * reorder keys and refuse an escaped NUL).
 */
import type { ColumnType, GeneratedAlways } from 'kysely';
import type { ConsistencyReport, ServedSample } from '../contracts/consistency.ts';
import type { DriftBaseline } from '../contracts/drift.ts';
import type { FreshnessState } from '../contracts/freshness.ts';
import type { ColumnStatistics, DataFile, Snapshot, TableKey } from '../contracts/lake.ts';
import type { ColumnState } from '../contracts/statistics.ts';
import type { LedgerOperation, LedgerStore, LineageEvent, RunRecord } from './catalog.ts';

export const SCHEMA = 'asof';

export interface CatalogSchema {
  readonly format: FormatRow;
  readonly definitions: DefinitionsRow;
  readonly definition_views: DefinitionViewRow;
  readonly bundles: BundleRow;
  readonly tables: TableRow;
  readonly snapshots: SnapshotRow;
  readonly files: FileRow;
  readonly inputs: InputRow;
  readonly removed_sequences: RemovedSequenceRow;
  readonly quarantine_ends: QuarantineEndRow;
  readonly topic_ranges: TopicRangeRow;
  readonly database_reads: DatabaseReadRow;
  readonly conservation: ConservationRow;
  readonly sequence_blocks: SequenceBlockRow;
  readonly ledger: LedgerRow;
  readonly online_positions: OnlinePositionRow;
  readonly datasets: DatasetRow;
  readonly dataset_splits: DatasetSplitRow;
  readonly fits: FitRow;
  readonly service_fits: ServiceFitRow;
  readonly fit_changes: FitChangesRow;
  readonly runs: RunRow;
  readonly active_work: ActiveWorkRow;
  readonly lineage_outbox: LineageRow;
  readonly freshness_changes: FreshnessChangeRow;
  readonly freshness_looks: FreshnessLookRow;
  readonly served_samples: ServedSampleRow;
  readonly consistency_reports: ConsistencyReportRow;
  readonly column_statistics: ColumnStatisticsRow;
  readonly drift_baselines: DriftBaselineRow;
}

/** The database's clock, so that the order of commits does not depend on the clocks of several machines. */
type StampedByDatabase = ColumnType<bigint, never, never>;
/** Written as text, read as the parsed value. */
type Json = ColumnType<unknown, string, string>;
type Mutable<T> = ColumnType<T, T, T>;
type WithDefault<T> = ColumnType<T, T | undefined, T>;

interface FormatRow {
  version: number;
}

interface DefinitionsRow {
  project: string;
  version: number;
  fingerprint: string;
  manifest: Json;
  bundle_hash: string;
  applied_at: StampedByDatabase;
}

interface DefinitionViewRow {
  project: string;
  version: number;
  view: string;
  fingerprint: string;
}

interface BundleRow {
  hash: string;
  code: string;
}

interface TableRow {
  id: GeneratedAlways<number>;
  project: string;
  kind: TableKey['kind'];
  name: string;
  version: string;
  next_sequence: WithDefault<bigint>;
}

interface SnapshotRow {
  table_id: number;
  id: number;
  operation: Snapshot['operation'];
  run_id: string;
  committed_at: StampedByDatabase;
  rows_added: bigint;
  rows_removed: bigint;
  /** When its files were given up; null while it can be read. */
  expired_at: ColumnType<bigint | null, bigint | null | undefined, bigint | null>;
  /** Null for a quarantine snapshot: it belongs to the commit of its source. */
  idempotency_key: string | null;
}

interface FileRow {
  id: string;
  table_id: number;
  path: string;
  rows: bigint;
  bytes: bigint;
  checksum: string;
  min_event: bigint | null;
  max_event: bigint | null;
  max_created: bigint | null;
  min_sequence: bigint | null;
  max_sequence: bigint | null;
  bucket: number | null;
  columns: ColumnType<DataFile['columns'], string, string>;
  statistics: ColumnType<readonly ColumnStatistics[] | null, string | null, never>;
  begin_snapshot: number;
  /** The first snapshot that does not show the file. */
  end_snapshot: Mutable<number | null>;
  /** The snapshot that brought the newest of its rows, when that is not the one that added the file. */
  rows_from: number | null;
  /** When the last snapshot that showed it expired. */
  expired_at: ColumnType<bigint | null, bigint | null | undefined, bigint | null>;
}

interface InputRow {
  table_id: number;
  path: string;
  checksum: string;
  bytes: bigint;
  rows: bigint;
  sequence_start: bigint;
  range_from: bigint | null;
  range_to: bigint | null;
  begin_snapshot: number;
  end_snapshot: Mutable<number | null>;
}

interface RemovedSequenceRow {
  table_id: number;
  snapshot: number;
  sequence_start: bigint;
  sequence_end: bigint;
}

interface QuarantineEndRow {
  table_id: number;
  sequence_start: bigint;
  sequence_end: bigint;
  outcome: 'replayed' | 'dropped';
  snapshot: number | null;
  run_id: string;
}

interface TopicRangeRow {
  table_id: number;
  snapshot: number;
  topic: string;
  partition: number;
  offset_from: bigint;
  offset_to: bigint;
  lost: boolean;
}

interface DatabaseReadRow {
  table_id: number;
  snapshot: number;
  cursor_column: string | null;
  cursor_value: string | null;
  seen_path: string;
  seen_rows: bigint;
  seen_bytes: bigint;
  seen_checksum: string;
}

interface ConservationRow {
  table_id: number;
  snapshot: number;
  range_from: bigint;
  range_to: bigint;
  rows_in: bigint;
  committed: bigint;
  quarantined: bigint;
  deduplicated: bigint;
  expired: WithDefault<bigint>;
}

interface SequenceBlockRow {
  table_id: number;
  key: string;
  start: bigint;
  count: bigint;
}

interface LedgerRow {
  position: GeneratedAlways<bigint>;
  project: string;
  view: string;
  fingerprint: string;
  store: LedgerStore;
  range_from: bigint;
  range_to: bigint;
  operation: LedgerOperation;
  idempotency_key: string;
  run_id: string;
  input_snapshot: number | null;
  /** The snapshot of the view table that the entry was committed with; null for an entry without a commit. */
  table_snapshot: number | null;
  rows_in: bigint;
  rows_out: bigint;
  created_at: StampedByDatabase;
}

interface OnlinePositionRow {
  project: string;
  view: string;
  fingerprint: string;
  store: LedgerStore;
  snapshot: Mutable<number>;
  to_micros: Mutable<bigint>;
  epoch: Mutable<string>;
  keys: Mutable<bigint>;
  /** Partition of the topic to microseconds, as text. */
  streamed: ColumnType<Readonly<Record<string, string>>, undefined, string>;
}

interface DatasetRow {
  project: string;
  name: string;
  version: number;
  idempotency_key: string;
  manifest: Json;
  created_at: StampedByDatabase;
}

interface DatasetSplitRow {
  id: GeneratedAlways<bigint>;
  project: string;
  name: string;
  version: number;
  rule: Json;
  parts: Json;
  file: Json;
  created_at: StampedByDatabase;
}

interface FitRow {
  project: string;
  view: string;
  version: number;
  fingerprint: string;
  features: Json;
  range_from: bigint | null;
  range_until: bigint;
  snapshot: number;
  rows: bigint;
  created_at: StampedByDatabase;
}

interface ServiceFitRow {
  project: string;
  service: string;
  view: string;
  fingerprint: string;
  version: Mutable<number>;
}

interface FitChangesRow {
  project: string;
  changes: Mutable<bigint>;
}

interface RunRow {
  id: string;
  project: string;
  workflow: string;
  workflow_id: string;
  target: string;
  state: Mutable<RunRecord['state']>;
  started_at: Mutable<bigint>;
  ended_at: Mutable<bigint | null>;
  result: ColumnType<RunRecord['result'], string | null, string | null>;
  error: ColumnType<RunRecord['error'], string | null, string | null>;
}

interface ActiveWorkRow {
  id: string;
  project: string;
  started_at: StampedByDatabase;
  renewed_at: ColumnType<bigint, never, bigint>;
}

interface FreshnessChangeRow {
  id: GeneratedAlways<bigint>;
  project: string;
  view: string;
  state: FreshnessState;
  before: FreshnessState | null;
  since: bigint;
  noticed_at: bigint;
  target_micros: bigint;
}

interface FreshnessLookRow {
  project: string;
  looked_at: Mutable<bigint>;
}

interface ServedSampleRow {
  id: GeneratedAlways<bigint>;
  project: string;
  served_at: bigint;
  sample: ColumnType<ServedSample, string, never>;
}

interface ConsistencyReportRow {
  id: GeneratedAlways<bigint>;
  project: string;
  run_id: string;
  report: ColumnType<ConsistencyReport, string, string>;
}

interface LineageRow {
  id: GeneratedAlways<bigint>;
  project: string;
  run_id: string;
  type: LineageEvent['type'];
  job: string;
  inputs: Json;
  outputs: Json;
  created_at: StampedByDatabase;
}

interface ColumnStatisticsRow {
  project: string;
  target: string;
  fingerprint: string;
  column_name: string;
  range_from: bigint;
  range_to: bigint;
  snapshot: number;
  fit: number;
  state: ColumnType<ColumnState, string, string>;
  measured_at: StampedByDatabase;
}

interface DriftBaselineRow {
  id: GeneratedAlways<bigint>;
  project: string;
  target: string;
  fingerprint: string;
  name: string;
  baseline: ColumnType<DriftBaseline, string, string>;
}
