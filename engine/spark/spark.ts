/** Apache Spark beside DuckDB: a Thrift server that somebody else runs. A session for each unit of work. */

export interface Spark {
  /** Without a password, for messages. */
  readonly url: string;
  /**
   * Runs `work` with a session of its own; its temporary views end with it. An aborted signal cancels the running statement,
   * and the call fails with `CANCELLED`. Throws `SPARK_UNAVAILABLE` when nothing answers or the connection breaks.
   */
  session<T>(work: (session: SparkSession) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export interface SparkSession {
  /**
   * Runs one statement to its end. Throws `SPARK_FAILED` with the statement's own error text. `onWait` is called every
   * second or so while Spark works.
   */
  run(sql: string, onWait?: () => void): Promise<void>;
  /** All rows of a small result, their values as text by column; null stays null. */
  rows(sql: string): Promise<readonly Readonly<Record<string, string | null>>[]>;
}
