/** A real Kafka broker for one test file, and what tests do to its topics. */
import { vi } from 'vitest';
import kafkajs, { type Admin, type Message } from 'kafkajs';
import type { Running } from '../../stack/component.ts';
import { kafkaComponent } from '../../stack/kafka-server.ts';
import { terminate } from '../../stack/termination.ts';
import { temporaryDirectory, uniqueName } from './stack.ts';

export interface KafkaBroker {
  readonly brokers: readonly string[];
  readonly kafka: kafkajs.Kafka;
  readonly admin: Admin;
  /** A new topic; returns its name. */
  createTopic(partitions?: number, name?: string): Promise<string>;
  /** Messages of one partition in their order. Objects become JSON. */
  send(topic: string, values: readonly SentValue[], partition?: number): Promise<void>;
  /** Takes messages away as retention does: those of the partition before `offset`. */
  dropBefore(topic: string, offset: number, partition?: number): Promise<void>;
  /** The broker is away while `work` runs, and comes back with its data on its ports. */
  without(work: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

type SentValue = Message['value'] | Readonly<Record<string, unknown>>;

/** Fetches Kafka first when this machine has none. */
export async function startKafka(): Promise<KafkaBroker> {
  const directory = temporaryDirectory('asof-kafka-');
  const jars = await kafkaComponent.provide((line) => process.stderr.write(`${line}\n`));
  const start = (ports: 'free' | readonly number[]): Promise<Running> =>
    kafkaComponent.start(jars, {
      ...{ directory: directory.path, namespace: '', ports, durable: false },
      launched: () => undefined,
    });
  let running = await start('free');
  const brokers = [running.address ?? ''];
  const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await admin.connect();
  await producer.connect();
  return {
    brokers,
    kafka,
    admin,
    async createTopic(partitions = 1, topic = uniqueName('topic')) {
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: false });
      // the client's own wait takes a broker that has not heard of the topic yet for a failure
      await vi.waitFor(() => admin.fetchTopicOffsets(topic), { timeout: 120_000, interval: 100 });
      return topic;
    },
    async send(topic, values, partition = 0) {
      const messages = values.map((value) => ({
        value: isPlainObject(value) ? JSON.stringify(value) : value,
        partition,
      }));
      await producer.send({ topic, messages });
    },
    async dropBefore(topic, offset, partition = 0) {
      // the client finds leaders of those topics only that it has asked about before
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
    },
    async without(work) {
      await terminate('kafka', running.process);
      try {
        await work();
      } finally {
        running = await start(running.ports);
      }
    },
    async close() {
      await producer.disconnect();
      await admin.disconnect();
      await terminate('kafka', running.process);
      directory.remove();
    },
  };
}

function isPlainObject(value: SentValue): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value);
}
