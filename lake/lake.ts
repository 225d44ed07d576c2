/** The object store under the tables: local disk or S3. Objects are immutable; a name is written once. */
import type { FileFacts } from './durable-file.ts';
import type { RecordedFile } from './recorded-file.ts';

export interface Lake {
  /** `file:///…` or `s3://bucket/prefix`. */
  readonly url: string;
  /** Directories that the engine must be allowed to read and write for `localPath` and `stagingPath` to be usable. */
  readonly directories: readonly string[];
  /**
   * As `localPath`, for an object that is recorded, while it is what was recorded: the way in which rows are read. Costs a
   * look at the file's size and times; its bytes are read only when it was touched, or never read before. Throws
   * `LAKE_FILE_CORRUPT`, which names the object and the mend, for one that is missing, cut short or changed.
   */
  checkedPath(file: RecordedFile): Promise<string>;
  /** The same for a reader that fetches the object itself; on S3 without reading it: there, with its size and checksum. */
  check(file: RecordedFile): Promise<void>;
  /**
   * A readable local path of an object, whatever it holds; on S3 the object is fetched into a bounded cache first. It stays readable
   * until the scope of `withLeases` that the caller runs in ends. Ask for many at once: they are fetched side by side.
   * Throws `LAKE_FILE_CORRUPT` when it is missing.
   */
  localPath(path: string): Promise<string>;
  /** A local path that does not exist yet, in an existing directory, for the engine to write a new object to. */
  stagingPath(path: string): Promise<string>;
  /** Makes a staged file an object under its final name, durably: fsync and an atomic rename, or a conditional put. */
  publish(path: string): Promise<FileFacts>;
  /** Writes a small object such as a manifest. Writing the same bytes again is a no-op; other bytes are a `CONFLICT`. */
  write(path: string, bytes: Uint8Array): Promise<FileFacts>;
  read(path: string): Promise<Uint8Array>;
  /** Size and checksum of the object's own bytes, read where they are stored. Throws `LAKE_FILE_CORRUPT` when it is missing. */
  facts(path: string): Promise<FileFacts>;
  stat(path: string): Promise<{ readonly bytes: number; readonly modifiedMillis: number } | undefined>;
  /** Paths of all objects below a prefix, in byte order. */
  list(
    prefix: string,
  ): AsyncIterable<{ readonly path: string; readonly bytes: number; readonly modifiedMillis: number }>;
  /** Removing what does not exist is a no-op. */
  remove(path: string): Promise<void>;
  /** Removes what `list` does not show of writes that began before an instant and never ended; answers how many. */
  removeUnfinished(beforeMillis: number): Promise<number>;
}
