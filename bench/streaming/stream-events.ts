/**
 * Events of a topic into the windows of a view, as a contender. Prints the seconds from the first fetch until the last of a
 * number of waiting events is readable; with a rate it sends them meanwhile, and prints the 99th percentile of the seconds
 * from sending an event to its being readable.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { openCatalog } from '../../catalog/postgres.ts';
import type { Settings } from '../../contracts/config.ts';
import { clockNow } from '../../contracts/time.ts';
import { loadDefinitions, loadSettings } from '../../definitions/loading.ts';
import { openEngine } from '../../engine/duckdb.ts';
import { sourceTable } from '../../ingestion/plan-ingestion.ts';
import { readOnlineVectors } from '../../online/online-reads.ts';
import { createRecordedPositions } from '../../online/recorded-positions.ts';
import { openRedisClient } from '../../online/redis-client.ts';
import { resolveFeatures } from '../../definitions/resolution.ts';
import { withComponents } from '../../stack/with-components.ts';
import { openTopicFollower } from '../../streaming/kafka-client.ts';
import { streamedView } from '../../streaming/streamed-view.ts';
import { consumeView, type ConsumerReport } from '../../streaming/view-consumer.ts';

const [events = 0, keys = 1, rate = 0] = process.argv.slice(2).map(Number);

const PARTITIONS = 4;
const BATCH_SIZE = 1000;
const SENT_AT_ONCE = 1000;
/** Enough that each partition has something at every fetch. */
const RATE_STEP_MILLIS = 20;
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

interface Event {
  readonly ts: string;
  readonly user: string;
  readonly kind: string;
  readonly amount: number;
}

/** Spread over the keys without a pattern, the same in every run. */
function eventOf(n: number, atMillis: number): Event {
  const mixed = Math.imul(n + 1, 0x9e3779b1) >>> 0;
  return {
    ts: new Date(atMillis).toISOString(),
    user: `user-${mixed % keys}`,
    kind: mixed % 3 === 0 ? 'buy' : 'view',
    amount: mixed % 1000,
  };
}

async function send(producer: kafkajs.Producer, from: number, to: number): Promise<void> {
  const messages = Array.from({ length: to - from }, (_, index) => {
    const event = eventOf(from + index, Date.now());
    return { key: event.user, value: JSON.stringify(event), partition: (from + index) % PARTITIONS };
  });
  await producer.send({ topic: 'raw_events', messages });
}

async function measure(settings: Settings): Promise<Readonly<Record<string, number>>> {
  const { manifest, runtime } = await loadDefinitions(settings);
  const brokers = settings.kafkaBrokers ?? [];
  const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'raw_events', numPartitions: PARTITIONS }], waitForLeaders: true });
  await admin.disconnect();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  if (rate === 0)
    for (let n = 0; n < events; n += SENT_AT_ONCE) await send(producer, n, Math.min(n + SENT_AT_ONCE, events));

  const catalog = await openCatalog({ url: settings.catalogUrl ?? '', poolSize: 2 });
  const redis = openRedisClient({ url: settings.redisUrl ?? '', readDeadlineMillis: 2000 });
  const tempDirectory = path.join(settings.stateDirectory, 'spill');
  const engine = await openEngine({ ...settings.engine, tempDirectory, allowedDirectories: [] });
  const follower = openTopicFollower({ brokers });
  const streamed = streamedView(manifest, 'activity', runtime);
  const work = {
    project: settings.project,
    table: sourceTable(settings.project, 'events'),
    streamed,
    batchSize: BATCH_SIZE,
  };
  const ending = new AbortController();
  let [started, startedCpu] = [performance.now(), process.cpuUsage()];
  let ended: () => void = () => undefined;
  const end = new Promise<void>((resolve) => (ended = resolve));
  let applied = 0;
  const sentAt: number[] = [];
  const delays: number[] = [];
  const follow = (report: ConsumerReport): void => {
    const now = performance.now();
    // every partition gets its events in turn, so that how many came tells which did, but for some milliseconds
    for (; applied < report.applied; applied += 1)
      if (sentAt[applied] !== undefined) delays.push(now - sentAt[applied]!);
    // after a failure that passes, a consumer counts anew what it had begun: its positions tell
    if (report.partitions.reduce((sum, { next }) => sum + next, 0n) >= events) ended();
  };
  const done = consumeView({ catalog, redis, engine, follower }, work, { signal: ending.signal, report: follow });
  try {
    if (rate > 0) {
      await sleep(2000);
      [started, startedCpu] = [performance.now(), process.cpuUsage()];
      for (let sent = 0; sent < events;) {
        const due = Math.min(events, Math.ceil(((performance.now() - started) * rate) / 1000));
        const now = performance.now();
        for (let n = sent; n < due; n += 1) sentAt[n] = now;
        if (due > sent) await send(producer, sent, due);
        sent = due;
        await sleep(RATE_STEP_MILLIS);
      }
    }
    await Promise.race([end, done]);
    const seconds = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(startedCpu);
    const plan = resolveFeatures(manifest, { features: ['activity:sum_1d'] });
    const users = Array.from({ length: keys }, (_, n) => `user-${n}`);
    let checksum = 0;
    for (let from = 0; from < keys; from += 1000) {
      const read = await readOnlineVectors(
        { project: settings.project, redis, positions: createRecordedPositions(catalog.intervals), lake: null },
        { plan, runtime, entities: { user: users.slice(from, from + 1000) }, at: clockNow() },
      );
      for (const { value } of read.features[0]!.cells) checksum += Number(value ?? 0);
    }
    delays.sort((a, b) => a - b);
    return {
      seconds: rate === 0 ? seconds : (delays[Math.floor(delays.length * 0.99)] ?? Number.NaN) / 1000,
      cpuSeconds: (user + system) / 1e6,
      peakBytes: process.resourceUsage().maxRSS * 1024,
      rows: events,
      checksum,
    };
  } finally {
    ending.abort();
    await done;
    await follower.close();
    await producer.disconnect();
    await engine.close();
    await redis.close();
    await catalog.close();
  }
}

const directory = await mkdtemp(path.join(tmpdir(), 'asof-bench-stream-'));
try {
  await writeFile(path.join(directory, 'features.ts'), DEFINITIONS);
  await writeFile(
    path.join(directory, 'asof.config.ts'),
    "import { defineConfig } from 'asof';\n\nexport default defineConfig({ project: 'bench', definitions: 'features.ts' });\n",
  );
  const settings = await loadSettings({ directory });
  const result = await withComponents(settings, ['catalog', 'redis', 'kafka'], measure, {
    ports: 'free',
    durable: false,
  });
  console.log(JSON.stringify(result));
} finally {
  await rm(directory, { recursive: true, force: true });
}
