/** Frames, datasets and runs over HTTP, on a whole platform. */
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../../api/server.ts';
import { startRun, waitForRun } from '../../../workers/starter.ts';
import type { Platform } from '../workflows/platform.ts';
import { call as send, DAYS, openFlightsPlatform, serve, type Answer } from './served-platform.ts';

const ARROW = 'application/vnd.apache.arrow.stream';

let platform: Platform;
let server: RunningServer;
let spine: string;

beforeAll(async () => {
  platform = await openFlightsPlatform();
  const { client, project, directory } = platform;
  await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
  spine = path.join(directory, 'spine.csv');
  const lines = DAYS.map((day, index) => `${day}T12:00:00Z,${index % 3 === 0 ? 'JFK' : 'ORD'},${index}`);
  writeFileSync(spine, ['event_timestamp,origin,label', ...lines].join('\n'));
  server = await serve(platform);
});
afterAll(async () => {
  await server?.close();
  await platform?.close();
});

const call = (
  method: string,
  route: string,
  body?: string | object,
  headers?: Record<string, string>,
): Promise<Answer> => send(server, method, route, body, headers);

async function arrowOf(method: string, route: string, body?: object) {
  const response = await fetch(`${server.url}${route}`, {
    method,
    headers: { accept: ARROW, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, ARROW]);
  return tableFromIPC(new Uint8Array(await response.arrayBuffer()));
}

const post = (route: string, body: string | object, headers?: Record<string, string>) =>
  call('POST', route, body, headers);

/** Waits for the end of a run by asking for it. */
async function ended(id: string): Promise<Answer['body']> {
  for (;;) {
    const { status, body } = await call('GET', `/v1/runs/${id}`);
    expect(status).toBe(200);
    if (body['state'] !== 'running') return body;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

describe('POST /v1/historical', () => {
  const rows = [
    { origin: 'ORD', event_timestamp: '2001-01-03T00:00:00.5+02:00', label: 'a', big: 1 },
    { origin: null, event_timestamp: '2001-01-03' },
    { origin: 'JFK', event_timestamp: '2001-01-05T12:00:00Z', label: null },
    { origin: 'ORD', event_timestamp: '2001-01-03T00:00:00.5+02:00', label: 'a' },
  ];

  test('answers every row once, in order, with its own columns untouched', async () => {
    const { status, body } = await post('/v1/historical', { rows, features: ['latest:delay', 'delays'] });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      columns: ['origin', 'event_timestamp', 'label', 'big', 'latest__delay', 'delays__flights_1d'],
      snapshots: { flights: 1 },
      leakage: { latest__delay: 'unknown' },
    });
    expect(body['rows']).toMatchObject([
      { ...rows[0], latest__delay: 10, delays__flights_1d: 1 },
      { event_timestamp: '2001-01-03' },
      { ...rows[2], latest__delay: 4, delays__flights_1d: 1 },
      { ...rows[3], latest__delay: 10 },
    ]);
  });

  test('keeps integers beyond 2^53 and takes the service of names', async () => {
    const body = `{"rows": [{"origin": "ORD", "event_timestamp": "2001-01-03", "id": 9223372036854775807}], "features": ["latest"]}`;
    const answer = await post('/v1/historical', body);
    expect(answer.body['rows']).toMatchObject([{ id: '9223372036854775807', latest__delay: 10 }]);
  });

  test('answers keys at the instants of a range', async () => {
    const range = { from: '2001-01-02', to: '2001-01-03', every: '12h' };
    const { body } = await post('/v1/historical', {
      entities: { origin: ['ORD', 'XXX'] },
      ...range,
      features: ['latest'],
    });
    expect((body['rows'] as { latest__delay: number | null }[]).map((row) => row.latest__delay)).toEqual([
      0,
      0,
      null,
      null,
    ]);
  });

  test('answers as an Arrow stream on request', async () => {
    const table = await arrowOf('POST', '/v1/historical', { rows, features: ['latest:delay', 'lateness'] });
    expect(table.schema.fields.map(({ name, type }) => `${name} ${String(type)}`)).toEqual([
      'origin Utf8',
      'event_timestamp Utf8',
      'label Utf8',
      'big Int64',
      'latest__delay Int64',
      'lateness__late_flights Float64',
    ]);
    expect([...table.getChild('latest__delay')!]).toEqual([10n, null, 4n, 10n]);
  });

  test('answers no rows with none', async () => {
    const { status, body } = await post('/v1/historical', { rows: [], features: ['latest:delay'] });
    expect([status, body['rows']]).toEqual([200, []]);
    const empty = await post('/v1/historical', {
      ...{ entities: { origin: [] }, from: '2001-01-01', to: '2001-01-02' },
      features: ['latest:delay'],
    });
    expect([empty.status, empty.body['rows']]).toEqual([200, []]);
  });

  test.each<[string, string | object, number, string, string]>([
    ['neither rows nor entities', { features: ['latest'] }, 400, 'USAGE', 'give "rows", or "entities"'],
    [
      'rows and a range',
      { rows, from: '2001-01-01', to: '2001-01-02', features: ['latest'] },
      400,
      'USAGE',
      'give "rows"',
    ],
    ['no features', { rows }, 400, 'USAGE', 'features'],
    ['an unknown feature', { rows, features: ['latest:x'] }, 404, 'UNKNOWN_NAME', 'latest:delay'],
    [
      'no key',
      { rows: [{ event_timestamp: '2001-01-01' }], features: ['latest'] },
      400,
      'SPINE_COLUMN_MISSING',
      'origin',
    ],
    [
      'a key of another type',
      { rows: [{ origin: 1, event_timestamp: '2001-01-01' }], features: ['latest'] },
      400,
      'KEY_TYPE_MISMATCH',
      'rows, row 1',
    ],
    [
      'no instant',
      { rows: [{ origin: 'ORD', event_timestamp: 'soon' }], features: ['latest'] },
      422,
      'INPUT_VALUE_INVALID',
      'row 1',
    ],
    ['an unknown property', { rows, features: ['latest'], owner: 'me' }, 400, 'USAGE', 'owner'],
    [
      'a range that goes back',
      { entities: { origin: ['ORD'] }, from: '2001-01-02', to: '2001-01-01', features: ['latest'] },
      400,
      'INVALID_RANGE',
      'from',
    ],
    [
      'lists of keys of two lengths',
      { entities: { origin: ['ORD'], x: [] }, from: '2001-01-01', to: '2001-01-02', features: ['latest'] },
      400,
      'INVALID_VALUE',
      'lengths',
    ],
    [
      'a grid beyond the limit',
      { entities: { origin: ['ORD'] }, from: '1900-01-01', to: '2100-01-01', features: ['latest'] },
      400,
      'LIMIT_EXCEEDED',
      '100000',
    ],
    ['no JSON', '{"rows": [', 400, 'USAGE', 'JSON'],
  ])('refuses %s', async (_, body, status, code, text) => {
    const answer = await post('/v1/historical', body);
    expect(answer).toMatchObject({ status, body: { status, code, detail: expect.stringContaining(text) as unknown } });
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(JSON.stringify(answer.body)).not.toContain(platform.directory);
  });

  test('refuses more rows than its limit', async () => {
    const many = Array.from({ length: 100_001 }, () => ({ origin: 'ORD', event_timestamp: '2001-01-03' }));
    const answer = await post('/v1/historical', { rows: many, features: ['latest'] });
    expect(answer).toMatchObject({ status: 400, body: { code: 'LIMIT_EXCEEDED' } });
  });
});

describe('datasets', () => {
  const body = () => ({ name: 'web', spine, features: ['latest:delay', 'lateness'], seed: 5 });

  test('are built by a run that can be followed, once for each idempotency key', async () => {
    const headers = { 'idempotency-key': 'k-1' };
    const started = await post('/v1/datasets', body(), headers);
    expect(started).toMatchObject({ status: 202, body: { run: expect.any(String) as unknown } });
    const run = String(started.body['run']);
    expect(started.headers.get('location')).toBe(`/v1/runs/${run}`);
    const done = await ended(run);
    expect(done).toMatchObject({
      ...{ id: run, workflow: 'buildTrainingDataset', target: 'web', state: 'completed', error: null },
      result: { name: 'web', version: 1, rows: 10 },
    });
    const { name, ...rest } = body();
    expect(await post('/v1/datasets', { ...rest, name }, headers)).toMatchObject({ status: 202, body: { run } });
    expect(await post('/v1/datasets', { ...body(), seed: 6 }, headers)).toMatchObject({
      status: 409,
      body: { code: 'IDEMPOTENCY_MISMATCH' },
    });
    expect((await call('GET', '/v1/datasets/web')).body).toMatchObject({ name: 'web', versions: [{ version: 1 }] });
  });

  test('are listed and described', async () => {
    const { body: list } = await call('GET', '/v1/datasets');
    expect(list).toMatchObject({ datasets: [{ name: 'web', version: 1, rows: 10, seed: 5 }] });
    const { body: manifest } = await call('GET', '/v1/datasets/web/1');
    expect(manifest).toMatchObject({
      format: 1,
      name: 'web',
      rows: 10,
      splits: [],
      build: { retrieval: { shards: 1 } },
    });
    expect((manifest['statistics'] as unknown[]).length).toBe(5);
  });

  test('are read as Arrow streams, whole or by part', async () => {
    const table = await arrowOf('GET', '/v1/datasets/web/1');
    expect(table.numRows).toBe(10);
    expect([...table.getChild('label')!]).toEqual(Array.from({ length: 10 }, (_, index) => String(index)));
    expect([...table.getChild('latest__delay')!].slice(0, 4)).toEqual([0n, 0n, 10n, 3n]);
    const unknown = await call('GET', '/v1/datasets/web/1?split=train', undefined, { accept: ARROW });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'UNKNOWN_NAME' } });
  });

  test('a caller that leaves in the middle leaves nothing open', async () => {
    const { hostname, port } = new URL(server.url);
    for (let round = 0; round < 5; round++) {
      const socket = connect(Number(port), hostname);
      await new Promise<void>((resolve) => socket.once('connect', resolve));
      socket.write(`GET /v1/datasets/web/1 HTTP/1.1\r\nHost: x\r\nAccept: ${ARROW}\r\n\r\n`);
      if (round % 2 === 0) await new Promise((resolve) => socket.once('data', resolve));
      socket.destroy();
    }
    expect((await arrowOf('GET', '/v1/datasets/web/1')).numRows).toBe(10);
  });

  test('of a query and of a version are built as well', async () => {
    const query = "select origin, date as event_timestamp from flights where origin = 'JFK' order by date";
    const asked = await post('/v1/datasets', { name: 'asked', spine: { query }, features: ['latest:delay'] });
    expect(await ended(String(asked.body['run']))).toMatchObject({ result: { rows: 10 } });
    const again = await post('/v1/datasets', { name: 'asked', rebuild: 'asked@1' });
    expect(await ended(String(again.body['run']))).toMatchObject({ result: { version: 2, rows: 10 } });
  });

  test('a run that fails says why', async () => {
    const started = await post('/v1/datasets', { ...body(), name: 'none', spine: '/nowhere/spine.csv' });
    expect(await ended(String(started.body['run']))).toMatchObject({
      state: 'failed',
      error: { code: 'INPUT_NOT_FOUND', message: expect.stringContaining('/nowhere/spine.csv') as unknown },
    });
  });

  test.each<[string, string, string, object | undefined, number, string]>([
    ['an unknown dataset', 'GET', '/v1/datasets/nobody', undefined, 404, 'UNKNOWN_NAME'],
    ['an unknown version', 'GET', '/v1/datasets/web/99', undefined, 404, 'UNKNOWN_NAME'],
    ['a version that is no number', 'GET', '/v1/datasets/web/latest', undefined, 400, 'USAGE'],
    ['a part without rows asked for', 'GET', '/v1/datasets/web/1?split=train', undefined, 400, 'USAGE'],
    ['an unknown run', 'GET', '/v1/runs/nobody', undefined, 404, 'UNKNOWN_NAME'],
    [
      'another project',
      'POST',
      '/v1/datasets',
      { project: 'other', name: 'x', spine: '/x.csv', service: 's' },
      400,
      'INVALID_VALUE',
    ],
    ['a hostile name', 'POST', '/v1/datasets', { name: '../x', spine: '/x.csv', service: 's' }, 400, 'INVALID_VALUE'],
    ['no spine', 'POST', '/v1/datasets', { name: 'x', service: 's' }, 400, 'INVALID_VALUE'],
    [
      'an unknown property',
      'POST',
      '/v1/datasets',
      { name: 'x', spine: '/x.csv', service: 's', owner: 'me' },
      400,
      'USAGE',
    ],
    [
      'a spine of another shape',
      'POST',
      '/v1/datasets',
      { name: 'x', spine: { from: '2001-01-01' }, service: 's' },
      400,
      'USAGE',
    ],
  ])('%s is a problem', async (_, method, route, sent, status, code) => {
    expect(await call(method, route, sent)).toMatchObject({ status, body: { status, code } });
  });
});

test('the OpenAPI document describes the routes with their schemas', async () => {
  const { body } = await call('GET', '/openapi.json');
  const paths = body['paths'] as Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining([
      ...['/v1/historical', '/v1/datasets', '/v1/datasets/{name}', '/v1/datasets/{name}/{version}', '/v1/runs/{id}'],
    ]),
  );
  expect(paths['/v1/datasets/{name}/{version}']?.['get']).toMatchObject({
    parameters: [
      { name: 'name', in: 'path', required: true },
      { name: 'version', in: 'path', required: true },
      { name: 'split', in: 'query', required: false },
    ],
    responses: {
      200: { content: { 'application/json': {}, [ARROW]: {} } },
      default: { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
    },
  });
  expect(paths['/v1/datasets']?.['post']).toMatchObject({
    parameters: [{ name: 'idempotency-key', in: 'header' }],
    requestBody: { content: { 'application/json': { schema: { required: ['name'] } } } },
    responses: { 202: { headers: { location: {} } } },
  });
  expect(body['components']).toMatchObject({
    schemas: { Problem: { required: expect.arrayContaining(['code']) as unknown } },
  });
});
