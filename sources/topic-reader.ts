/** What ingestion needs of Kafka; the client that does it stands in streaming/. */

/** Offsets of one partition: `first` is the oldest that is still there, `end` the one that the next message gets. */
export interface PartitionOffsets {
  readonly partition: number;
  readonly first: bigint;
  /** Below messages of transactions that are still open. */
  readonly end: bigint;
}

/** From `from` (inclusive) to `to` (exclusive). */
export interface OffsetRange {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

export interface TopicMessage {
  readonly offset: bigint;
  /** Milliseconds since 1970 as producer or broker stamped it; null for a message without a time. */
  readonly stampMillis: number | null;
  /** Null for a tombstone. */
  readonly value: Uint8Array | null;
}

/** Some messages in order of their offsets, and what was gone before it could be read. */
export interface TopicChunk {
  readonly messages: readonly TopicMessage[];
  readonly lost: OffsetRange | null;
}

/** What a partition had when it was asked for everything from `from` on. */
export interface FollowedChunk extends TopicChunk {
  readonly partition: number;
  readonly from: bigint;
  /** Where to ask next: beyond marks of transactions and what compaction took out. */
  readonly next: bigint;
  /** The offset that the partition's next message gets: `end - next` messages lag. */
  readonly end: bigint;
}

/** Every method throws `KAFKA_UNAVAILABLE`, which may be tried again, and `TOPIC_UNREADABLE`. */
export interface TopicReader {
  /** All partitions in order. Throws `INPUT_NOT_FOUND` when there is no such topic; none is made. */
  offsets(topic: string): Promise<readonly PartitionOffsets[]>;
  /**
   * The messages of a range that had an end when it was chosen. Offsets without a message (marks of transactions, messages of
   * aborted ones, what compaction took out) are passed over; those that retention has taken meanwhile are told as `lost`.
   */
  read(range: OffsetRange, signal?: AbortSignal): AsyncIterable<TopicChunk>;
}
