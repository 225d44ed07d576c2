/** Kafka through kafkajs, which is imported here only: offsets of a topic, and ranges of offsets of one partition. */
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import Cluster, { type FetchedMessage, type FetchedPartition } from 'kafkajs/src/cluster/index.js';
import Batch from 'kafkajs/src/consumer/batch.js';
import defaultSocketFactory from 'kafkajs/src/network/socketFactory.js';
import { AsofError } from '../contracts/errors.ts';
import type {
  FollowedChunk,
  OffsetRange,
  PartitionOffsets,
  TopicChunk,
  TopicMessage,
  TopicReader,
} from '../sources/topic-reader.ts';
import { brokersUnavailable, isOutOfRange, isPassing, topicError } from './kafka-errors.ts';
import { openProducer, type MessageSender } from './kafka-producer.ts';
import type { GroupMember, TopicFollower } from './topic-follower.ts';

export interface TopicClient extends TopicReader {
  close(): Promise<void>;
}

const READ_COMMITTED = 1;
const CLIENT_ID = 'asof';
const CONNECT_MILLIS = 3_000;
const REQUEST_MILLIS = 30_000;
const METADATA_MILLIS = 60_000;
const WAIT_MILLIS = 1_000;
/** Of one answer; a batch that is larger comes whole. */
const FETCH_BYTES = 4 * 2 ** 20;
/** Of the second question about a range that seems to hold nothing: enough to see beyond any emptied batches. */
const WIDE_FETCH_BYTES = 64 * 2 ** 20;
/** A leader may move while it is asked. */
const ATTEMPTS = 5;
const PAUSE_MILLIS = 250;
/** How long a follower waits where nothing is new; what comes meanwhile is answered at once. */
const FOLLOW_MILLIS = 250;
/** A member that is silent for so long is dead to its group. */
const SESSION_MILLIS = 10_000;
const HEARTBEAT_MILLIS = 1_000;

interface Connection {
  /** Repeats what failed for a passing reason, with the newest leaders. */
  readonly ask: <T>(topic: string, question: (cluster: Cluster) => Promise<T>, signal?: AbortSignal) => Promise<T>;
  readonly offsets: (topic: string) => Promise<readonly PartitionOffsets[]>;
  readonly close: () => Promise<void>;
}

/** Connects at the first use, and anew after a failure. */
function openConnection(brokers: readonly string[]): Connection {
  let connection: Promise<Cluster> | undefined;

  const close = async (): Promise<void> => {
    const closing = connection;
    connection = undefined;
    await closing?.then((cluster) => cluster.disconnect()).catch(() => undefined);
  };

  const ask: Connection['ask'] = async (topic, question, signal) => {
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      try {
        const cluster = await (connection ??= connect(brokers));
        await cluster.addTargetTopic(topic);
        return await question(cluster);
      } catch (error) {
        if (isOutOfRange(error)) throw error;
        await close();
        if (attempt === ATTEMPTS || !isPassing(error)) throw topicError(brokers, topic, error);
        await sleep(PAUSE_MILLIS * attempt);
      }
    }
  };

  return { ask, close, offsets: (topic) => ask(topic, (cluster) => askOffsets(cluster, topic)) };
}

/** Connects at the first use, and anew after a failure. */
export function openTopicClient({ brokers }: { readonly brokers: readonly string[] }): TopicClient {
  const { ask, offsets, close } = openConnection(brokers);
  return {
    offsets,

    async *read(range, signal) {
      const fetchFrom = (at: bigint, maxBytes: number): Promise<FetchedPartition> =>
        ask(range.topic, (cluster) => fetchOnce(cluster, range, at, maxBytes), signal);
      let at = range.from;
      while (at < range.to) {
        let fetched: FetchedPartition;
        try {
          fetched = await fetchFrom(at, FETCH_BYTES);
          if (fetched.messages.length === 0) fetched = await fetchFrom(at, WIDE_FETCH_BYTES);
        } catch (error) {
          if (!isOutOfRange(error)) throw error;
          const chunk = findLoss(range, at, await offsets(range.topic));
          yield chunk;
          at = chunk.lost.to;
          continue;
        }
        const { messages, next } = readFetched(range, at, fetched, brokers);
        yield { messages, lost: null };
        at = next;
      }
    },

    close,
  };
}

