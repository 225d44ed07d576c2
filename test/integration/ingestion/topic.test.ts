/** A topic of a real broker lands in the lake: each message once, in its place, or in the quarantine with the reason. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { KafkaSourceManifest } from '../../../contracts/manifest.ts';
import { literalText } from '../../../engine/sql.ts';
import { planIngestion } from '../../../ingestion/plan-ingestion.ts';
import { publishIngestion } from '../../../ingestion/publish-ingestion.ts';
import { stageGroup } from '../../../ingestion/stage-group.ts';
import { openTopicClient, type TopicClient } from '../../../streaming/kafka-client.ts';
import { createCatalogDatabase, type TestDatabase } from '../../support/catalog.ts';
import { startKafka, type KafkaBroker } from '../../support/kafka.ts';
import type { Ingestion } from '../../support/killed-ingestion-starter.ts';
import { expectationOf, topicSourceOf } from './fixtures.ts';
import { manifestOf, openWorld, viewOf, type IngestOptions, type World } from './world.ts';

const STARTER = path.resolve(import.meta.dirname, '../../support/killed-ingestion-starter.ts');
const BLOCK = 2n ** 20n;

let broker: KafkaBroker;
let topics: TopicClient;
let database: TestDatabase;
let catalog: Catalog;
let world: World;

beforeAll(async () => {
  broker = await startKafka();
  topics = openTopicClient(broker);
  database = await createCatalogDatabase();
  catalog = await openCatalog({ url: database.url, poolSize: 2 });
});
afterAll(async () => {
  await topics?.close();
  await catalog?.close();
  await database?.drop();
  await broker?.close();
});
beforeEach(async () => {
  world = await openWorld({ catalog });
});
afterEach(() => world[Symbol.asyncDispose]());

const message = (key: string, n: number | string = 1, ts = '2024-01-01T00:00:00Z') => ({ ts, key, n });
const ingest = (source: KafkaSourceManifest, options: IngestOptions = {}) =>
  world.ingest(source, { topics, ...options });
const keys = async () => (await world.rows()).map(({ key }) => key);

async function sequences(): Promise<readonly bigint[]> {
  const { files } = await catalog.tables.files(world.table);
  const paths = await Promise.all(files.map((file) => world.lake.checkedPath(file)));
  const lists = await Promise.all(
    paths.map((file) =>
      world.engine.session((session) => session.rows(`SELECT __seq AS s FROM read_parquet(${literalText(file)})`)),
    ),
  );
  return lists
    .flat()
    .map(({ s }) => s as bigint)
    .sort((a, b) => (a < b ? -1 : 1));
}

const reached = async (source: KafkaSourceManifest) => [
  ...(await catalog.tables.topicPositions(world.table, source.topic)),
];

describe('landing', () => {
  test('takes every partition from where the last run ended, once', async () => {
    const source = topicSourceOf(await broker.createTopic(2));
    await broker.send(source.topic, [message('a'), message('b')], 1);
    await broker.send(source.topic, [message('c')], 0);
    expect(await ingest(source)).toMatchObject({ rowsIn: 3, committed: 3, quarantined: 0, deduplicated: 0, inputs: 2 });
    expect(await keys()).toEqual(['c', 'a', 'b']);
    const again = await ingest(source);
    expect(again).toMatchObject({ rowsIn: 0, inputs: 0, unchangedInputs: 2, snapshot: 1 });
    expect(again.warnings).toEqual([
      `nothing new: every message of topic ${source.topic} was ingested before; no snapshot was made`,
    ]);
    await broker.send(source.topic, [message('d')], 0);
    expect(await ingest(source)).toMatchObject({ rowsIn: 1, committed: 1, inputs: 1, unchangedInputs: 1, snapshot: 2 });
    expect(await keys()).toEqual(['c', 'd', 'a', 'b']);
    expect(await reached(source)).toEqual([
      [0, 2n],
      [1, 2n],
    ]);
  });

  test('gives a message the sequence of its partition and offset, whoever comes first', async () => {
    const source = topicSourceOf(await broker.createTopic(2));
    await broker.send(source.topic, [message('a'), message('b')], 1);
    await ingest(source);
    await broker.send(source.topic, [message('c')], 0);
    await broker.send(source.topic, ['poison', message('d')], 1);
    await ingest(source);
    // partition 1 was the first to get a block
    expect(await sequences()).toEqual([1n, 2n, 4n, 1n + BLOCK]);
  });

  test('keeps every digit of a number, and members that nobody declared', async () => {
    const source = topicSourceOf(await broker.createTopic());
    await broker.send(source.topic, [
      '{"ts":"2024-01-01T00:00:00.123456Z","key":"a","n":9223372036854775807,"more":{"x":[1]}}',
      { ts: '2024-01-01', key: 'b' },
    ]);
    await ingest(source);
    expect(await world.rows()).toMatchObject([
      { key: 'a', n: 9223372036854775807n, more: '{"x":[1]}', ts: 1704067200123456n },
      { key: 'b', n: null, more: null },
    ]);
  });

  test('a message that was sent twice is two events: an id makes them one where they are counted', async () => {
    const source = topicSourceOf(await broker.createTopic(), { eventId: 'key' });
    await broker.send(source.topic, [message('a'), message('a')]);
    expect(await ingest(source)).toMatchObject({ committed: 2, deduplicated: 0 });
  });

  test('a range of time is refused: offsets say what is new', async () => {
    const source = topicSourceOf(await broker.createTopic());
    await expect(ingest(source, { range: { from: 0n, to: 1n } })).rejects.toMatchObject({ code: 'INVALID_RANGE' });
  });
});

describe('fault 17: what cannot be a row', () => {
  test('is quarantined with topic, partition, offset and reason, and holds nothing up', async () => {
    const source = topicSourceOf(await broker.createTopic(2), {
      eventId: 'id',
      columns: [...topicSourceOf('t').columns, { name: 'id', type: 'string', from: 'id' }],
    });
    const views = [{ ...viewOf('v', 'f'), keys: [{ name: 'k', type: 'string' as const, column: 'key' }] }];
    const good = { ...message('good'), id: '1' };
    const bad: readonly (readonly [Parameters<KafkaBroker['send']>[1][number], string | RegExp])[] = [
      [null, /tombstone/],
      ['no json', 'the message is not JSON'],
      ['[1]', 'the message is not a JSON object'],
      [Buffer.from([0x7b, 0xff, 0x7d]), 'the message is not UTF-8'],
      ['{"ts":"2024-01-01","key":"\\ud800","id":"1"}', 'the message is not JSON'],
      [JSON.stringify({ ...good, filler: 'x'.repeat(10_000_000) }), /larger than 1 MiB/],
      [{ ...good, __seq: 5 }, /cannot be a column/],
      [{ ...good, Key: 'twice' }, /cannot be a column/],
      [{ ...good, n: 'seven' }, 'column "n" is not a valid int64'],
      [{ ...good, ts: 'soon' }, 'column "ts" is not a valid timestamp'],
      [{ ...good, ts: '9999-01-01T00:00:00Z' }, /more than a day after the time of its message/],
      [{ ...good, ts: undefined }, /not_be_null.*ts/],
      [{ ...good, key: undefined }, /not_be_null.*key/],
      [{ ...good, id: null }, /not_be_null.*id/],
    ];
    await broker.send(source.topic, [...bad.map(([value]) => value), good], 1);
    const result = await ingest(source, { views });
    expect(result).toMatchObject({ rowsIn: bad.length + 1, committed: 1, quarantined: bad.length });
    const rows = await world.quarantine();
    expect(rows.map(({ topic, partition, offset, input }) => ({ topic, partition, offset, input }))).toEqual(
      bad.map((_, offset) => ({
        topic: source.topic,
        partition: 1n,
        offset: BigInt(offset),
        input: `kafka:${source.topic}/1`,
      })),
    );
    expect(rows.map(({ rules }) => (rules as string[])[0])).toEqual(
      bad.map(([, reason]) => (typeof reason === 'string' ? reason : (expect.stringMatching(reason) as string))),
    );
    expect(rows.map(({ raw }) => raw)[1]).toBe('no json');
    expect(await keys()).toEqual(['good']);
    expect(await ingest(source, { views })).toMatchObject({ rowsIn: 0 });
  });

  test('by a rule of the source too', async () => {
    const rule = expectationOf(
      'expect_column_values_to_be_between',
      { column: 'n', max_value: 5 },
      { onFailure: 'quarantine' },
    );
    const source = topicSourceOf(await broker.createTopic(), { expectations: [rule] });
    await broker.send(source.topic, [message('a', 5), message('b', 6)]);
    expect(await ingest(source)).toMatchObject({ committed: 1, quarantined: 1 });
    expect((await world.quarantine()).map(({ offset }) => offset)).toEqual([1n]);
  });

  test('stops the source where its contract freezes types, and says at which offset', async () => {
    const source = topicSourceOf(await broker.createTopic(), { contract: { columns: 'evolve', types: 'freeze' } });
    await broker.send(source.topic, [message('a'), message('b', 'x')]);
    await expect(ingest(source)).rejects.toThrow(
      `kafka:${source.topic}/0, row 1, column "n": "x" is not a valid int64`,
    );
    expect(await reached(source)).toEqual([]);
  });

  test('nor do messages of which none has a column', async () => {
    const source = topicSourceOf(await broker.createTopic());
    await broker.send(source.topic, [{ other: 1 }, '{}']);
    expect(await ingest(source)).toMatchObject({ committed: 0, quarantined: 2 });
    expect(await reached(source)).toEqual([[0, 2n]]);
  });
});

describe('fault 18: what is gone, and who is away', () => {
  test('messages that retention took are a gap with a warning, never a silent skip', async () => {
    const source = topicSourceOf(await broker.createTopic());
    await broker.send(source.topic, [message('a'), message('b'), message('c'), message('d')]);
    await broker.dropBefore(source.topic, 1);
    // what was gone before the first run was never promised
    expect((await ingest(source)).warnings).toEqual([]);
    await broker.send(source.topic, [message('e'), message('f')]);
    await broker.dropBefore(source.topic, 5);
    const lost = { topic: source.topic, partition: 0, from: 4n, to: 5n, lost: true };
    expect((await ingest(source)).warnings).toEqual([
      expect.stringContaining(`topic ${source.topic}, partition 0: offsets 4 to 4 were gone before they were read`),
    ]);
    expect(await keys()).toEqual(['b', 'c', 'd', 'f']);
    expect(await catalog.tables.lostRanges(world.table)).toEqual([lost]);
    // all that is new is gone
    await broker.send(source.topic, [message('g')]);
    await broker.dropBefore(source.topic, 7);
    expect(await ingest(source)).toMatchObject({ rowsIn: 0, inputs: 1, warnings: [expect.stringContaining('6 to 6')] });
    expect(await reached(source)).toEqual([[0, 7n]]);
  });

  test('so are those that went between plan and reading', async () => {
    const source = topicSourceOf(await broker.createTopic());
    await broker.send(source.topic, [message('a'), message('b'), message('c')]);
    const stores = { ...world, topics };
    const request = { manifest: manifestOf(world.project, source), source: 'events', runId: randomUUID() };
    const { planUri } = await planIngestion(stores, request);
    await broker.dropBefore(source.topic, 2);
    await stageGroup(stores, { planUri, group: 0 });
    const result = await publishIngestion(stores, { planUri });
    expect(result).toMatchObject({ committed: 1, warnings: [expect.stringContaining('offsets 0 to 1 were gone')] });
    expect(await keys()).toEqual(['c']);
    expect(await reached(source)).toEqual([[0, 3n]]);
  });

  test('a topic that is shorter than what was read of it is refused', async () => {
    const source = topicSourceOf(await broker.createTopic());
    await broker.send(source.topic, [message('a'), message('b')]);
    await ingest(source);
    await broker.admin.deleteTopics({ topics: [source.topic] });
    await expect.poll(() => broker.admin.listTopics()).not.toContain(source.topic);
    await broker.createTopic(1, source.topic);
    await expect(ingest(source)).rejects.toMatchObject({
      code: 'TOPIC_UNREADABLE',
      message: expect.stringContaining('made anew') as string,
    });
  });

  test('a broker that is away fails the run, which may be tried again; no broker is a mistake', async () => {
    const source = topicSourceOf('some_topic');
    const away = openTopicClient({ brokers: ['127.0.0.1:1'] });
    await expect(world.ingest(source, { topics: away })).rejects.toMatchObject({
      code: 'KAFKA_UNAVAILABLE',
      retryable: true,
    });
    await expect(world.ingest(source)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/KAFKA_BROKERS.*asof dev --with kafka/) as string,
    });
  });
});

describe('faults 1 and 2: exactly once', () => {
  test.each(['staged', 'committed'] as const)(
    'a process that is killed when its work is %s leaves a run that the next attempt completes',
    async (killed) => {
      const source = topicSourceOf(await broker.createTopic());
      await broker.send(source.topic, [message('a'), 'poison', message('b')]);
      const manifest = manifestOf(world.project, source);
      const runId = randomUUID();
      const { folder } = world;
      const ingestion: Ingestion = {
        ...{ manifest, runId, killed },
        catalogUrl: database.url,
        brokers: broker.brokers,
        folder: folder.path,
      };
      const child = spawn(process.execPath, ['--import', 'tsx', STARTER, JSON.stringify(ingestion)], {
        stdio: 'inherit',
      });
      expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
      expect(await catalog.tables.head(world.table)).toBe(killed === 'committed' ? 1 : 0);
      await broker.send(source.topic, [message('c')]);
      // the attempt after it, and a run after that
      expect(await ingest(source, { runId })).toMatchObject({ committed: 2, quarantined: 1, snapshot: 1 });
      expect(await ingest(source)).toMatchObject({ committed: 1, quarantined: 0, snapshot: 2 });
      expect(await keys()).toEqual(['a', 'b', 'c']);
      expect(await sequences()).toEqual([1n, 3n, 4n]);
      const conservation = await catalog.tables.conservation(world.table);
      expect(conservation.reduce((sum, { rowsIn }) => sum + rowsIn, 0)).toBe(4);
    },
  );

  test('two runs that read the same messages count them once', async () => {
    const source = topicSourceOf(await broker.createTopic());
    const stores = { ...world, topics };
    const prepare = async (): Promise<string> => {
      const request = { manifest: manifestOf(world.project, source), source: 'events', runId: randomUUID() };
      const { planUri, groups } = await planIngestion(stores, request);
      for (let group = 0; group < groups; group++) await stageGroup(stores, { planUri, group });
      return planUri;
    };
    await broker.send(source.topic, [message('a')]);
    const one = await prepare();
    const same = await prepare();
    await broker.send(source.topic, [message('b')]);
    const two = await prepare();
    expect(await publishIngestion(stores, { planUri: one })).toMatchObject({ committed: 1 });
    expect(await publishIngestion(stores, { planUri: two })).toMatchObject({ committed: 1 });
    expect(await publishIngestion(stores, { planUri: same })).toMatchObject({ committed: 0, rowsIn: 0 });
    expect(await keys()).toEqual(['a', 'b']);
  });
});
