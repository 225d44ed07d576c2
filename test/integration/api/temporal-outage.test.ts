/** Temporal gone or silent: control is a clear 503, and everything that does not need it goes on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer, type RunningServer } from '../../../api/server.ts';
import { startRun, waitForRun } from '../../../workers/starter.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { openPlatform, type Platform } from '../workflows/platform.ts';
import { openEvents } from './event-reader.ts';

let platform: Platform;
let proxy: TcpProxy;
let server: RunningServer;
let done: string;

beforeAll(async () => {
  platform = await openPlatform();
  platform.writeInput('a.csv', ['2001-01-01T06:00:00Z,JFK,7']);
  const { client, project, settings } = platform;
  const ingestion = await startRun(client, 'ingest', { project, source: 'flights' });
  await waitForRun(ingestion);
  done = ingestion.id;
  await waitForRun(await startRun(client, 'materialize', { project, views: ['latest'], to: '2001-01-02' }));
  // the workers go to the server itself, only the API through the proxy
  proxy = await startTcpProxy(settings.temporal.address!);
  const events = { heartbeatMillis: 50, intervalMillis: 50 };
  const temporal = { ...settings.temporal, address: proxy.address };
  server = await startServer({ ...settings, temporal }, { host: '127.0.0.1', port: 0, events });
});
afterAll(async () => {
  await server?.close();
  await proxy?.close();
  await platform?.close();
});

async function call(method: string, route: string, body?: object) {
  const response = await fetch(`${server.url}${route}`, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
}
const start = () => call('POST', '/v1/ingestions', { source: 'flights' });

/** Asks until Temporal is reached again: the server was not restarted. */
async function recovered(): Promise<void> {
  while ((await start()).status !== 202);
}

describe.each(['refused', 'silent'] as const)('while Temporal is %s', (kind) => {
  beforeAll(async () => {
    await recovered();
    if (kind === 'refused') await proxy.refuse();
    else proxy.silence();
  });
  afterAll(async () => {
    await proxy.restore();
    await recovered();
  });

  test('control is refused with 503, and says why', async () => {
    const range = { from: '2001-01-01', to: '2001-01-02' };
    const spine = { ...range, every: '1h' };
    const answers = await Promise.all([
      start(),
      call('POST', '/v1/backfills', { view: 'latest', ...range }),
      call('POST', '/v1/materializations', { views: ['latest'] }),
      call('POST', '/v1/datasets', { name: 'x', spine, features: ['latest'] }),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 503, body: { code: 'TEMPORAL_UNAVAILABLE' } });
    }
  });

  test('online and historical reads are answered', async () => {
    const online = { features: ['latest:delay'], entities: { origin: ['JFK'] }, at: '2001-01-01T12:00:00Z' };
    const read = await call('POST', '/v1/online-features', online);
    expect(read).toMatchObject({ status: 200, body: { results: [{}, { values: [7], served_from: ['online'] }] } });
    const rows = [{ origin: 'JFK', event_timestamp: '2001-01-01T12:00:00Z' }];
    const joined = await call('POST', '/v1/historical', { rows, features: ['latest:delay'] });
    expect(joined).toMatchObject({ status: 200, body: { rows: [{ latest__delay: 7 }] } });
  });

  test('what the catalog knows is answered: runs, their list, and the end of one that is over', async () => {
    expect(await call('GET', `/v1/runs/${done}`)).toMatchObject({ status: 200, body: { state: 'completed' } });
    expect((await call('GET', '/v1/runs')).status).toBe(200);
    const events = await (await openEvents(`${server.url}/v1/runs/${done}/events`)).rest();
    expect(events).toMatchObject([{ event: 'end', data: { state: 'completed' } }]);
    expect(await call('POST', `/v1/runs/${done}/cancel`)).toMatchObject({ status: 409 });
  });

  test('the process is healthy, and not ready in full', async () => {
    expect((await call('GET', '/health')).status).toBe(200);
    expect(await call('GET', '/ready')).toMatchObject({
      status: 503,
      body: { ready: false, components: { catalog: true, redis: true, temporal: false } },
    });
    expect((await call('GET', '/ready?of=catalog,redis')).status).toBe(200);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('asof_component_up{component="temporal"} 0\n');
    expect(metrics).toContain('asof_component_up{component="redis"} 1\n');
  });
});

test('a stream stays open while Temporal is away, and tells the end afterwards', async () => {
  await recovered();
  const range = { from: '2001-01-01', to: '2001-01-20', chunk: '1h', parallel: 1 };
  const { body } = await call('POST', '/v1/backfills', { view: 'delays', ...range });
  const run = String(body['run']);
  await call('POST', `/v1/runs/${run}/pause`);
  const stream = await openEvents(`${server.url}/v1/runs/${run}/events`);
  expect(await stream.next()).toMatchObject({ event: 'progress' });
  await proxy.refuse();
  expect(await call('GET', `/v1/runs/${run}`)).toMatchObject({ status: 200, body: { state: 'running' } });
  expect(await call('POST', `/v1/runs/${run}/cancel`)).toMatchObject({ status: 503 });
  await proxy.restore();
  await recovered();
  expect(await call('POST', `/v1/runs/${run}/cancel`)).toMatchObject({ status: 202 });
  const rest = await stream.rest();
  expect(rest.at(-1)).toMatchObject({ event: 'end', data: { state: 'cancelled' } });
  for (const { event, data } of rest.slice(0, -1)) expect([event, data]).toMatchObject(['progress', { progress: {} }]);
});