/** On a connection of its own, since a broker answers the questions of one connection in turn. */
export function openTopicFollower({ brokers }: { readonly brokers: readonly string[] }): TopicFollower {
  const { ask, offsets, close } = openConnection(brokers);
  const producer = openProducer(brokers, () => connectProducer(brokers));
  return {
    offsets,
    publish: producer.publish,
    async close() {
      await producer.close();
      await close();
    },

    async next(topic, positions, signal) {
      const fetchFrom = (asked: ReadonlyMap<number, bigint>, maxBytes: number): Promise<readonly FollowedChunk[]> =>
        ask(topic, (cluster) => fetchNext(cluster, topic, asked, maxBytes), signal);
      try {
        const chunks = await fetchFrom(positions, FETCH_BYTES);
        const stuck = chunks.filter(({ from, next, end }) => next === from && end > from);
        if (stuck.length === 0) return chunks;
        const again = await fetchFrom(new Map(stuck.map(({ partition, from }) => [partition, from])), WIDE_FETCH_BYTES);
        const passed = again.map((chunk) => (chunk.next === chunk.from ? { ...chunk, next: chunk.end } : chunk));
        return [...chunks.filter((chunk) => !stuck.includes(chunk)), ...passed];
      } catch (error) {
        if (!isOutOfRange(error)) throw error;
        return findLosses(topic, positions, await offsets(topic));
      }
    },

    join: (group, topic) => joinGroup(brokers, group, topic),
  };
}

async function fetchNext(
  cluster: Cluster,
  topic: string,
  positions: ReadonlyMap<number, bigint>,
  maxBytes: number,
): Promise<readonly FollowedChunk[]> {
  const answers = await fetchPartitions(cluster, topic, positions, { maxBytes, waitMillis: FOLLOW_MILLIS });
  return answers.map((fetched): FollowedChunk => {
    const { partition } = fetched;
    const from = positions.get(partition)!;
    const { messages, rawMessages } = new Batch(topic, from.toString(), fetched);
    const last = rawMessages.at(-1);
    const next = last === undefined || BigInt(last.offset) < from ? from : BigInt(last.offset) + 1n;
    const end = BigInt(fetched.lastStableOffset ?? fetched.highWatermark);
    return { partition, from, next, end: end > next ? end : next, messages: messages.map(messageFrom), lost: null };
  });
}

/** Partitions whose oldest message is younger than what was asked for. */
function findLosses(
  topic: string,
  positions: ReadonlyMap<number, bigint>,
  offsets: readonly PartitionOffsets[],
): readonly FollowedChunk[] {
  return offsets.flatMap(({ partition, first, end }) => {
    const from = positions.get(partition);
    if (from === undefined || (from >= first && from <= end)) return [];
    const { lost } = findLoss({ topic, partition, from, to: first }, from, offsets);
    return [{ partition, from, next: first, end, messages: [], lost }];
  });
}

/**
 * A consumer that is paused for good: kafkajs keeps the membership alive and shares the partitions out, and what they hold is
 * fetched beside it.
 */
async function joinGroup(brokers: readonly string[], group: string, topic: string): Promise<GroupMember> {
  const consumer = openKafka(brokers).consumer({
    groupId: group,
    sessionTimeout: SESSION_MILLIS,
    heartbeatInterval: HEARTBEAT_MILLIS,
    maxWaitTimeInMs: FOLLOW_MILLIS,
    allowAutoTopicCreation: false,
  });
  let held: ReadonlySet<number> = new Set();
  let generation = 0;
  let failure: unknown;
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    // by now there is something to pause, which a run that has just begun may not have
    consumer.pause([{ topic }]);
    held = new Set(payload.memberAssignment[topic] ?? []);
    generation += 1;
  });
  consumer.on(consumer.events.REBALANCING, () => (held = new Set()));
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    held = new Set();
    if (!payload.restart) failure = payload.error;
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: () => Promise.resolve() });
  } catch (error) {
    await consumer.disconnect().catch(() => undefined);
    throw topicError(brokers, topic, error);
  }
  return {
    partitions: () => held,
    generation: () => generation,
    async report(positions) {
      const offsets = [...positions].map(([partition, offset]) => ({ topic, partition, offset: offset.toString() }));
      await consumer.commitOffsets(offsets).catch(() => undefined);
    },
    check() {
      if (failure !== undefined) throw topicError(brokers, topic, failure);
    },
    leave: () => consumer.disconnect(),
  };
}

/** An idempotent one: its own attempts leave one copy of a message. */
async function connectProducer(brokers: readonly string[]): Promise<MessageSender> {
  const producer = openKafka(brokers).producer({
    idempotent: true,
    // more than one would let a repeated request come after a later one
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  return producer;
}

/** The id that the cluster was formatted with. Throws `KAFKA_UNAVAILABLE`. */
export async function askClusterId(brokers: readonly string[]): Promise<string> {
  let cluster: Cluster | undefined;
  try {
    cluster = await connect(brokers);
    return (await cluster.metadata({ topics: [] })).clusterId;
  } catch (error) {
    throw brokersUnavailable(brokers, error);
  } finally {
    await cluster?.disconnect().catch(() => undefined);
  }
}

function openKafka(brokers: readonly string[]): kafkajs.Kafka {
  // its failures are told by what it throws
  return new kafkajs.Kafka({ brokers: [...brokers], clientId: CLIENT_ID, logLevel: kafkajs.logLevel.NOTHING });
}

async function connect(brokers: readonly string[]): Promise<Cluster> {
  const cluster = new Cluster({
    logger: openKafka(brokers).logger(),
    socketFactory: defaultSocketFactory(),
    brokers,
    clientId: CLIENT_ID,
    connectionTimeout: CONNECT_MILLIS,
    requestTimeout: REQUEST_MILLIS,
    enforceRequestTimeout: true,
    metadataMaxAge: METADATA_MILLIS,
    retry: { retries: 1, initialRetryTime: 100 },
    allowAutoTopicCreation: false,
    isolationLevel: READ_COMMITTED,
  });
  await cluster.connect();
  return cluster;
}

async function askOffsets(cluster: Cluster, topic: string): Promise<readonly PartitionOffsets[]> {
  const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => ({ partition: partitionId }));
  const find = async (fromBeginning: boolean): Promise<ReadonlyMap<number, bigint>> => {
    const [found] = await cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning }]);
    return new Map(found?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
  };
  const [first, end] = [await find(true), await find(false)];
  return partitions
    .map(({ partition }) => ({ partition, first: first.get(partition) ?? 0n, end: end.get(partition) ?? 0n }))
    .sort((a, b) => a.partition - b.partition);
}

