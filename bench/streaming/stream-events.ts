/**
 * Events of a topic into the windows of a view, as a contender. Prints the seconds from the first fetch until the last of a number of
 * waiting events is readable. With a rate it sends the events meanwhile, sends ten events of keys of their own a second among them, and
 * prints the 99th percentile of the seconds from sending such an event to an answer over HTTP that counts it.
 */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCatalog } from '../../catalog/postgres.ts';
import { clockNow } from '../../contracts/time.ts';
import { loadDefinitions } from '../../definitions/loading.ts';
import { resolveFeatures } from '../../definitions/resolution.ts';
import { openEngine } from '../../engine/duckdb.ts';
import { asof } from '../../examples/flights/asof-command.ts';
import { sourceTable } from '../../ingestion/plan-ingestion.ts';
import { readOnlineVectors } from '../../online/online-reads.ts';
import { createRecordedPositions } from '../../online/recorded-positions.ts';
import { openRedisClient } from '../../online/redis-client.ts';
import { openTopicFollower } from '../../streaming/kafka-client.ts';
import { streamedView } from '../../streaming/streamed-view.ts';
import { consumeView, type ConsumerReport } from '../../streaming/view-consumer.ts';
import { serveAsof, type BenchServer } from '../online/servers.ts';
import { openTopicWorld, type TopicWorld } from './topic-world.ts';

const [events = 0, keys = 1, rate = 0] = process.argv.slice(2).map(Number);

const BATCH_SIZE = 1000;
/** Enough that each partition has something at every fetch. */
const RATE_STEP_MILLIS = 20;
const PROBE_MILLIS = 100;
const ASK_MILLIS = 5;

async function measure(world: TopicWorld): Promise<Readonly<Record<string, number>>> {
  const { settings, brokers, redisUrl } = world;
  const { manifest, runtime } = await loadDefinitions(settings);
  if (rate === 0) await world.sendAll();
  const catalog = await openCatalog({ url: settings.catalogUrl ?? '', poolSize: 2 });
  const redis = openRedisClient({ url: redisUrl, readDeadlineMillis: 2000 });
  const tempDirectory = path.join(settings.stateDirectory, 'spill');
  const engine = await openEngine({ ...settings.engine, tempDirectory, allowedDirectories: [] });
  const follower = openTopicFollower({ brokers });
  const work = {
    project: settings.project,
    table: sourceTable(settings.project, 'events'),
    streamed: streamedView(manifest, 'activity', runtime),
    batchSize: BATCH_SIZE,
  };
  const ending = new AbortController();
  const [started, startedCpu] = [performance.now(), process.cpuUsage()];
  let ended: () => void = () => undefined;
  const end = new Promise<void>((resolve) => (ended = resolve));
  const follow = (report: ConsumerReport): void => {
    // after a failure that passes, a consumer counts anew what it had begun: its positions tell
    if (rate === 0 && report.partitions.reduce((sum, { next }) => sum + next, 0n) >= events) ended();
  };
  const done = consumeView({ catalog, redis, engine, follower }, work, { signal: ending.signal, report: follow });
  try {
    const delay = rate === 0 ? undefined : await measureFreshness(world);
    if (delay === undefined) await Promise.race([end, done]);
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
    return {
      seconds: delay ?? seconds,
      cpuSeconds: (user + system) / 1e6,
      peakBytes: process.resourceUsage().maxRSS * 1024,
      rows: events,
      checksum: rate === 0 ? checksum : 0,
    };
  } finally {
    ending.abort();
    await done;
    await follower.close();
    await engine.close();
    await redis.close();
    await catalog.close();
  }
}

/** The 99th percentile, in seconds. */
async function measureFreshness(world: TopicWorld): Promise<number> {
  await asof(world.directory, 'apply', '--yes');
  const task = {
    kind: 'asof',
    over: 'http',
    directory: world.directory,
    features: ['activity:n_1h'],
    entities: 1,
  } as const;
  const server = await serveAsof(task);
  try {
    const sentAt = new Map<string, number>();
    const delays: number[] = [];
    const started = performance.now();
    let isSending = true;
    const sending = sendAtRate(world, started).finally(() => (isSending = false));
    const probing = sendProbes(world, sentAt, () => isSending);
    const asking = askForProbes(server, sentAt, delays, () => isSending);
    await Promise.all([sending, probing, asking]);
    delays.sort((a, b) => a - b);
    const at = (share: number): number => delays[Math.floor(delays.length * share)] ?? Number.NaN;
    console.error(
      `${delays.length} events looked for over HTTP: p50 ${Math.round(at(0.5))} ms, p99 ${Math.round(at(0.99))} ms, most ${Math.round(delays.at(-1) ?? 0)} ms`,
    );
    return at(0.99) / 1000;
  } finally {
    await server.stop();
  }
}

async function sendAtRate(world: TopicWorld, started: number): Promise<void> {
  for (let sent = 0; sent < events;) {
    const due = Math.min(events, Math.ceil(((performance.now() - started) * rate) / 1000));
    if (due > sent) await world.send(sent, due);
    sent = due;
    await sleep(RATE_STEP_MILLIS);
  }
}

/** From half of the time on: until then everything is compiled. */
async function sendProbes(world: TopicWorld, sentAt: Map<string, number>, isSending: () => boolean): Promise<void> {
  await sleep((events / rate / 2) * 1000);
  for (let probe = 0; isSending(); probe += 1) {
    const user = `probe-${probe}`;
    sentAt.set(user, performance.now());
    await world.sendOne(user);
    await sleep(PROBE_MILLIS);
  }
}

/** Asks for all that were sent and not seen yet, again and again. */
async function askForProbes(
  server: BenchServer,
  sentAt: Map<string, number>,
  delays: number[],
  isSending: () => boolean,
): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  while (isSending() || sentAt.size > 0) {
    const users = [...sentAt.keys()];
    if (users.length > 0) {
      const body = JSON.stringify({ features: ['activity:n_1h'], entities: { user: users } });
      const answer = await fetch(`${server.url}${server.path}`, { method: 'POST', headers, body });
      const { results } = (await answer.json()) as {
        readonly results: readonly { readonly values: readonly unknown[] }[];
      };
      const now = performance.now();
      users.forEach((user, index) => {
        if (results[1]!.values[index] !== 1) return;
        delays.push(now - sentAt.get(user)!);
        sentAt.delete(user);
      });
    }
    await sleep(ASK_MILLIS);
  }
}

console.log(JSON.stringify(await openTopicWorld({ events, keys }, measure)));
process.exit(0);
