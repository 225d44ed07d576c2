/** The store of one project, as code sees it. */
import type { Timestamp } from '../contracts/timestamp.ts';
import type { FeatureStatus, FeatureValue, ServedFrom } from '../contracts/values.ts';
import type {
  AliasDefinition,
  EntityDefinition,
  FeatureViewDefinition,
  Referable,
  ServiceDefinition,
  SourceDefinition,
} from '../definitions/language/definition.ts';
import type { ServiceRow } from '../definitions/language/feature-service.ts';

/** A `Timestamp`, a `Date`, or ISO 8601 text. */
export type Instant = Timestamp | Date | string;

export type Registrable =
  EntityDefinition | SourceDefinition | FeatureViewDefinition | AliasDefinition | ServiceDefinition;

export interface Store {
  readonly project: string;

  /**
   * Adds definitions to those that are applied, with everything they read that is not applied yet. A later `asof apply` of
   * definition files leaves them alone. Throws `CONFLICT` for a name that is taken, `DEFINITIONS_INVALID` for what is
   * wrong, `NOT_AVAILABLE_YET`; nothing is applied then.
   */
  registerFeature(...definitions: readonly Registrable[]): Promise<Registration>;

  /**
   * Puts rows of an as-of view, or events of a windowed one, into the view's source, and brings every online view of that
   * source up to date; or into a source by its name. Rows that break a quarantine rule are set aside, the others are one
   * commit. Throws `INVALID_VALUE` naming row and column and `QUALITY_GATE`, with nothing written; and `REDIS_UNAVAILABLE`
   * when the rows are committed but not online yet: the same call with the same idempotency key brings them online.
   */
  putFeatures(view: string | FeatureViewDefinition, rows: readonly PutRow[], options?: PutOptions): Promise<PutResult>;

  /** Values at an instant: from the online store, else from the lake, else the default. */
  getFeatures<const Chosen extends Choice, Entity extends KeyRow>(
    request: Chosen & FeatureVectorRequest<Entity>,
  ): Promise<FeatureVectors<Entity, RowOfChoice<Chosen>>>;

  /**
   * The spine's rows with their features, point in time: each row once, in order, with its other columns untouched.
   * Throws `INVALID_VALUE`, `KEY_TYPE_MISMATCH` and `SPINE_COLUMN_MISSING` naming the row or column.
   */
  getHistoricalFeatures<const Chosen extends Choice, Row extends SpineRow>(
    request: Chosen & HistoricalRowsRequest<Row>,
  ): Promise<HistoricalRows<Row & HistoricalRow<Chosen>>>;
  /** The same from file to file: Parquet, CSV or JSON Lines by extension. */
  getHistoricalFeatures(request: Choice & HistoricalFileRequest): Promise<HistoricalFile>;

  /** Brings views online up to an instant; all views that are online when none is named. */
  materialize(
    views?: readonly (string | FeatureViewDefinition)[],
    options?: { /** Rows due at this instant. @default now */ readonly to?: Instant },
  ): Promise<readonly MaterializedView[]>;

  /**
   * Learns the parameters of the view's transforms from the rows of a range, unless they are fitted. Throws `UNKNOWN_NAME`,
   * `INVALID_RANGE`, `LIMIT_EXCEEDED`, and `INVALID_VALUE` when there is nothing to fit or nothing to learn from.
   */
  fit(view: string | FeatureViewDefinition, options: FitOptions): Promise<FittedView>;

  /** Releases everything, and stops the components that were started for this store alone. */
  close(): Promise<void>;
}

export interface Registration {
  /** Of the applied definitions. */
  readonly version: number;
  /** What came in, such as `source clicks`. */
  readonly added: readonly string[];
}

/**
 * Columns of the view's source under our names; what is left out is null. The event time stands under its own column or
 * under `timestamp`, and is now when it is left out, as the created time is.
 */
export type PutRow = Readonly<Record<string, unknown>>;

/** `online` leaves the lake out: as-of views serve the rows until greater ones come, and no history has them. */
export type PushDestination = 'online' | 'offline' | 'both';

export interface PutOptions {
  /** @default 'both' */
  readonly to?: PushDestination;
  /** Rows put again under the same key count once. */
  readonly idempotencyKey?: string;
}

export interface PutResult {
  /** Of the source's table; null when the rows went online only. */
  readonly snapshot: number | null;
  /** Rows that were taken. */
  readonly committed: number;
  /** Rows that a rule set aside: into the quarantine, or, online only, out of the push. */
  readonly quarantined: number;
  /** Views that serve the rows from now on. */
  readonly online: readonly string[];
  /** By row, then by rule. */
  readonly violations: readonly Violation[];
}