async function fetchOnce(
  cluster: Cluster,
  { topic, partition }: OffsetRange,
  at: bigint,
  maxBytes: number,
): Promise<FetchedPartition> {
  const position = new Map([[partition, at]]);
  const [fetched] = await fetchPartitions(cluster, topic, position, { maxBytes, waitMillis: WAIT_MILLIS });
  if (fetched === undefined) throw new Error(`the answer says nothing of partition ${partition}`);
  return fetched;
}

/** Asks each leader once for all of its partitions. */
async function fetchPartitions(
  cluster: Cluster,
  topic: string,
  positions: ReadonlyMap<number, bigint>,
  { maxBytes, waitMillis }: { readonly maxBytes: number; readonly waitMillis: number },
): Promise<readonly FetchedPartition[]> {
  const found = cluster.findTopicPartitionMetadata(topic);
  const leaders = new Map(found.map(({ partitionId, leader }) => [partitionId, leader]));
  const byLeader = new Map<number, number[]>();
  for (const partition of positions.keys()) {
    const leader = leaders.get(partition);
    if (leader === undefined) throw new Error(`partition ${partition} is not there`);
    byLeader.set(leader, [...(byLeader.get(leader) ?? []), partition]);
  }
  const answers = await Promise.all(
    [...byLeader].map(async ([leader, partitions]) => {
      const broker = await cluster.findBroker({ nodeId: leader });
      const asked = partitions.map((partition) => ({
        ...{ partition, maxBytes },
        fetchOffset: positions.get(partition)!.toString(),
      }));
      const { responses } = await broker.fetch({
        ...{ isolationLevel: READ_COMMITTED, maxWaitTime: waitMillis, minBytes: 1, maxBytes },
        topics: [{ topic, partitions: asked }],
      });
      return responses[0]?.partitions ?? [];
    }),
  );
  return answers.flat();
}

/**
 * The messages of an answer and where the next question begins. An answer without records for a range that is stable up to its end
 * means that compaction or an abort has left none there.
 */
function readFetched(
  { topic, partition, to }: OffsetRange,
  at: bigint,
  fetched: FetchedPartition,
  brokers: readonly string[],
): { readonly messages: readonly TopicMessage[]; readonly next: bigint } {
  const { messages, rawMessages } = new Batch(topic, at.toString(), fetched);
  const last = rawMessages.at(-1);
  if (last === undefined) {
    if (BigInt(fetched.lastStableOffset ?? fetched.highWatermark) >= to) return { messages: [], next: to };
    const problem = `partition ${partition} of topic ${topic} ends below offset ${to}, which was there before`;
    throw new AsofError('KAFKA_UNAVAILABLE', { brokers, problem });
  }
  const wanted = messages.map(messageFrom).filter(({ offset }) => offset < to);
  // a batch whose rest compaction took out may end below the offset that was asked for
  const next = BigInt(last.offset) + 1n;
  return { messages: wanted, next: next > at ? next : at + 1n };
}

function messageFrom({ offset, timestamp, value }: FetchedMessage): TopicMessage {
  const stampMillis = Number(timestamp);
  return { offset: BigInt(offset), stampMillis: stampMillis < 0 ? null : stampMillis, value };
}

function findLoss(
  { topic, partition, to }: OffsetRange,
  at: bigint,
  offsets: readonly PartitionOffsets[],
): TopicChunk & { readonly lost: OffsetRange } {
  const found = offsets.find((one) => one.partition === partition);
  if (found === undefined || found.first <= at) {
    const problem = `offset ${at} of partition ${partition} is beyond its end ${found?.end ?? 0n}: the topic was made anew, or lost messages`;
    throw new AsofError('TOPIC_UNREADABLE', { topic, problem });
  }
  return { messages: [], lost: { topic, partition, from: at, to: found.first < to ? found.first : to } };
}
