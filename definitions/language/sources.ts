import type { ContractMode } from '../../contracts/manifest.ts';
import type { Schema, SourceDefinition } from './definition.ts';
import type { ExpectationDefinition } from './expectation.ts';
import type { MetadataOptions } from './metadata.ts';
import type { SourceSchedule } from './schedule.ts';
import type { Duration, RowOfSchema, TimestampType } from './value-types.ts';

type ColumnOf<Columns extends Schema> = NoInfer<keyof Columns & string>;
type TimestampColumnOf<Columns extends Schema> = NoInfer<
  { [Column in keyof Columns]: Columns[Column] extends TimestampType ? Column : never }[keyof Columns] & string
>;

/** Any text; written so that editors still offer the declared columns. */
type UndeclaredColumn = string & Record<never, never>;

/** Options of every source whose rows are stored. */
export interface StoredSourceOptions<Columns extends Schema> extends MetadataOptions {
  /** Our column names and their types. */
  readonly schema: Columns;
  /** When the event happened. */
  readonly timestamp: TimestampColumnOf<Columns>;
  /**
   * When the row became known; enables as-known reads and counts of leaked values. A column that the schema leaves out is
   * read as a timestamp.
   */
  readonly created?: TimestampColumnOf<Columns> | UndeclaredColumn;
  /** Rows with the same id are one event: the greatest row. */
  readonly eventId?: ColumnOf<Columns>;
  /** Column that says whether a row is an insert, update or delete. */
  readonly operation?: ColumnOf<Columns>;
  readonly primaryKey?: readonly ColumnOf<Columns>[];
  /** IANA zone of timestamps without an offset. @default 'UTC' */
  readonly timezone?: string;
  /** How late a row may come and still cause automatic rework. */
  readonly allowedLateness?: Duration;
  /**
   * Deletes rows: `asof maintain` takes those out of the lake whose event is older than this, in whole days.
   * @default none: rows are kept for ever
   */
  readonly retention?: Duration;
  /** When the source is ingested by itself: a cron expression, or an object that says more. */
  readonly schedule?: SourceSchedule;
  /** Our name to the input's name, for columns that are called differently there. */
  readonly rename?: { readonly [Column in ColumnOf<Columns>]?: string };
  /** What happens to unknown columns and to values of another type. @default { columns: 'evolve', types: 'freeze' } */
  readonly contract?: { readonly columns?: ContractMode; readonly types?: ContractMode };
  readonly expectations?: readonly ExpectationDefinition[];
}

export interface FileSourceOptions<Columns extends Schema> extends StoredSourceOptions<Columns> {
  /** A file, a glob, or `s3://bucket/prefix/*.parquet`; Parquet, CSV or JSON Lines by extension. */
  readonly path: string;
}

export type DatabaseSourceOptions<Columns extends Schema> = StoredSourceOptions<Columns> & {
  /**
   * Where workers find the address: `env:NAME` for a variable of their environment, `file:PATH` for a file that holds nothing else.
   * Addresses are `postgres://user:password@host/database` and `mysql://…` (MariaDB too).
   */
  readonly url: `env:${string}` | `file:${string}`;
  /**
   * Column that grows with every insert and update, such as `updated_at`: a run reads from the greatest value of the one before.
   * @default none: every run reads everything, and takes the rows that are new or changed
   */
  readonly cursor?: ColumnOf<Columns>;
  /**
   * Rows whose cursor is younger than this wait for a later run, so that none is missed of a transaction that commits late.
   * Longer than the longest transaction that writes the table. @default 0
   */
  readonly lag?: Duration;
} & ({ readonly table: string; readonly query?: never } | { readonly query: string; readonly table?: never });

export interface KafkaSourceOptions<Columns extends Schema> extends StoredSourceOptions<Columns> {
  /** Its messages are JSON objects in UTF-8; members that the schema leaves out become columns of their own. */
  readonly topic: string;
  /**
   * A message that does not fit is quarantined; `types: 'freeze'` lets it stop the source instead, for as long as the topic holds
   * it. @default { columns: 'evolve', types: 'quarantine' }
   */
  readonly contract?: StoredSourceOptions<Columns>['contract'];
}

/** What does not concern the reading of inputs. */
export type PushSourceOptions<Columns extends Schema> = Omit<
  StoredSourceOptions<Columns>,
  'primaryKey' | 'schedule' | 'rename' | 'contract'
>;

export interface RequestSourceOptions<Columns extends Schema> extends MetadataOptions {
  readonly schema: Columns;
}

/** Rows in files, on disk or in S3. */
export function fileSource<const Name extends string, const Columns extends Schema>(
  name: Name,
  options: FileSourceOptions<Columns>,
): SourceDefinition<'file', Name, Columns, RowOfSchema<Columns>> {
  return { definition: 'source', kind: 'file', name, options };
}

/**
 * Rows of a PostgreSQL, MySQL or MariaDB table, or of a query. Of a row that changed each version is kept; with a `primaryKey` of one
 * column aggregates count its newest one, as with `eventId`.
 */
export function databaseSource<const Name extends string, const Columns extends Schema>(
  name: Name,
  options: DatabaseSourceOptions<Columns>,
): SourceDefinition<'database', Name, Columns, RowOfSchema<Columns>> {
  return { definition: 'source', kind: 'database', name, options };
}

/** Events of a Kafka topic, each once, whatever fails meanwhile. */
export function kafkaSource<const Name extends string, const Columns extends Schema>(
  name: Name,
  options: KafkaSourceOptions<Columns>,
): SourceDefinition<'kafka', Name, Columns, RowOfSchema<Columns>> {
  return { definition: 'source', kind: 'kafka', name, options };
}

/** Rows that programs put one by one, with `putFeatures`; there are no files behind it. */
export function pushSource<const Name extends string, const Columns extends Schema>(
  name: Name,
  options: PushSourceOptions<Columns>,
): SourceDefinition<'push', Name, Columns, RowOfSchema<Columns>> {
  return { definition: 'source', kind: 'push', name, options };
}

/** Values that come with each request, or as columns of the spine: inputs of derived views. */
export function requestSource<const Name extends string, const Columns extends Schema>(
  name: Name,
  options: RequestSourceOptions<Columns>,
): SourceDefinition<'request', Name, Columns, RowOfSchema<Columns>> {
  return { definition: 'source', kind: 'request', name, options };
}
