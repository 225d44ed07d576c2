/** What a stream does when Redis loses its content, and when materializations write the same values meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { count, entity, featureView, kafkaSource, lastN, numeric, sum } from 'asof';
import { AsofError } from '../../../contracts/errors.ts';
import type { PlannedView } from '../../../contracts/plan.ts';
import { requireInstant } from '../../../contracts/time.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import { createLakeReader } from '../../../online/lake-reader.ts';
import type { OnlineCell } from '../../../online/online-cell.ts';
import { readOnlineVectors } from '../../../online/online-reads.ts';
import { createRecordedPositions } from '../../../online/recorded-positions.ts';
import { openRedisClient, type RedisClient } from '../../../online/redis-client.ts';
import { openTopicClient, type TopicClient } from '../../../streaming/kafka-client.ts';
import { startKafka, type KafkaBroker } from '../../support/kafka.ts';
import { openFixture, type OfflineFixture } from '../offline/offline-fixture.ts';
import { ingestFiles } from '../offline/packed-run.ts';
import { NO_RUNTIME, planOf } from '../online/online-fixture.ts';
import { startRedis, type TestRedis } from '../online/redis-server.ts';
import { materializeLanded, untilReached } from './landed-topics.ts';
import { startMember, type MemberOptions, type ViewMember } from './view-members.ts';

const USERS = ['a', 'b', 'c', 'd'];
const NOON = requireInstant('2024-01-01T12:00:00Z', 'noon');
const AT = requireInstant('2024-01-02T00:00:00Z', 'at');
const PARTITIONS = 2;
const ROUNDS = 4;
const MINUTE_MILLIS = 60_000;
const WAIT = { timeout: 2 * MINUTE_MILLIS };

vi.setConfig({ testTimeout: 10 * MINUTE_MILLIS });

let broker: KafkaBroker;
let topics: TopicClient;
let server: TestRedis;
let redis: RedisClient;
let fixture: OfflineFixture;
let topic: string;
let views: readonly PlannedView[];
let running: Set<ViewMember>;

beforeAll(async () => {
  broker = await startKafka();
  topics = openTopicClient(broker);
  server = await startRedis();
  redis = openRedisClient({ url: server.url, readDeadlineMillis: 10_000 });
}, 2 * MINUTE_MILLIS);
afterAll(async () => {
  await redis?.close();
  await topics?.close();
  await server?.remove();
  await broker?.close();
});
beforeEach(async () => {
  topic = await broker.createTopic(PARTITIONS);
  fixture = await openFixture(definitionsOver(topic));
  views = resolveFeatures(fixture.manifest, { features: ['totals', 'newest'] }).views;
  running = new Set();
});
afterEach(async () => {
  // one that failed has closed what it had, and the test has told why
  await Promise.allSettled([...running].map((member) => member.stop()));
  await fixture.close();
});

function definitionsOver(name: string): Readonly<Record<string, unknown>> {
  const user = entity('user', { keys: { user: 'string' } });
  const clicks = kafkaSource('clicks', {
    topic: name,
    timestamp: 'ts',
    eventId: 'id',
    schema: { ts: 'timestamp', id: 'string', user: 'string', n: 'int64' },
  });
  const common = { entities: [user], source: clicks, online: true } as const;
  const features = { seen: count({ window: 'all' }), total: sum('n', { window: '1d' }), newest: lastN('n', 3) };
  return {
    ...{ user, clicks },
    totals: featureView('totals', { ...common, features }),
    newest: featureView('newest', { ...common, features: { n: numeric({ default: -1 }) } }),
  };
}

function start(options: Partial<MemberOptions> = {}): readonly ViewMember[] {
  const surroundings = { ...fixture, brokers: broker.brokers, redisUrl: server.url };
  const members = views.map((view) => startMember(surroundings, view, { batchSize: 50, ...options }));
  for (const member of members) running.add(member);
  return members;
}

/** Messages within five minutes, out of order; every third is sent twice. */
async function send(from: number, to: number): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const numbers = Array.from({ length: to - from }, (_, index) => from + index).filter(
      (n) => Math.floor(n / USERS.length) % PARTITIONS === partition,
    );
    const values = numbers.map((n) => ({
      ts: new Date(Number(NOON / 1000n) + ((n * 7919) % 300_000)).toISOString(),
      ...{ id: `event ${n}`, user: USERS[n % USERS.length]!, n },
    }));
    await broker.send(topic, [...values, ...values.filter(({ n }) => n % 3 === 0)].toReversed(), partition);
  }
}

const land = (): Promise<void> => ingestFiles({ ...fixture, topics }, 'clicks');
const materialize = (planned: PlannedView) => materializeLanded({ ...fixture, redis }, planned.view, { topic, to: AT });

