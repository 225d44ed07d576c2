/** Streams over HTTP: on a whole platform with a real broker. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningServer } from '../../../api/server.ts';
import { startKafka, type KafkaBroker } from '../../support/kafka.ts';
import { openPlatform, type Platform } from '../workflows/platform.ts';
import { call as send, serve, type Answer } from './served-platform.ts';

const MINUTE_MILLIS = 60_000;

vi.setConfig({ testTimeout: 5 * MINUTE_MILLIS, hookTimeout: 5 * MINUTE_MILLIS });

const patient = { timeout: 2 * MINUTE_MILLIS, interval: 200 };

let broker: KafkaBroker;
let topic: string;
let platform: Platform;
let server: RunningServer;

beforeAll(async () => {
  broker = await startKafka();
  topic = await broker.createTopic(2);
  platform = await openPlatform(undefined, { kafkaBrokers: broker.brokers });
  await platform.applyDefinitions(`
import { count, derivedView, entity, featureView, fileSource, kafkaSource, numeric } from 'asof';
export const user = entity('user', { keys: { key: 'string' } });
export const clicks = kafkaSource('clicks', {
  topic: '${topic}', timestamp: 'ts', schema: { ts: 'timestamp', key: 'string', n: 'int64' },
});
export const visits = fileSource('visits', {
  path: 'inputs/*.csv', timestamp: 'ts', schema: { ts: 'timestamp', key: 'string' },
});
const seen = count({ window: 'all' });
export const totals = featureView('totals', { entities: [user], source: clicks, online: true, features: { seen } });
export const others = featureView('others', { entities: [user], source: clicks, online: true, features: { seen } });
export const offline = featureView('offline', { entities: [user], source: clicks, features: { seen } });
export const visited = featureView('visited', { entities: [user], source: visits, online: true, features: { seen } });
export const twice = derivedView('twice', {
  inputs: [totals], features: { twice: numeric() }, compute: ({ totals }) => ({ twice: 2 * totals.seen }),
});
`);
  server = await serve(platform);
});
afterAll(async () => {
  // a stream ends by itself only when it is told to
  if (server) await call('DELETE', '/v1/streams/totals');
  await server?.close();
  await platform?.close();
  await broker?.close();
});

const call = (
  method: string,
  route: string,
  body?: object | string,
  headers?: Record<string, string>,
): Promise<Answer> => send(server, method, route, body, headers);
const read = async (view: string): Promise<Answer['body']> => (await call('GET', `/v1/streams/${view}`)).body;

it('a stream is started, looked at, widened and stopped by the name of its view', async () => {
  const nothing = { run: null, state: null, startedAt: null, endedAt: null };
  expect(await call('GET', '/v1/streams')).toMatchObject({
    status: 200,
    body: {
      streams: [
        { view: 'others', ...nothing },
        { view: 'totals', ...nothing },
      ],
    },
  });
  const started = await call('POST', '/v1/streams/totals', { consumers: 1, batchSize: 10, landEvery: '2s' });
  const { run } = started.body;
  expect(started).toMatchObject({ status: 202, body: { workflowId: `stream/${platform.project}/totals` } });
  expect(started.headers.get('location')).toBe(`/v1/runs/${String(run)}`);

  const message = { ts: new Date().toISOString(), key: 'a', n: 1 };
  await expect.poll(async () => (await read('totals'))['status'], patient).toMatchObject({ step: 'consume' });
  await broker.send(
    topic,
    Array.from({ length: 25 }, () => message),
  );
  await expect
    .poll(() => read('totals'), patient)
    .toMatchObject({
      ...{ view: 'totals', run, state: 'running', endedAt: null, result: null, error: null },
      status: {
        ...{ step: 'consume', consumers: 1, applied: 25, rejected: 0, lost: '0', problem: null },
        partitions: [
          { partition: 0, next: '25', lag: '0' },
          { partition: 1, next: '0', lag: '0' },
        ],
      },
    });
  const values = await call('POST', '/v1/online-features', { features: ['totals'], entities: { key: ['a'] } });
  expect(values.body['results']).toMatchObject([{ values: ['a'] }, { values: [25], statuses: ['PRESENT'] }]);

  expect(await call('POST', '/v1/streams/totals/consumers', { consumers: 2 })).toMatchObject({
    status: 200,
    body: { run, consumers: 2 },
  });
  expect(await read('totals')).toMatchObject({ status: { consumers: 2 } });
  expect(await call('GET', `/v1/runs/${String(run)}`)).toMatchObject({
    body: { workflow: 'runStream', target: 'totals', state: 'running' },
  });

  expect(await call('DELETE', '/v1/streams/totals')).toMatchObject({ status: 202, body: { run, requested: 'stop' } });
  await expect
    .poll(() => read('totals'), patient)
    .toMatchObject({
      ...{ run, state: 'completed', result: { view: 'totals', applied: 25 }, error: null, status: null },
      endedAt: expect.any(String) as string,
    });
  expect(await call('GET', '/v1/streams')).toMatchObject({
    body: {
      streams: [
        { view: 'others', run: null },
        { view: 'totals', run, state: 'completed' },
      ],
    },
  });
  for (const [method, route, body] of [
    ['DELETE', '/v1/streams/totals', undefined],
    ['POST', '/v1/streams/totals/consumers', { consumers: 3 }],
  ] as const) {
    expect(await call(method, route, body)).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
  }
});

it('a view has one stream, whatever key a start bears; it needs no body', async () => {
  const first = await call('POST', '/v1/streams/totals');
  expect(first).toMatchObject({ status: 202 });
  const again = await call('POST', '/v1/streams/totals', { consumers: 2 }, { 'idempotency-key': 'mine' });
  expect(again).toMatchObject({ status: 202, body: first.body });
  await call('DELETE', '/v1/streams/totals');
  await expect.poll(async () => (await read('totals'))['state'], patient).toBe('completed');
});

describe('what is refused', () => {
  it.each([
    ['a view that is not there', 'POST', 'nothing', undefined, 404, 'UNKNOWN_NAME'],
    ['a view of files', 'POST', 'visited', undefined, 400, 'INVALID_VALUE'],
    ['a view that is not online', 'POST', 'offline', undefined, 400, 'INVALID_VALUE'],
    ['a derived view', 'POST', 'twice', undefined, 400, 'INVALID_VALUE'],
    ['too many consumers', 'POST', 'others', { consumers: 65 }, 400, 'USAGE'],
    ['half a consumer', 'POST', 'others', { consumers: 1.5 }, 400, 'USAGE'],
    ['an integer beyond 2^53', 'POST', 'others', '{"batchSize":9007199254740993}', 400, 'USAGE'],
    ['a landing too often', 'POST', 'others', { landEvery: '1ms' }, 400, 'INVALID_VALUE'],
    ['an unknown property', 'POST', 'others', { owner: 'me' }, 400, 'USAGE'],
    ['another project', 'POST', 'others', { project: 'other' }, 400, 'INVALID_VALUE'],
    ['a hostile name', 'POST', encodeURIComponent('x"; DROP TABLE runs; --'), undefined, 404, 'UNKNOWN_NAME'],
    ['a look at a stream that was never started', 'GET', 'others', undefined, 404, 'UNKNOWN_NAME'],
    ['the end of a stream that was never started', 'DELETE', 'others', undefined, 404, 'UNKNOWN_NAME'],
  ])('%s', async (_, method, view, body, status, code) => {
    expect(await call(method, `/v1/streams/${view}`, body)).toMatchObject({ status, body: { status, code } });
    expect((await call('GET', '/v1/streams')).body['streams']).toMatchObject([{ view: 'others', run: null }, {}]);
  });
});

it('is described', async () => {
  const { paths } = (await call('GET', '/openapi.json')).body as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  const described = Object.entries(paths).filter(([route]) => route.startsWith('/v1/streams'));
  expect(Object.fromEntries(described.map(([route, methods]) => [route, Object.keys(methods)]))).toEqual({
    '/v1/streams': ['get'],
    '/v1/streams/{view}': ['get', 'post', 'delete'],
    '/v1/streams/{view}/consumers': ['post'],
  });
});
