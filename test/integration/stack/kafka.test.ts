/** The embedded broker: asked for, found again after a stop with what it held, on another port when its own is taken. */
import { createServer, type Server } from 'node:net';
import kafkajs from 'kafkajs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Settings } from '../../../contracts/config.ts';
import { readStack, startStack, stopStack } from '../../../stack/dev.ts';
import { examineComponents } from '../../../stack/doctor.ts';
import { isRunning } from '../../../stack/process-identity.ts';
import { findRunning } from '../../../stack/run-records.ts';
import { openTopicClient } from '../../../streaming/kafka-client.ts';
import { settingsFor } from '../../support/settings.ts';
import { temporaryDirectory } from '../../support/stack.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let settings: Settings;

beforeEach(() => {
  directory = temporaryDirectory('asof kafka stack ');
  settings = settingsFor(directory.path);
});
afterEach(async () => {
  await stopStack(settings);
  directory.remove();
});

const finding = async () => (await examineComponents(settings)).find(({ name }) => name === 'kafka');

async function offsetsAt(brokers: readonly string[]) {
  const client = openTopicClient({ brokers });
  try {
    return await client.offsets('kept');
  } finally {
    await client.close();
  }
}

function take(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => resolve(server));
  });
}

describe('startStack with Kafka', () => {
  it(
    'starts a broker, tells where, and keeps its topics over a stop and another port',
    { timeout: 120_000 },
    async () => {
      expect(await finding()).toBeUndefined();
      const stack = await startStack(settings, { processes: ['redis'], with: ['kafka'] });
      const { brokers } = stack.kafka!;
      expect(brokers).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
      expect(stack.processes.map(({ name }) => name).sort()).toEqual(['kafka', 'redis']);
      expect(readStack(settings)).toEqual(stack);
      expect(await finding()).toMatchObject({ state: 'ok', detail: expect.stringContaining(brokers[0]!) as string });

      const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
      const admin = kafka.admin();
      await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }], waitForLeaders: true });
      await admin.disconnect();
      const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
      await producer.connect();
      await producer.send({ topic: 'kept', messages: [{ value: 'a' }, { value: 'b' }] });
      await producer.disconnect();
      const before = findRunning(settings.stateDirectory, 'kafka')!.process;
      expect(await stopStack(settings)).toEqual(['redis', 'kafka']);
      expect(isRunning(before)).toBe(false);
      expect(await finding()).toMatchObject({ state: 'ok', detail: expect.stringContaining('on demand') as string });

      const blockers = await Promise.all(
        [9092, Number(brokers[0]!.split(':')[1])].map((port) => take(port).catch(() => null)),
      );
      try {
        // asked for once, it belongs to the stack
        const again = await startStack(settings, { processes: ['redis'] });
        expect(again.kafka!.brokers).not.toEqual(brokers);
        expect(await offsetsAt(again.kafka!.brokers)).toEqual([{ partition: 0, first: 0n, end: 2n }]);
      } finally {
        blockers.forEach((server) => server?.close());
      }
    },
  );

  it('leaves a broker that the settings name alone', async () => {
    settings = settingsFor(directory.path, { kafkaBrokers: ['127.0.0.1:1'] });
    const stack = await startStack(settings, { processes: ['redis'], with: ['kafka'] });
    expect(stack.processes.map(({ name }) => name)).toEqual(['redis']);
    expect(stack.kafka).toEqual({ brokers: ['127.0.0.1:1'] });
    expect(await finding()).toMatchObject({
      state: 'broken',
      detail: expect.stringContaining('ECONNREFUSED') as string,
      mend: expect.stringContaining('KAFKA_BROKERS') as string,
    });
  });
});
