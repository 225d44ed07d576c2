/** Offsets and messages of a real broker, as ingestion reads them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TopicChunk } from '../../../sources/topic-reader.ts';
import { askClusterId, openTopicClient, type TopicClient } from '../../../streaming/kafka-client.ts';
import { startKafka, type KafkaBroker } from '../../support/kafka.ts';

let broker: KafkaBroker;
let client: TopicClient;

beforeAll(async () => {
  broker = await startKafka();
  client = openTopicClient(broker);
});
afterAll(async () => {
  await client?.close();
  await broker?.close();
});

async function readAll(topic: string, from: bigint, to: bigint, partition = 0): Promise<readonly TopicChunk[]> {
  const chunks: TopicChunk[] = [];
  for await (const chunk of client.read({ topic, partition, from, to })) chunks.push(chunk);
  return chunks;
}

const textsOf = (chunks: readonly TopicChunk[]) =>
  chunks.flatMap(({ messages }) =>
    messages.map(({ offset, value }) => `${offset}:${value === null ? 'null' : Buffer.from(value).toString()}`),
  );

describe('a topic', () => {
  it('says where each partition begins and ends', async () => {
    const topic = await broker.createTopic(2);
    await broker.send(topic, ['a', 'b', 'c'], 1);
    await broker.dropBefore(topic, 1, 1);
    expect(await client.offsets(topic)).toEqual([
      { partition: 0, first: 0n, end: 0n },
      { partition: 1, first: 1n, end: 3n },
    ]);
  });

  it('gives the messages of a range and no other, tombstones included', async () => {
    const topic = await broker.createTopic();
    await broker.send(topic, ['a', 'b', null, 'd', 'e']);
    await broker.send(topic, ['f']);
    const chunks = await readAll(topic, 1n, 5n);
    expect(textsOf(chunks)).toEqual(['1:b', '2:null', '3:d', '4:e']);
    const stamps = chunks.flatMap(({ messages }) => messages.map(({ stampMillis }) => stampMillis ?? 0));
    expect(Math.abs(stamps[0]! - Date.now())).toBeLessThan(600_000);
  });

  it('leaves out what a transaction took back, its marks, and what is not committed yet', async () => {
    const topic = await broker.createTopic();
    const producer = broker.kafka.producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    const sendWith = async (value: string, end: 'commit' | 'abort' | 'stay'): Promise<() => Promise<void>> => {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value }] });
      if (end !== 'stay') await transaction[end]();
      return () => transaction.abort();
    };
    // a transaction has ended before its mark is written
    const reach = (end: bigint) =>
      expect.poll(() => client.offsets(topic), { timeout: 60_000 }).toEqual([{ partition: 0, first: 0n, end }]);
    await sendWith('kept', 'commit'); // 0, mark 1
    await reach(2n);
    await sendWith('dropped', 'abort'); // 2, mark 3
    await reach(4n);
    await broker.send(topic, ['plain']); // 4
    const finish = await sendWith('open', 'stay'); // 5
    await reach(5n);
    expect(textsOf(await readAll(topic, 0n, 5n))).toEqual(['0:kept', '4:plain']);
    // a range of marks and of messages that do not count holds nothing
    expect(textsOf(await readAll(topic, 1n, 4n))).toEqual([]);
    await finish();
    await producer.disconnect();
  });

  it('tells what retention took before it was read', async () => {
    const topic = await broker.createTopic();
    await broker.send(topic, ['a', 'b', 'c', 'd']);
    await broker.dropBefore(topic, 2);
    const chunks = await readAll(topic, 0n, 4n);
    expect(chunks.map(({ lost }) => lost).filter((lost) => lost !== null)).toEqual([
      { topic, partition: 0, from: 0n, to: 2n },
    ]);
    expect(textsOf(chunks)).toEqual(['2:c', '3:d']);
    await broker.dropBefore(topic, 4);
    expect(await readAll(topic, 1n, 3n)).toEqual([{ messages: [], lost: { topic, partition: 0, from: 1n, to: 3n } }]);
  });

  it('refuses offsets beyond the end: the topic is another one', async () => {
    const topic = await broker.createTopic();
    await broker.send(topic, ['a']);
    await expect(readAll(topic, 5n, 9n)).rejects.toMatchObject({ code: 'TOPIC_UNREADABLE' });
  });

  it('that is not there is not made', async () => {
    const asking = () => client.offsets('no_such_topic');
    await expect(asking()).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
    expect(await broker.admin.listTopics()).not.toContain('no_such_topic');
  });
});

describe('a broker', () => {
  it('says which cluster it is of, always the same', async () => {
    expect(await askClusterId(broker.brokers)).toBe(await askClusterId(broker.brokers));
  });

  it('that is away is named with the reason', async () => {
    const away = openTopicClient({ brokers: ['127.0.0.1:1'] });
    await expect(away.offsets('topic')).rejects.toMatchObject({
      code: 'KAFKA_UNAVAILABLE',
      retryable: true,
      message: expect.stringMatching(/127\.0\.0\.1:1.*ECONNREFUSED/) as string,
    });
    await expect(askClusterId(['127.0.0.1:1'])).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' });
  });
});
