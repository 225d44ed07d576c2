/** The SQL engine. One per process; a session per unit of work. */

export interface EngineSettings {
  /** Such as `2GB`: for the engine and for what its callers hold of its results in typed arrays. */
  readonly memoryLimit: string;
  readonly threads: number;
  /** Spill directory; created when missing, emptied on close. */
  readonly tempDirectory: string;
  /** Such as `50GB`: what may be spilled at once. @default nine tenths of the disk's free space */
  readonly spillLimit?: string | undefined;
  /** For how long SQL of users may run. @default 15 minutes */
  readonly queryMillis?: number | undefined;
  /** Directories that SQL may read and write. Everything else is refused by the engine. */
  readonly allowedDirectories: readonly string[];
}

/** What a value is once it leaves the engine: BIGINT is `bigint`, TIMESTAMP is `bigint` microseconds. */
export type EngineValue = string | bigint | number | boolean | null | readonly EngineValue[];
export type EngineRow = Readonly<Record<string, EngineValue>>;

export interface Engine {
  /** The memory limit in bytes. */
  readonly memoryBytes: number;
  /**
   * Runs `work` with a session of its own; its temporary tables end with it. An aborted signal interrupts the running
   * statement, and the call fails with `CANCELLED`.
   */
  session<T>(work: (session: Session) => Promise<T>, signal?: AbortSignal): Promise<T>;
  close(): Promise<void>;
}

export interface Session {
  /** Runs one statement; errors name it by its first words. Calls on one session run one after the other. */
  run(sql: string, parameters?: readonly EngineValue[]): Promise<void>;
  /** All rows, as objects. For small results: metadata, counts, single pages. */
  rows(sql: string, parameters?: readonly EngineValue[]): Promise<readonly EngineRow[]>;
  /**
   * A large result, batch by batch, column by column, without an object per row. Other calls on the session, other
   * streams included, may run between the batches.
   */
  stream(sql: string, parameters?: readonly EngineValue[]): AsyncIterable<ColumnBatch>;
  /**
   * As `stream`, for work that needs nothing else of the session meanwhile: batches go to `take` while the statement still
   * runs, so that nothing but the batch is held. A promise of `take` is awaited before the next batch. Other calls wait until
   * it ends.
   */
  visit(sql: string, take: (batch: ColumnBatch) => void | Promise<void>): Promise<void>;
  /**
   * Runs `work`, whose statements on this session are interrupted once `millis` have passed, the engine's `queryMillis` unless
   * given: `LIMIT_EXCEEDED`, with `where` in front. For SQL of users. Not to be nested.
   */
  limitTime<T>(limit: { readonly millis?: number; readonly where: string }, work: () => Promise<T>): Promise<T>;
  /** Appends columns to an existing temporary table. All columns have the same length. */
  append(table: string, columns: readonly AppendColumn[]): Promise<void>;
}

/** Up to 2,048 rows. Column order is that of the query. */
export interface ColumnBatch {
  readonly rows: number;
  readonly columns: readonly BatchColumn[];
}

export interface BatchColumn {
  readonly name: string;
  /**
   * Values by row. BIGINT and TIMESTAMP columns give a `BigInt64Array`, DOUBLE a `Float64Array`, INTEGER an
   * `Int32Array`, all others an array of values. Where `valid` says 0 the value is meaningless.
   */
  readonly values: BigInt64Array | Float64Array | Int32Array | readonly EngineValue[];
  /** One byte a row, 0 for null; undefined when no row is null. */
  readonly valid: Uint8Array | undefined;
}

/** `values` as in `BatchColumn`, or plain values with nulls. */
export interface AppendColumn {
  readonly values: BigInt64Array | Float64Array | Int32Array | readonly EngineValue[];
  readonly valid?: Uint8Array | undefined;
}
