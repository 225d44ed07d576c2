/**
 * The normalized manifest: what a project's definitions mean, as plain JSON. The definition language produces it, the
 * catalog stores it, and everything downstream reads it. Names are validated, references resolved, durations are
 * microseconds, every list of definitions is sorted by name, and features keep their declared order.
 */
import type { SpineSource } from './datasets.ts';
import type { EngineWish } from './engines.ts';
import type { ScheduledSpine, ScheduleTimes } from './schedules.ts';
import type { ColumnType, FeatureType, JsonScalar, JsonValue, ScalarType, StoredType } from './values.ts';

export const MANIFEST_FORMAT = 1;

export interface Manifest {
  readonly format: typeof MANIFEST_FORMAT;
  readonly project: string;
  /** Hash of everything below, metadata included: the identity of one `apply`. */
  readonly fingerprint: string;
  readonly entities: readonly EntityManifest[];
  readonly sources: readonly SourceManifest[];
  readonly views: readonly ViewManifest[];
  readonly aliases: readonly AliasManifest[];
  readonly services: readonly ServiceManifest[];
}

/** Descriptive only: never part of a fingerprint of an entity, source, view or service. */
export interface Metadata {
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: readonly string[];
}

/** `code` for what a program has registered; absent for what definition files say. Never part of a fingerprint. */
export interface Origin {
  readonly origin?: 'code';
}

export interface EntityManifest extends Metadata, Origin {
  readonly name: string;
  readonly keys: readonly KeyManifest[];
}

export interface KeyManifest {
  readonly name: string;
  readonly type: ScalarType;
}

export type SourceManifest =
  FileSourceManifest | DatabaseSourceManifest | KafkaSourceManifest | PushSourceManifest | RequestSourceManifest;

export interface ColumnManifest {
  readonly name: string;
  /** As declared. `storedType(type)` is what the lake holds. */
  readonly type: ColumnType;
  /** The name in the file, table or message; equal to `name` unless renamed. */
  readonly from: string;
}

export type ContractMode = 'evolve' | 'freeze' | 'quarantine' | 'discard';

interface SourceBase extends Metadata, Origin {
  readonly name: string;
  readonly fingerprint: string;
  readonly columns: readonly ColumnManifest[];
}

interface StoredSourceBase extends SourceBase {
  readonly timestamp: string;
  readonly created: string | null;
  readonly eventId: string | null;
  readonly operation: string | null;
  readonly primaryKey: readonly string[];
  readonly timezone: string | null;
  readonly allowedLatenessMicros: number | null;
  /** Of ingestion. */
  readonly schedule: SourceScheduleManifest | null;
  /** Rows older than this by event time are deleted by `maintain`; absent: never. Not part of a fingerprint. */
  readonly retentionMicros?: number;
  readonly contract: { readonly columns: ContractMode; readonly types: ContractMode };
  readonly expectations: readonly ExpectationManifest[];
}

export interface FileSourceManifest extends StoredSourceBase {
  readonly kind: 'file';
  /** Absolute path or glob, or an `s3://` one. Not part of the fingerprint. */
  readonly path: string;
  readonly format: FileFormat;
}

export type FileFormat = 'parquet' | 'csv' | 'jsonl';

export interface DatabaseSourceManifest extends StoredSourceBase {
  readonly kind: 'database';
  /** `env:NAME` or `file:/absolute/path`: where the address is read from. Not part of the fingerprint, nor is `table`. */
  readonly url: string;
  readonly table: string | null;
  readonly query: string | null;
  /** Our name of the column that says what is new; null: everything is read each time. */
  readonly cursor: string | null;
  /** Rows whose cursor is younger than this wait for a later run; 0: none wait. Not part of the fingerprint. */
  readonly lagMicros: number;
}

export interface KafkaSourceManifest extends StoredSourceBase {
  readonly kind: 'kafka';
  readonly topic: string;
}

/** Rows come one by one, from programs; there is nothing to ingest. */
export interface PushSourceManifest extends StoredSourceBase {
  readonly kind: 'push';
}

export interface RequestSourceManifest extends SourceBase {
  readonly kind: 'request';
}

export type StoredSourceManifest = Exclude<SourceManifest, RequestSourceManifest>;

export type ExpectationLevel = 'row' | 'column' | 'table';

export interface ExpectationManifest {
  /** Great Expectations' type, such as `expect_column_values_to_be_between`. */
  readonly type: string;
  readonly level: ExpectationLevel;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly severity: 'critical' | 'warning' | 'info';
  /** `fail` refuses the batch, `quarantine` sets bad rows aside (row level only), `warn` reports. */
  readonly onFailure: 'fail' | 'quarantine' | 'warn';
}

export type ViewManifest = FeatureViewManifest | DerivedViewManifest;

export interface FeatureViewManifest extends Metadata, Origin {
  readonly kind: 'feature';
  readonly name: string;
  readonly fingerprint: string;
  readonly entities: readonly string[];
  /** The keys of all entities in order: `name` is the key (the spine's column), `column` the source's column. */
  readonly keys: readonly ViewKeyManifest[];
  readonly source: string;
  /** `asof`: each feature is a column's value at q. `aggregate`: each feature is computed over events before q. */
  readonly mode: 'asof' | 'aggregate';
  readonly ttlMicros: number | null;
  readonly delayMicros: number;
  readonly asKnown: boolean;
  readonly online: boolean;
  readonly offline: boolean;
  readonly features: readonly FeatureManifest[];
  /** One SELECT over the source, in place of its rows. */
  readonly sql?: string;
  /** Hash of the function that changes each row before features are read from it. */
  readonly map?: string;
  /** What `sql` or `map` makes of the source's rows; absent for a view over the rows themselves. */
  readonly rows?: ViewRowsManifest;
  readonly options: ViewOptionsManifest;
}

