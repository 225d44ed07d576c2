/**
 * Parts of kafkajs 2.2.4 that its own types leave out: one request at a time to the leader of a partition, which a consumer
 * group cannot do. The version is pinned in package.json for their sake.
 */
declare module 'kafkajs/src/cluster/index.js' {
  import type { Logger, RetryOptions } from 'kafkajs';

  interface FetchedPartition {
    readonly partition: number;
    readonly highWatermark: string;
    readonly lastStableOffset?: string;
    readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[];
    readonly messages: readonly FetchedMessage[];
  }

  interface FetchedMessage {
    readonly offset: string;
    readonly timestamp: string;
    readonly value: Buffer | null;
    readonly isControlRecord?: boolean;
  }

  interface LeaderBroker {
    fetch(request: {
      readonly isolationLevel: number;
      readonly maxWaitTime: number;
      readonly minBytes: number;
      readonly maxBytes: number;
      readonly topics: readonly {
        readonly topic: string;
        readonly partitions: readonly {
          readonly partition: number;
          readonly fetchOffset: string;
          readonly maxBytes: number;
        }[];
      }[];
    }): Promise<{ readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[] }>;
  }

  class Cluster {
    constructor(options: {
      readonly logger: Logger;
      readonly socketFactory: unknown;
      readonly brokers: readonly string[];
      readonly clientId: string;
      readonly connectionTimeout: number;
      readonly requestTimeout: number;
      readonly enforceRequestTimeout: boolean;
      readonly metadataMaxAge: number;
      readonly retry: RetryOptions;
      readonly allowAutoTopicCreation: boolean;
      readonly isolationLevel: number;
    });
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    addTargetTopic(topic: string): Promise<void>;
    metadata(request: { readonly topics: readonly string[] }): Promise<{ readonly clusterId: string }>;
    findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
    findBroker(node: { readonly nodeId: number }): Promise<LeaderBroker>;
    fetchTopicsOffset(
      topics: readonly {
        readonly topic: string;
        readonly partitions: readonly { readonly partition: number }[];
        readonly fromBeginning: boolean;
      }[],
    ): Promise<readonly { readonly partitions: readonly { readonly partition: number; readonly offset: string }[] }[]>;
  }

  export type { FetchedMessage, FetchedPartition, LeaderBroker };
  export default Cluster;
}

declare module 'kafkajs/src/consumer/batch.js' {
  import type { FetchedMessage, FetchedPartition } from 'kafkajs/src/cluster/index.js';

  /** Without marks of transactions and messages of aborted ones. */
  export default class Batch {
    constructor(topic: string, fetchedOffset: string, partition: FetchedPartition);
    readonly rawMessages: readonly FetchedMessage[];
    readonly messages: readonly FetchedMessage[];
  }
}

declare module 'kafkajs/src/network/socketFactory.js' {
  export default function defaultSocketFactory(): unknown;
}
