/** Views that make rows of messages: each message by itself, with the functions of the definitions. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { count, entity, featureView, kafkaSource, numeric, sum } from '../../../definitions/language.ts';
import { streamedView } from '../../../streaming/streamed-view.ts';
import { startKafka, type KafkaBroker } from '../../support/kafka.ts';
import { consume, openStreamFixture, readOnline, type StreamFixture } from './stream-fixture.ts';

let broker: KafkaBroker;
let fixture: StreamFixture;
let topic: string;

beforeAll(async () => {
  broker = await startKafka();
  topic = await broker.createTopic();
  const user = entity('user', { keys: { user: 'string' } });
  const events = kafkaSource('events', {
    topic,
    timestamp: 'ts',
    schema: { ts: 'timestamp', user: 'string', cents: 'int64', tags: 'string[]' },
    contract: { types: 'quarantine' },
  });
  const base = { entities: [user] as const, source: events };
  const forever = { window: 'all' } as const;
  fixture = await openStreamFixture(broker.brokers, {
    ...{ user, events },
    tags: featureView('tags', {
      ...base,
      online: true,
      schema: { tag: 'string' },
      map: (row) => (row.tags ?? []).map((tag) => ({ user: row.user, tag })),
      features: { n: count(forever), rush: count({ ...forever, where: { tag: 'rush' } }) },
    }),
    spending: featureView('spending', {
      ...base,
      online: true,
      sql: 'SELECT user AS "user", ts, cents / 100 AS euros FROM events WHERE cents > 0',
      schema: { euros: 'float64' },
      features: { n: count(forever), euros: sum('euros', forever) },
    }),
    ranks: featureView('ranks', {
      ...base,
      online: true,
      sql: 'SELECT "user", ts, row_number() OVER (PARTITION BY "user" ORDER BY ts) AS place FROM events',
      schema: { place: 'int64' },
      features: { place: numeric() },
    }),
    offline: featureView('offline', { ...base, features: { n: count(forever) } }),
  });
}, 300_000);
afterAll(async () => {
  await fixture?.close();
  await broker?.close();
});

test('rows are made of each message by the function and by the query, and a batch that comes again changes nothing', async () => {
  const at = '2024-01-01T10:00:00Z';
  await broker.send(topic, [
    { ts: at, user: 'a', cents: 150, tags: ['rush', 'gift', 'rush'] },
    'no json',
    { ts: at, user: 'b', cents: -10, tags: [] },
    { ts: at, user: null, cents: 10, tags: ['rush'] },
    { ts: at, user: 'b', cents: 50 },
  ]);
  for (const view of ['tags', 'spending']) {
    const consumer = consume(fixture, view, { batchSize: 2 });
    await consumer.caughtUp();
    await consumer.stop();
    expect(consumer.last()).toMatchObject({ rejected: 2, problem: null });
  }
  await broker.send(topic, [{ ts: at, user: 'b', cents: 25, tags: ['rush'] }]);
  for (const view of ['tags', 'spending']) {
    const consumer = consume(fixture, view);
    await consumer.caughtUp();
    await consumer.stop();
  }
  expect(await readOnline(fixture, 'tags', ['a', 'b', 'c'], '2024-01-02T00:00:00Z')).toEqual([
    { n: 3, rush: 2 },
    { n: 1, rush: 1 },
    { n: 0, rush: 0 },
  ]);
  expect(await readOnline(fixture, 'spending', ['a', 'b', 'c'], '2024-01-02T00:00:00Z')).toEqual([
    { n: 1, euros: 1.5 },
    { n: 2, euros: 0.75 },
    { n: 0, euros: null },
  ]);
}, 300_000);

test('a query over all rows, and a view that is not online, are refused before anything is read', () => {
  const { manifest, runtime } = fixture;
  expect(() => streamedView(manifest, 'ranks', runtime)).toThrow(/view ranks.*needs all rows at once.*use a `map`/);
  expect(() => streamedView(manifest, 'offline', runtime)).toThrow(/view offline.*online: true/);
  expect(() => streamedView(manifest, 'nothing', runtime)).toThrow(/nothing/);
});
