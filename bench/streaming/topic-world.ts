/** A broker, a Redis, a catalog and a project for one contender, and the events that it is sent. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import kafkajs from 'kafkajs';
import type { Settings } from '../../contracts/config.ts';
import { loadSettings } from '../../definitions/loading.ts';
import { withComponents } from '../../stack/with-components.ts';

const PARTITIONS = 4;
const SENT_AT_ONCE = 1000;

const DEFINITIONS = `
import { count, entity, featureView, kafkaSource, max, sum } from 'asof';
export const user = entity('user', { keys: { user: 'string' } });
export const events = kafkaSource('events', {
  topic: 'raw_events', timestamp: 'ts', schema: { ts: 'timestamp', user: 'string', kind: 'string', amount: 'int64' },
});
export const activity = featureView('activity', {
  entities: [user], source: events, online: true,
  features: {
    n_1h: count({ window: '1h' }),
    sum_1d: sum('amount', { window: '1d' }),
    max_7d: max('amount', { window: '7d' }),
  },
});
`;

export interface TopicWorld {
  readonly directory: string;
  readonly settings: Settings;
  readonly brokers: readonly string[];
  readonly redisUrl: string;
  /** Sends the events of these numbers. */
  readonly send: (from: number, to: number) => Promise<void>;
  /** Sends all of them. */
  readonly sendAll: () => Promise<void>;
  /** Sends one event of a key that no other event has. */
  readonly sendOne: (user: string) => Promise<void>;
}

/** The topic has four partitions and nothing in it yet. */
export async function openTopicWorld<T>(
  { events, keys }: { readonly events: number; readonly keys: number },
  work: (world: TopicWorld) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(path.join(tmpdir(), 'asof-bench-stream-'));
  try {
    await writeFile(path.join(directory, 'features.ts'), DEFINITIONS);
    const config = "{ project: 'bench', definitions: 'features.ts' }";
    await writeFile(
      path.join(directory, 'asof.config.ts'),
      `import { defineConfig } from 'asof';\n\nexport default defineConfig(${config});\n`,
    );
    const components = ['catalog', 'redis', 'kafka', 'temporal'] as const;
    const options = { ports: 'free', durable: false } as const;
    return await withComponents(
      await loadSettings({ directory }),
      components,
      (settings) => withTopic(settings, keys, (send) => work(worldOf(directory, settings, events, send))),
      options,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

type SendEvents = (events: readonly Event[]) => Promise<void>;

interface Event {
  readonly ts: string;
  readonly user: string;
  readonly kind: string;
  readonly amount: number;
  readonly partition: number;
}

interface EventSender {
  readonly eventOf: (n: number) => Event;
  readonly send: SendEvents;
}

async function withTopic<T>(settings: Settings, keys: number, work: (sender: EventSender) => Promise<T>): Promise<T> {
  const brokers = [...(settings.kafkaBrokers ?? [])];
  const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'raw_events', numPartitions: PARTITIONS }], waitForLeaders: true });
  await admin.disconnect();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const send: SendEvents = async (events) => {
    const messages = events.map(({ partition, ...event }) => ({
      ...{ key: event.user, value: JSON.stringify(event), partition },
    }));
    await producer.send({ topic: 'raw_events', messages });
  };
  try {
    return await work({ eventOf: (n) => eventOf(n, keys), send });
  } finally {
    await producer.disconnect();
  }
}

/** Spread over the keys without a pattern, the same in every run. */
function eventOf(n: number, keys: number): Event {
  const mixed = Math.imul(n + 1, 0x9e3779b1) >>> 0;
  return {
    ts: new Date().toISOString(),
    user: `user-${mixed % keys}`,
    kind: mixed % 3 === 0 ? 'buy' : 'view',
    amount: mixed % 1000,
    partition: n % PARTITIONS,
  };
}

function worldOf(directory: string, settings: Settings, events: number, { eventOf, send }: EventSender): TopicWorld {
  let probes = 0;
  const sendRange = async (from: number, to: number): Promise<void> =>
    send(Array.from({ length: to - from }, (_, index) => eventOf(from + index)));
  return {
    directory,
    settings,
    brokers: settings.kafkaBrokers ?? [],
    redisUrl: settings.redisUrl ?? '',
    send: sendRange,
    async sendAll() {
      for (let n = 0; n < events; n += SENT_AT_ONCE) await sendRange(n, Math.min(n + SENT_AT_ONCE, events));
    },
    async sendOne(user) {
      await send([{ ...eventOf(0), user, partition: probes++ % PARTITIONS }]);
    },
  };
}
