/**
 * One definition, four paths: a pack of random worlds goes through a real topic, and every value is asked of the historical
 * engine, of a materialization, of a stream from the beginning, and of a stream that goes on from a backfill.
 */
import { join } from 'node:path';
import { expect } from 'vitest';
import type { KafkaSourceManifest } from '../../../contracts/manifest.ts';
import type { FeaturePlan, PlannedView } from '../../../contracts/plan.ts';
import { Timestamp } from '../../../contracts/timestamp.ts';
import type { Micros } from '../../../contracts/time.ts';
import type { FeatureValue } from '../../../contracts/values.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import type { EngineValue } from '../../../engine/engine.ts';
import { sourceTable } from '../../../ingestion/plan-ingestion.ts';
import { sequenceOf } from '../../../ingestion/topic-sequences.ts';
import { readOnlineVectors } from '../../../online/online-reads.ts';
import { createRecordedPositions } from '../../../online/recorded-positions.ts';
import { openRedisClient, type RedisClient } from '../../../online/redis-client.ts';
import { openTopicClient, type TopicClient } from '../../../streaming/kafka-client.ts';
import type { KafkaBroker } from '../../support/kafka.ts';
import { testStack } from '../../support/stack.ts';
import { streamedPackDefinitions } from '../../world/packed/pack-definitions.ts';
import { writeSpineFile } from '../../world/packed/pack-files.ts';
import { PACK_PARTITIONS, type PackMessage, type StreamedPack } from '../../world/packed/pack-stream.ts';
import type { WorldRow } from '../../world/world.ts';
import { openFixture, readParquet, retrieve, storedSource, type OfflineFixture } from '../offline/offline-fixture.ts';
import { NO_RUNTIME } from '../online/online-fixture.ts';
import { ingestFiles } from '../offline/packed-run.ts';
import { materializeLanded, untilReached } from './landed-topics.ts';
import { startMember, type MemberOptions, type ViewMember } from './view-members.ts';

export const ONLINE_PATHS = ['materialized', 'streamed', 'backfilled and streamed'] as const;
export type OnlinePath = (typeof ONLINE_PATHS)[number];

/** A row of the topic, as every path has to number it. */
export interface ArrivedRow extends WorldRow {
  readonly late: boolean;
}

/** What one path says: by output column, by instant, by key. Undefined where Redis does not answer for such an instant. */
export type PathValues = ReadonlyMap<string, readonly (readonly (EngineValue | undefined)[])[]>;

export interface FourPaths {
  readonly plan: FeaturePlan;
  readonly rows: readonly ArrivedRow[];
  readonly historical: PathValues;
  readonly online: Readonly<Record<OnlinePath, PathValues>>;
  /** The two streamed paths once more, after a materialization has brought what came too late. */
  readonly caughtUp: Readonly<Partial<Record<OnlinePath, PathValues>>>;
}

interface Run {
  readonly pack: StreamedPack;
  readonly instants: readonly Micros[];
  readonly topic: string;
  readonly broker: KafkaBroker;
  readonly fixture: OfflineFixture;
  readonly topics: TopicClient;
  readonly redis: RedisClient;
  readonly plan: FeaturePlan;
  readonly running: Set<ViewMember>;
}

/** Beyond every row of a pack. */
const DAYS = 10n ** 12n;
const WAIT = { timeout: 600_000 };

export async function runFourPaths(
  broker: KafkaBroker,
  pack: StreamedPack,
  instants: readonly Micros[],
): Promise<FourPaths> {
  const topic = await broker.createTopic(PACK_PARTITIONS);
  const fixture = await openFixture(streamedPackDefinitions(pack.kind.source, topic));
  const topics = openTopicClient(broker);
  const redis = openRedisClient({ url: testStack().redisUrl, readDeadlineMillis: 10_000 });
  const plan = resolveFeatures(fixture.manifest, { features: fixture.manifest.views.map(({ name }) => name) });
  const run: Run = { pack, instants, topic, broker, fixture, topics, redis, plan, running: new Set() };
  try {
    await bring(run);
    const online = {
      materialized: await readPath(run, 'materialized'),
      streamed: await readPath(run, 'streamed'),
      'backfilled and streamed': await readPath(run, 'backfilled and streamed'),
    };
    for (const path of ['streamed', 'backfilled and streamed'] as const) await materialize(run, path);
    return {
      plan,
      rows: await arrivedRows(run),
      historical: await readHistorical(run),
      online,
      caughtUp: {
        streamed: await readPath(run, 'streamed'),
        'backfilled and streamed': await readPath(run, 'backfilled and streamed'),
      },
    };
  } finally {
    for (const member of run.running) await member.stop();
    await redis.close();
    await topics.close();
    await fixture.close();
  }
}

/** The messages, and what takes them to the lake and to Redis; consumers are cut and come back in the middle of each part. */
async function bring(run: Run): Promise<void> {
  const { before, after } = run.pack;
  const half = Math.ceil(before.length / 2);
  const first = startMembers(run, 'streamed', { batchSize: 250 });
  // they race for the same offsets, and find them taken
  const rivals = startMembers(run, 'streamed', { batchSize: 400, apart: true });
  await send(run, before.slice(0, half));
  await begun(first);
  await Promise.all(first.map((member) => end(run, member, 'cut')));
  await send(run, before.slice(half));
  const second = startMembers(run, 'streamed', { batchSize: 1000 });
  await untilReached(run, second);
  await Promise.all(rivals.map((member) => end(run, member, 'stop')));
  await ingest(run);
  await materialize(run, 'backfilled and streamed');
  const onward = startMembers(run, 'backfilled and streamed', { batchSize: 250 });
  await send(run, after);
  await begun(onward);
  await Promise.all(onward.map((member) => end(run, member, 'cut')));
  const last = startMembers(run, 'backfilled and streamed', { batchSize: 1000 });
  await untilReached(run, [...second, ...last]);
  await ingest(run);
  await materialize(run, 'materialized');
  await Promise.all([...second, ...last].map((member) => end(run, member, 'stop')));
}

