/** What a stream needs of Kafka: new messages as they come, and a share of the partitions in a group of consumers. */
import type { Publish } from '../online/stream-outbox.ts';
import type { FollowedChunk, PartitionOffsets } from '../sources/topic-reader.ts';

export interface TopicFollower {
  /** All partitions in order. */
  offsets(topic: string): Promise<readonly PartitionOffsets[]>;
  /**
   * What each partition has from its offset on; waits a moment where there is nothing new. Offsets that retention took are told
   * as `lost`. Throws `KAFKA_UNAVAILABLE`, which may be tried again, and `TOPIC_UNREADABLE`.
   */
  next(topic: string, positions: ReadonlyMap<number, bigint>, signal: AbortSignal): Promise<readonly FollowedChunk[]>;
  /** Joins a group; its members share the partitions among them. */
  join(group: string, topic: string): Promise<GroupMember>;
  /**
   * Sends messages in their order, each to the partition of its key, and returns when every replica has them. The producer is
   * idempotent: its own attempts leave one copy. Throws as `next`, and `INPUT_NOT_FOUND` for a topic that is not there and that
   * the brokers do not make.
   */
  readonly publish: Publish;
  close(): Promise<void>;
}

export interface GroupMember {
  /**
   * The partitions that are this member's now: none while the group shares them out anew. Another member may still be at work
   * on one of them, so whoever writes what they hold has to check how far they are.
   */
  partitions(): ReadonlySet<number>;
  /** Counts up whenever they were shared out. */
  generation(): number;
  /** Tells the group how far its work is, for whoever watches its lag; nothing depends on it. */
  report(positions: ReadonlyMap<number, bigint>): Promise<void>;
  /** Throws the reason for which the member has left the group by itself. */
  check(): void;
  leave(): Promise<void>;
}