async function readCells(planned: PlannedView, lake = false): Promise<readonly OnlineCell[]> {
  const { project, catalog } = fixture;
  const dependencies = {
    ...{ project, redis, positions: createRecordedPositions(catalog.intervals) },
    lake: lake ? createLakeReader(fixture) : null,
  };
  const plan = planOf(planned);
  const { features } = await readOnlineVectors(dependencies, {
    ...{ plan, runtime: NO_RUNTIME, entities: { user: USERS }, at: AT },
  });
  return features.flatMap(({ cells }) => cells);
}

async function read(planned: PlannedView, lake = false) {
  return (await readCells(planned, lake)).map(({ value, status }) => ({ value, status }));
}

/** What the lake says of all messages. */
async function fromLake(planned: PlannedView) {
  await land();
  return read({ ...planned, view: { ...planned.view, fingerprint: `unknown ${planned.view.fingerprint}` } }, true);
}

async function statuses(): Promise<readonly string[]> {
  const cells = await Promise.all(views.map((view) => read(view)));
  return [...new Set(cells.flat().map(({ status }) => status))];
}

async function stop(member: ViewMember): Promise<void> {
  running.delete(member);
  await member.stop();
}

/** The code of what ended a stream; undefined while it is at work. */
function endOf(stream: ViewMember): string | undefined {
  try {
    stream.last();
    return undefined;
  } catch (error) {
    return error instanceof AsofError ? error.code : String(error);
  }
}

/** Reads again and again how many events each key has, and the time of its newest row, until the end. */
function watchValues(): { end(): Promise<readonly (readonly (number | undefined)[])[]> } {
  let isOver = false;
  const steps: (readonly (number | undefined)[])[] = [];
  const [totals, newest] = views as [PlannedView, PlannedView];
  const watching = (async () => {
    while (!isOver) {
      const counts = (await read(totals)).slice(0, USERS.length);
      const rows = await readCells(newest);
      // the first materialization makes what a stream began anew, and says so meanwhile
      steps.push([
        ...counts.map(({ value, status }) => (status === 'UNAVAILABLE' ? undefined : Number(value))),
        ...rows.map(({ eventTimestamp, status }) => (status === 'UNAVAILABLE' ? undefined : Number(eventTimestamp))),
      ]);
      await sleep(20);
    }
  })();
  return {
    async end() {
      isOver = true;
      await watching;
      return steps;
    },
  };
}

test('13: a stream and a materialization under which Redis restarts empty say so, and reads do, until the values are made anew', async () => {
  await send(0, 200);
  await land();
  for (const view of views) await materialize(view);
  const streams = start();
  await send(200, 400);
  await untilReached({ topics, topic }, streams);
  expect(await statuses()).toEqual(['PRESENT']);
  await land();

  const underWay = Promise.allSettled(views.map(materialize));
  await server.kill();
  await underWay;
  expect(await statuses()).toEqual(['UNAVAILABLE']);
  await server.start();
  await expect.poll(() => redis.ping(), WAIT).toBe(true);
  expect(await statuses()).toEqual(['UNAVAILABLE']);
  // what keeps streams alive makes the values anew at this sign, and begins again
  for (const stream of streams) await expect.poll(() => endOf(stream), WAIT).toBe('ONLINE_CONTENT_LOST');
  await send(400, 500);
  expect(await statuses()).toEqual(['UNAVAILABLE']);

  for (const view of views) await materialize(view);
  expect(await statuses()).toEqual(['PRESENT']);
  await untilReached({ topics, topic }, start());
  for (const view of views) expect(await read(view)).toEqual(await fromLake(view));
});

test('15: streams that race with each other, through rebalances, and with materializations never go back, and leave what the lake has', async () => {
  const rivals = start({ apart: true, batchSize: 17 });
  let members = start();
  const watch = watchValues();
  for (let round = 0; round < ROUNDS; round += 1) {
    await send(round * 100, round * 100 + 100);
    await land();
    // the group shares its partitions out anew twice: one comes, another leaves
    const joined = start({ batchSize: 31 });
    const made = await Promise.allSettled([...views, ...views].map(materialize));
    // a stream may be ahead of what has landed, and of two materializations one gives way
    for (const one of made) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'CONFLICT' });
    for (const member of members) await stop(member);
    members = joined;
  }
  await land();
  for (const view of views) await materialize(view);
  await send(ROUNDS * 100, ROUNDS * 100 + 100);
  await untilReached({ topics, topic }, [...members, ...rivals]);
  const steps = await watch.end();
  for (const place of steps[0]!.keys()) {
    const seen = steps.flatMap((step) => step[place] ?? []);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(new Set(seen).size).toBeGreaterThan(1);
  }
  for (const view of views) expect(await read(view)).toEqual(await fromLake(view));
  const seen = (await read(views[0]!)).slice(0, USERS.length).map(({ value }) => value);
  expect(seen).toEqual(USERS.map(() => (ROUNDS * 100 + 100) / USERS.length));
});
