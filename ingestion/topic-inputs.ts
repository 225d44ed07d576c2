/** Ranges of a topic as inputs of an ingestion: from where the table ends to where the topic ended when it was planned. */
import { AsofError } from '../contracts/errors.ts';
import type { TableKey, TopicRange } from '../contracts/lake.ts';
import type { KafkaSourceManifest } from '../contracts/manifest.ts';
import type { Session } from '../engine/engine.ts';
import { partitionPath, readMessages } from '../sources/topic-messages.ts';
import type { OffsetRange, PartitionOffsets } from '../sources/topic-reader.ts';
import type { IngestionDependencies, StepOptions } from './dependencies.ts';
import type { IngestionPlan, PlannedInput } from './ingestion-plan.ts';
import type { StagedGroup } from './staged-group.ts';
import type { StagedInput } from './staged-table.ts';
import { cutRange, sequenceOf } from './topic-sequences.ts';

/** One activity stages so many. */
const INPUT_OFFSETS = 2n ** 18n;
/** Only Kafka knows; what groups are made by. */
const ASSUMED_MESSAGE_BYTES = 1024;

export interface PlannedTopic {
  readonly inputs: readonly PlannedInput[];
  readonly lost: readonly OffsetRange[];
  /** Partitions without new messages. */
  readonly unchanged: number;
}

/** Throws `TOPIC_UNREADABLE` for a topic that ends before what the table holds of it, and what `TopicReader.offsets` throws. */
export async function planTopic(
  { catalog, topics }: IngestionDependencies,
  source: KafkaSourceManifest,
  table: TableKey,
): Promise<PlannedTopic> {
  const { topic } = source;
  const offsets = await requireTopics(topics, source).offsets(topic);
  const reached = await catalog.tables.topicPositions(table, topic);
  refuseShorterTopic(topic, offsets, reached);
  const lost: OffsetRange[] = [];
  const inputs: PlannedInput[] = [];
  for (const { partition, first, end } of offsets) {
    const next = reached.get(partition) ?? first;
    if (next < first) lost.push({ topic, partition, from: next, to: first });
    const fresh = { topic, partition, from: next < first ? first : next, to: end };
    for (const part of cutRange(fresh, INPUT_OFFSETS)) {
      const sequenceStart = await sequenceOf(catalog.tables, table, { topic, partition, offset: part.from });
      inputs.push(plannedInput(part, sequenceStart));
    }
  }
  const changed = new Set([...lost, ...inputs.flatMap(({ messages }) => messages ?? [])].map((one) => one.partition));
  return { inputs, lost, unchanged: offsets.length - changed.size };
}

/** Copies the messages of some inputs into the session. */
export async function openMessages(
  { topics }: Pick<IngestionDependencies, 'topics'>,
  session: Session,
  source: KafkaSourceManifest,
  planned: readonly PlannedInput[],
  { signal }: StepOptions,
): Promise<{ readonly inputs: readonly StagedInput[]; readonly lost: readonly OffsetRange[] }> {
  const reader = requireTopics(topics, source);
  const inputs: StagedInput[] = [];
  const lost: OffsetRange[] = [];
  for (const [position, { messages: range, sequenceStart, take, skip }] of planned.entries()) {
    if (range === undefined) continue;
    const chunks = reader.read(range, signal);
    const read = await readMessages(session, source, range, { chunks, table: `messages_${position}` });
    inputs.push({ reading: read.reading, sequenceStart, take, skip });
    lost.push(...read.lost);
  }
  return { inputs, lost };
}

/** What a run has read and what it found gone, by partition and offset. */
export function readRanges(plan: IngestionPlan, groups: readonly StagedGroup[]): readonly TopicRange[] {
  const lost = [...(plan.lost ?? []), ...groups.flatMap((group) => group.lost ?? [])].map((range) => ({
    ...range,
    lost: true,
  }));
  const read = plan.inputs.flatMap(({ messages }) => (messages ? withoutLost(messages, lost) : []));
  return [...lost, ...read].sort((a, b) => a.partition - b.partition || (a.from < b.from ? -1 : 1));
}

/** Whether another run has read on from where the plan begins. */
export async function isTopicOvertaken(
  { catalog }: Pick<IngestionDependencies, 'catalog'>,
  { topic }: KafkaSourceManifest,
  table: TableKey,
  plan: IngestionPlan,
): Promise<boolean> {
  const reached = await catalog.tables.topicPositions(table, topic);
  const begun = new Map<number, bigint>();
  for (const { partition, from } of readRanges(plan, [])) if (!begun.has(partition)) begun.set(partition, from);
  return [...begun].some(([partition, from]) => (reached.get(partition) ?? from) !== from);
}

export function lossWarnings(ranges: readonly TopicRange[]): readonly string[] {
  return ranges
    .filter(({ lost }) => lost)
    .map(
      ({ topic, partition, from, to }) =>
        `topic ${topic}, partition ${partition}: offsets ${from} to ${to - 1n} were gone before they were read, taken by the topic's retention; ` +
        'the gap is recorded, and `asof describe` lists it',
    );
}

function plannedInput(messages: OffsetRange, sequenceStart: bigint): PlannedInput {
  const { from, to } = messages;
  const rows = Number(to - from);
  return {
    path: partitionPath(messages),
    checksum: `${from}-${to}`,
    bytes: rows * ASSUMED_MESSAGE_BYTES,
    modifiedNanos: '0',
    rows,
    sequenceStart,
    take: null,
    skip: [],
    replaces: [],
    messages,
  };
}

function withoutLost(range: OffsetRange, lost: readonly OffsetRange[]): readonly TopicRange[] {
  const parts: TopicRange[] = [];
  let at = range.from;
  const within = lost.filter(
    ({ partition, from, to }) => partition === range.partition && from < range.to && to > range.from,
  );
  for (const { from, to } of within.sort((a, b) => (a.from < b.from ? -1 : 1))) {
    if (from > at) parts.push({ ...range, from: at, to: from, lost: false });
    at = to;
  }
  if (at < range.to) parts.push({ ...range, from: at, lost: false });
  return parts;
}

function refuseShorterTopic(
  topic: string,
  offsets: readonly PartitionOffsets[],
  reached: ReadonlyMap<number, bigint>,
): void {
  const ends = new Map(offsets.map(({ partition, end }) => [partition, end]));
  for (const [partition, next] of reached) {
    const end = ends.get(partition);
    if (end !== undefined && end >= next) continue;
    const what = end === undefined ? 'is not there any more' : `ends at offset ${end}`;
    const problem =
      `partition ${partition} ${what}, and its messages up to offset ${next} were ingested before: ` +
      'the topic was made anew or has lost messages; read a new topic under a source of another name';
    throw new AsofError('TOPIC_UNREADABLE', { topic, problem });
  }
}

/** What reads topics. Throws `CONFIG_INVALID` for a worker that knows no broker. */
export function requireTopics<T>(topics: T | undefined, { name }: KafkaSourceManifest): T {
  if (topics !== undefined) return topics;
  throw new AsofError('CONFIG_INVALID', {
    file: 'worker',
    problem:
      `source ${name} reads a Kafka topic, and no broker is named; ` +
      'set KAFKA_BROKERS or `kafka` in asof.config.ts, or run `asof dev --with kafka`',
  });
}
