/** What the lake holds, as the catalog records it. Integers that may pass 2^53 are `bigint` here and text in JSON. */
import type { Micros } from './time.ts';
import type { StoredType } from './values.ts';

/** The column of every source and view table that carries a row's sequence. */
export const SEQUENCE_COLUMN = '__seq';
/** Columns of a view table beside its keys and values. */
export const EVENT_COLUMN = '__event';
export const CREATED_COLUMN = '__created';
/** The column of a view table's tiles with the instant at which each begins. Its files have no event times of rows. */
export const TILE_COLUMN = '__tile';

/** One table of the lake. A view table belongs to one version of its view; a source table outlives its definitions. */
export interface TableKey {
  readonly project: string;
  readonly kind: 'source' | 'view' | 'quarantine';
  readonly name: string;
  /** A view's fingerprint; empty for a source or its quarantine. */
  readonly version: string;
}

/** An immutable Parquet file. Without a commit it does not exist for readers. */
export interface DataFile {
  /** A UUID; the file's name ends with it, so no two writes share a name. */
  readonly id: string;
  /** Relative to the lake's root, with `/` between the parts. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** Hex SHA-256 of the whole file. */
  readonly checksum: string;
  /** Event time of the rows; null for an empty file and for quarantine files. */
  readonly minEvent: Micros | null;
  readonly maxEvent: Micros | null;
  /** Null when the source has no `created` or every value is null. */
  readonly maxCreated: Micros | null;
  readonly minSequence: bigint | null;
  readonly maxSequence: bigint | null;
  /** Hash bucket of the entity key, view tables only. */
  readonly bucket: number | null;
  readonly columns: readonly { readonly name: string; readonly type: StoredType }[];
  /** Of the first columns (see `STATISTICS_COLUMNS`); absent for files that were written before there were any. */
  readonly statistics?: readonly ColumnStatistics[];
}

/** A wide file describes this many columns; its own order puts keys and times first. */
export const STATISTICS_COLUMNS = 64;

/**
 * Bounds of a column's values in one file, so that a reader may leave the file out. Integers and instants (microseconds)
 * are decimal text, booleans `true` and `false`; long text is cut, so that `min` is at or below and `max` at or above
 * every value, compared by bytes. Null where there is no bound: only nulls, a list, a floating point column.
 */
export interface ColumnStatistics {
  readonly name: string;
  readonly nulls: number;
  /** What it takes in the file, compressed. */
  readonly bytes: number;
  readonly min: string | null;
  readonly max: string | null;
}

/** Whether the file holds tiles of a view, not rows. */
export function isTileFile({ columns }: Pick<DataFile, 'columns'>): boolean {
  return columns.some(({ name }) => name === TILE_COLUMN);
}

/** A data file that a snapshot shows, with the snapshot that added it. */
export interface CommittedFile extends DataFile {
  readonly addedBy: number;
  /** The snapshot that brought the newest of its rows: older than `addedBy` after a compaction. */
  readonly rowsFrom: number;
}

/** One state of a table. Numbers start at 1 and have no gaps; 0 is the empty table before the first commit. */
export interface Snapshot {
  readonly table: TableKey;
  readonly id: number;
  /** `compact`: the same rows in other files. `expire`: rows older than the source's own retention went. */
  readonly operation: 'append' | 'replace' | 'compact' | 'expire';
  readonly runId: string;
  readonly committedAt: Micros;
  readonly rowsAdded: number;
  readonly rowsRemoved: number;
  /** Its files were given up: it can no longer be read. */
  readonly expired: boolean;
}

/** Half open: `from` inclusive, `to` exclusive. */
export interface TimeRange {
  readonly from: Micros;
  readonly to: Micros;
}

/** Sequences of rows: start inclusive, end exclusive. */
export interface SequenceRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** An input file as ingested. One (path, checksum) holds one sequence block, whatever ranges of it were ingested. */
export interface IngestedInput {
  readonly path: string;
  readonly checksum: string;
  readonly bytes: number;
  readonly rows: number;
  readonly sequenceStart: bigint;
  /** Null when the whole file was ingested. */
  readonly range: TimeRange | null;
}

/** Messages of one partition that a commit has read: offsets from `from` (inclusive) to `to` (exclusive). */
export interface TopicRange {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
  /** They were gone before they could be read. */
  readonly lost: boolean;
}

/** How far a source has read its database, and which rows the next read meets again. */
export interface DatabasePosition {
  /** The cursor's name in the database; null when everything is read each time. */
  readonly cursor: string | null;
  /** The greatest value of the cursor, as the database writes it; null before there is one. */
  readonly value: string | null;
  /** Hashes of rows that were taken and that the next read meets again, with the number of copies. */
  readonly seen: { readonly path: string; readonly rows: number; readonly bytes: number; readonly checksum: string };
}

/** `replaced`: the version of the input that they came from was replaced by a newer one. */
export type QuarantineOutcome = 'replayed' | 'dropped' | 'replaced';

/** What became of rows that were set aside. */
export interface EndedQuarantine extends SequenceRange {
  readonly outcome: QuarantineOutcome;
}

/** `rows in = committed + quarantined + deduplicated`, for one interval of one source; rows that are replayed move from quarantined to committed. */
export interface Conservation {
  readonly range: TimeRange;
  readonly rowsIn: number;
  readonly committed: number;
  readonly quarantined: number;
  readonly deduplicated: number;
  /** Of the committed rows, those that the source's own retention took away again. */
  readonly expired?: number;
}

/** A file that crosses a process boundary: what a workflow passes on instead of data. */
export interface FileReference {
  readonly uri: string;
  readonly rows: number;
  readonly bytes: number;
  readonly checksum: string;
}