export interface ViewRowsManifest {
  /**
   * `rows`: the query takes the source's rows one by one, and `map` does. `query`: it may make anything of the whole source.
   */
  readonly kind: 'rows' | 'query' | 'map';
  /** Keys, time, and what the features read. */
  readonly columns: readonly ColumnManifest[];
}

export interface ViewKeyManifest extends KeyManifest {
  readonly column: string;
}

/** Options that do not change a value. */
export interface ViewOptionsManifest {
  readonly freshnessMicros: number | null;
  /** Of materialization, or of a backfill when it has a window. */
  readonly schedule: ViewScheduleManifest | null;
  readonly engine: EngineWish;
  readonly cacheMicros: number | null;
  /** Their columns are features: each looks at the stored value, before the feature's transform. */
  readonly expectations: readonly ExpectationManifest[];
}

export type FeatureManifest = ColumnFeatureManifest | AggregateFeatureManifest;

interface FeatureBase extends Metadata {
  readonly name: string;
  readonly featureType: FeatureType;
  /** The type of the served value, after the transform or aggregate. */
  readonly valueType: StoredType;
  /** Serves in place of a missing or expired value. Null means no default. */
  readonly default: JsonValue;
  readonly pii: boolean;
  readonly transform: TransformManifest | null;
}

export interface ColumnFeatureManifest extends FeatureBase {
  readonly kind: 'column';
  readonly column: string;
}

export const AGGREGATE_FUNCTIONS = [
  'count',
  'sum',
  'mean',
  'min',
  'max',
  'stddev',
  'first',
  'last',
  'lastN',
  'approxCountDistinct',
  'variance',
  'approxQuantile',
  'mostFrequent',
  'collectDistinct',
] as const;
export type AggregateFunction = (typeof AGGREGATE_FUNCTIONS)[number];

/** Digits after the point that the p of a quantile may have, so that ranks are found in whole numbers. */
export const QUANTILE_DIGITS = 6;

export interface AggregateFeatureManifest extends FeatureBase {
  readonly kind: 'aggregate';
  readonly function: AggregateFunction;
  /** Null for `count`, which counts events. */
  readonly column: string | null;
  readonly window: WindowManifest;
  /** Every listed column must equal one of its values; empty when there is no filter. */
  readonly where: readonly WhereManifest[];
  /** Raw events kept per key online for exact windows. */
  readonly maxEvents: number;
  /** The p of `approxQuantile`, from 0 to 1; absent elsewhere. */
  readonly quantile?: number;
  /** The most values that `collectDistinct` gives; absent elsewhere. */
  readonly limit?: number;
}

export type WindowManifest =
  /** Events with `floor(q - micros, resolution) <= event_ts < q`; a null resolution is exact: no floor. */
  | { readonly kind: 'duration'; readonly micros: number; readonly resolutionMicros: number | null }
  /** All events with `event_ts < q`. */
  | { readonly kind: 'all' }
  /** The N greatest rows with `event_ts < q`. */
  | { readonly kind: 'last'; readonly count: number };

export interface WhereManifest {
  readonly column: string;
  readonly values: readonly JsonScalar[];
}

export interface TransformManifest {
  readonly function: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Whether the parameters are known: given, or fitted to data. */
  readonly fitted: boolean;
}

export interface DerivedViewManifest extends Metadata, Origin {
  readonly kind: 'derived';
  readonly name: string;
  readonly fingerprint: string;
  readonly inputs: readonly DerivedInputManifest[];
  readonly features: readonly DerivedFeatureManifest[];
  /** Hash of the bundled source of `compute` with everything it reaches. */
  readonly functionHash: string;
}

/** `name` is the property under which `compute` finds the input. */
export type DerivedInputManifest =
  | { readonly kind: 'request'; readonly name: string; readonly source: string }
  | { readonly kind: 'view'; readonly name: string; readonly reference: ViewReference };

export interface DerivedFeatureManifest extends FeatureBase {
  readonly kind: 'derived';
}

/** Some features of a view, read through an alias or directly. */
export interface ViewReference {
  readonly view: string;
  /** The prefix of the output columns: the alias, or the view's own name. */
  readonly as: string;
  /** Key name to the spine column that it is read from; only the keys that differ. */
  readonly keyColumns: Readonly<Record<string, string>>;
  /** Null for all features. */
  readonly features: readonly string[] | null;
}

export interface AliasManifest extends Origin {
  readonly name: string;
  readonly view: string;
  readonly keyColumns: Readonly<Record<string, string>>;
}

export interface ServiceManifest extends Metadata, Origin {
  readonly name: string;
  readonly fingerprint: string;
  readonly features: readonly ViewReference[];
  /** Not part of a fingerprint. */
  readonly schedule?: ServiceScheduleManifest;
  /** Where its vectors go while its view is streamed. Not part of a fingerprint. */
  readonly publish?: PublishingManifest;
}

export interface PublishingManifest {
  readonly topic: string;
}

export interface SourceScheduleManifest extends ScheduleTimes {
  /** Only rows of the time before each run; null for everything that is new. */
  readonly windowMicros: number | null;
}

export interface ViewScheduleManifest extends ScheduleTimes {
  /** How far back a backfill looks; null for a materialization. */
  readonly windowMicros: number | null;
  readonly chunkMicros: number | null;
}

export interface ServiceScheduleManifest extends ScheduleTimes {
  /** Null for the materialization of the online views that the service reads. */
  readonly dataset: ScheduledDatasetManifest | null;
}

export interface ScheduledDatasetManifest {
  /** Null for the service's. */
  readonly name: string | null;
  /** Paths are absolute. */
  readonly spine: SpineSource | ScheduledSpine;
  readonly asKnown: boolean;
}