/** One value that breaks one rule. The names are those of the rules. */
export interface Violation {
  /** Position in the rows that were put. */
  readonly row: number;
  /** The feature that declares the rule; the column for a rule of the source; with commas for a rule on several. */
  readonly feature_name: string;
  /** `min_value`, `max_value`, `null_check`, or the expectation's type. */
  readonly rule_type: string;
  /** What the rule asks for. */
  readonly threshold: unknown;
  /** A list for a rule on several features. */
  readonly actual_value: unknown;
  /** In words. */
  readonly violation: string;
  /** Whether the row was set aside; the row was committed otherwise. */
  readonly quarantined: boolean;
}

/** What to read: features by `view:feature` or `view`, or as definitions; or a service. */
export type Choice =
  | { readonly features: readonly (string | Referable)[]; readonly service?: undefined }
  | { readonly service: string | ServiceDefinition; readonly features?: undefined };

/** `view__feature` to its value: known to the compiler when the choice is made by definitions. */
export type RowOfChoice<Chosen> = Chosen extends { readonly service: ServiceDefinition<string, infer Row> }
  ? Row
  : Chosen extends { readonly features: infer Features extends readonly Referable[] }
    ? ServiceRow<Features>
    : Readonly<Record<string, FeatureValue>>;

/** Short names are known at run time only. */
export type HistoricalRow<Chosen> = Chosen extends { readonly shortNames: true }
  ? Readonly<Record<string, FeatureValue>>
  : RowOfChoice<Chosen>;

export type KeyRow = Readonly<Record<string, unknown>>;

export interface FeatureVectorRequest<Entity extends KeyRow> {
  /** One row of keys for each entity. Other columns come back as they are. */
  readonly entities: readonly Entity[];
  /** Values of request sources: the same for all entities, or a row for each. */
  readonly request?: KeyRow | readonly KeyRow[];
  /** @default now */
  readonly at?: Instant;
}

export interface FeatureVectors<Entity, Row> {
  readonly at: Timestamp;
  /** The entities as they were given, with their values. */
  readonly rows: readonly (Entity & { readonly [Column in keyof Row]: Row[Column] | null })[];
  /** How each value came about, by entity. */
  readonly cells: readonly { readonly [Column in keyof Row]: FeatureCell<Row[Column] | null> }[];
  /** View to the version that was read. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface FeatureCell<Value = FeatureValue> {
  readonly value: Value;
  readonly status: FeatureStatus;
  /** Event time of the row behind the value; null when there is none. */
  readonly eventTimestamp: Timestamp | null;
  readonly servedFrom: ServedFrom;
}

/** Keys, and the time that each row is asked at. Other columns come back as they are. */
export type SpineRow = Readonly<Record<string, unknown>> & { readonly event_timestamp: Instant };

interface HistoricalOptions {
  /** Only rows that were created by the row's time count. @default false */
  readonly asKnown?: boolean;
  /** Features without the name of their view. @default false */
  readonly shortNames?: boolean;
}

export interface HistoricalRowsRequest<Row extends SpineRow> extends HistoricalOptions {
  readonly spine: readonly Row[];
  readonly output?: undefined;
}

export interface HistoricalFileRequest extends HistoricalOptions {
  /** Paths, relative to the working directory. */
  readonly spine: string;
  readonly output: string;
}

export interface FitOptions {
  /** Start of the rows to learn from. @default the first row */
  readonly from?: Instant;
  /** Their end, exclusive. */
  readonly until: Instant;
  /** Fits again what is fitted. @default false */
  readonly refit?: boolean;
  /** Services that go over to this fit; others keep theirs. @default none */
  readonly services?: 'all' | readonly (string | ServiceDefinition)[];
}

export interface FittedView {
  readonly view: string;
  /** Number of the fit within the view. */
  readonly version: number;
  /** Feature to the parameters of its transform. */
  readonly features: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly rows: number;
  readonly snapshot: number;
  readonly from: Timestamp | null;
  readonly until: Timestamp;
  /** False when it was fitted before, and `refit` was not asked for. */
  readonly isNew: boolean;
  /** Service to the fit that it reads. */
  readonly services: Readonly<Record<string, number>>;
}

interface Retrieval {
  /** Source to the snapshot that was read. */
  readonly snapshots: Readonly<Record<string, number>>;
  /** Values made from rows created after their time, by output column; `unknown` without a created column. */
  readonly leakage: Readonly<Record<string, number | 'unknown'>>;
  /** View to the fit of its transforms, and how many rows are older than what it learned from. */
  readonly fits: Readonly<Record<string, FitUse>>;
}

export interface FitUse {
  readonly version: number;
  /** ISO 8601. */
  readonly until: string;
  readonly rowsBefore: number;
}

export interface HistoricalRows<Row> extends Retrieval {
  readonly rows: readonly Row[];
}

export interface HistoricalFile extends Retrieval {
  readonly output: string;
  readonly rows: number;
  readonly columns: readonly string[];
}

export interface MaterializedView {
  readonly view: string;
  readonly snapshot: number;
  /** Rows due at this instant are online. */
  readonly to: Timestamp;
  readonly written: number;
  readonly unchanged: number;
  /** Keys of the view that are online. */
  readonly keys: number;
}