function startMembers(run: Run, path: OnlinePath, options: MemberOptions): readonly ViewMember[] {
  const { fixture, broker } = run;
  const surroundings = { ...fixture, brokers: broker.brokers, redisUrl: testStack().redisUrl };
  return run.plan.views.map((planned) => {
    const member = startMember(surroundings, onPath(planned, path), options);
    run.running.add(member);
    return member;
  });
}

async function end({ running }: Run, member: ViewMember, how: 'cut' | 'stop'): Promise<void> {
  running.delete(member);
  await member[how]();
}

/** Values of each path stand under a version of their own, as those of a changed view do. */
function onPath(planned: PlannedView, path: OnlinePath): PlannedView & { readonly source: KafkaSourceManifest } {
  const { view, source } = planned;
  const fingerprint = `${ONLINE_PATHS.indexOf(path)}${view.fingerprint}`;
  return { ...planned, source: source as KafkaSourceManifest, view: { ...view, fingerprint } };
}

async function send({ broker, topic }: Run, messages: readonly PackMessage[]): Promise<void> {
  for (let partition = 0; partition < PACK_PARTITIONS; partition += 1) {
    const texts = messages.filter((message) => message.partition === partition).map(({ text }) => text);
    await broker.send(topic, texts, partition);
  }
}

/** That each member is at work: whoever applied what is behind it. */
async function begun(members: readonly ViewMember[]): Promise<void> {
  const hasBegun = (member: ViewMember) => member.last()?.partitions.some(({ next }) => next > 0n) ?? false;
  await expect.poll(() => members.every(hasBegun), WAIT).toBe(true);
}

function ingest({ fixture, topics, pack }: Run): Promise<void> {
  return ingestFiles({ ...fixture, topics }, pack.kind.source);
}

async function materialize({ fixture, plan, redis, topic, pack }: Run, path: OnlinePath): Promise<void> {
  const views = plan.views.map((planned) => onPath(planned, path).view);
  for (const view of views) await materializeLanded({ ...fixture, redis }, view, { topic, to: pack.kind.base + DAYS });
}

async function readPath({ fixture, redis, plan, pack, instants }: Run, path: OnlinePath): Promise<PathValues> {
  const { project, catalog } = fixture;
  const positions = createRecordedPositions(catalog.intervals);
  const planned = { ...plan, views: plan.views.map((view) => onPath(view, path)) };
  const values = new Map<string, (EngineValue | undefined)[][]>();
  for (const at of instants) {
    const { features } = await readOnlineVectors(
      { project, redis, positions, lake: null },
      {
        plan: planned,
        runtime: NO_RUNTIME,
        entities: { name: pack.keys.map((key) => key[0]), code: pack.keys.map((key) => key[1]) },
        at,
      },
    );
    for (const { column, cells } of features) {
      const ofInstant = cells.map(({ status, value }) =>
        status === 'UNAVAILABLE' ? undefined : toEngine(value, column.feature.valueType),
      );
      values.set(column.name, [...(values.get(column.name) ?? []), ofInstant]);
    }
  }
  return values;
}

async function readHistorical({ fixture, plan, pack, instants }: Run): Promise<PathValues> {
  const spine = join(fixture.directory, 'spine.parquet');
  const requests = instants.flatMap((at) => pack.keys.map((keys) => ({ keys, at })));
  await writeSpineFile(fixture.engine, requests, spine);
  const request = { features: fixture.manifest.views.map(({ name }) => name) };
  const { path } = await retrieve(fixture, { spine, request, output: 'four-paths.parquet' });
  const rows = await readParquet(fixture, path);
  return new Map(
    plan.columns.map(({ name }) => [
      name,
      instants.map((_, instant) => pack.keys.map((_key, key) => rows[instant * pack.keys.length + key]![name]!)),
    ]),
  );
}

/** The messages that are rows, numbered by the place that they have in the topic. */
async function arrivedRows({ fixture, pack, topic }: Run): Promise<readonly ArrivedRow[]> {
  const source = storedSource(fixture, pack.kind.source);
  const table = sourceTable(fixture.project, source.name);
  const offsets = Array.from({ length: PACK_PARTITIONS }, () => 0n);
  const rows: ArrivedRow[] = [];
  for (const { partition, row, late } of [...pack.before, ...pack.after]) {
    const offset = offsets[partition]!;
    offsets[partition] = offset + 1n;
    if (row === null || (source.eventId !== null && row.values.id === null)) continue;
    const sequence = await sequenceOf(fixture.catalog.tables, table, { topic, partition, offset });
    rows.push({ ...row, sequence, late });
  }
  return rows;
}

/** As the engine has it: counts are plain numbers in TypeScript. */
function toEngine(value: FeatureValue, type: string): EngineValue {
  if (value instanceof Timestamp) return value.epochMicroseconds;
  if (Array.isArray(value)) return value.map((item) => toEngine(item as FeatureValue, ''));
  return typeof value === 'number' && type === 'int64' ? BigInt(value) : (value as EngineValue);
}
