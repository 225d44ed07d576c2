/** Where rows come from: one interface, one file an implementation. */
import type { Session } from '../engine/engine.ts';
import type { StoredType } from '../contracts/values.ts';

/** Columns that a reading adds to those of the source. */
export const ROW_COLUMN = '__row';
export const FAULT_COLUMN = '__fault';
export const RAW_COLUMN = '__raw';

/** An input as it was when it was listed. Its identity is (path, checksum). */
export interface InputFile {
  /** As declared, made absolute; symbolic links are kept. */
  readonly path: string;
  /** Hex SHA-256 of the content. */
  readonly checksum: string;
  readonly bytes: number;
  /** Modification time in nanoseconds, as text: tells a change between listing and reading. */
  readonly modifiedNanos: string;
}

export interface SourceColumn {
  readonly name: string;
  readonly type: StoredType;
}

/** A value that can be wrong: the meaning of a number in `FAULT_COLUMN`. */
export interface ValueCheck {
  /** Our name of the column, and the name in the file. */
  readonly column: string;
  readonly from: string;
  /** What the value should have been: the declared type, or words for a column that is not declared. */
  readonly type: string;
  /** The unparsed value in `rawSql`'s relation. */
  readonly alias: string;
  /** Whether the contract sets such a row aside instead of refusing the input. */
  readonly quarantine: boolean;
  /** The reason in words, where it is not that a column's value is not of its type. */
  readonly words?: string;
}

/** How to read one input with a session. All SQL is a SELECT without parameters. */
export interface Reading {
  readonly path: string;
  /**
   * Gives `ROW_COLUMN` (BIGINT, 0-based place in the file), the `columns` in order, and `FAULT_COLUMN` (INTEGER): the
   * 1-based place in `checks` of the first value that does not cast, or null. A value that does not cast reads as null.
   */
  readonly sql: string;
  /** Declared columns in their order, then the extra ones of the file. */
  readonly columns: readonly SourceColumn[];
  readonly checks: readonly ValueCheck[];
  /** Gives `ROW_COLUMN` and the unparsed columns under the aliases of `checks`. */
  readonly rawSql: string;
  /** Gives `ROW_COLUMN` and `RAW_COLUMN`: the row as JSON text under the file's own names. */
  readonly rawJsonSql: string;
  /** What the first row is called: 1 in a file, its offset in a topic. */
  readonly firstRow: bigint;
  /** Absent for files. */
  readonly message?: { readonly topic: string; readonly partition: number };
}

export interface Source {
  /** Directories that the engine must be allowed to read. */
  directories(): Promise<readonly string[]>;
  /**
   * The inputs there are now, in byte order of their paths, with checksums. Throws `INPUT_NOT_FOUND` when there is
   * none and `INPUT_UNREADABLE` for one that is empty or no file.
   */
  list(signal?: AbortSignal): Promise<readonly InputFile[]>;
  /** Rows of an input. Throws `INPUT_UNREADABLE`. */
  count(session: Session, input: InputFile): Promise<number>;
  /** Plans the reading of an input. Throws `INPUT_COLUMN_MISSING` and what the contract on columns asks for. */
  read(session: Session, input: InputFile): Promise<Reading>;
  /** Throws `INPUT_UNREADABLE` when the input is no longer what was listed. */
  requireUnchanged(input: InputFile): Promise<void>;
}
