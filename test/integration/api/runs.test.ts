/** Runs over HTTP: started, followed, controlled and listed, on a whole platform. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../../api/server.ts';
import type { Platform } from '../workflows/platform.ts';
import { openEvents, type Events, type ReceivedEvent } from './event-reader.ts';
import { call as send, openFlightsPlatform, serve, type Answer } from './served-platform.ts';

/** Hourly: enough intervals that a run is still at work when a message comes. */
const LONG = { view: 'latest', from: '2001-01-01', to: '2001-01-20', chunk: '1h', parallel: 1 };
const MOST_STREAMS = 4;

let platform: Platform;
let server: RunningServer;

beforeAll(async () => {
  platform = await openFlightsPlatform();
  writeFileSync(path.join(platform.directory, 'spine.csv'), 'event_timestamp,origin\n2001-01-05,ORD\n');
  const events = { mostStreams: MOST_STREAMS, heartbeatMillis: 50, intervalMillis: 50 };
  server = await serve(platform, events);
});
afterAll(async () => {
  await server?.close();
  await platform?.close();
});

const call = (method: string, route: string, body?: object, headers?: Record<string, string>): Promise<Answer> =>
  send(server, method, route, body, headers);
const post = (route: string, body?: object, headers?: Record<string, string>): Promise<Answer> =>
  call('POST', route, body, headers);
const get = async (route: string): Promise<Answer['body']> => (await call('GET', route)).body;
const events = (run: string, headers?: Record<string, string>): Promise<Events> =>
  openEvents(`${server.url}/v1/runs/${run}/events`, headers);

async function start(route: string, body: object, headers?: Record<string, string>): Promise<string> {
  const answer = await post(route, body, headers);
  expect(answer).toMatchObject({ status: 202, body: { run: expect.any(String) as unknown } });
  expect(answer.headers.get('location')).toBe(`/v1/runs/${String(answer.body['run'])}`);
  return String(answer.body['run']);
}

/** Follows a run to its end, by its events. */
async function ended(run: string): Promise<ReceivedEvent['data']> {
  const all = await (await events(run)).rest();
  expect(all.at(-1)?.event).toBe('end');
  return all.at(-1)!.data;
}

async function untilStep(run: string, step: string): Promise<void> {
  for (;;) {
    const { state, progress } = await get(`/v1/runs/${run}`);
    if ((progress as { step?: string } | undefined)?.step === step) return;
    expect(state).toBe('running');
    await sleep(50);
  }
}

/** Takes what a stream tells up to this step of the run. */
async function untilTold(stream: Events, step: string): Promise<void> {
  for (let told = await stream.next(); told !== undefined; told = await stream.next()) {
    if ((told.data['progress'] as { step?: string } | undefined)?.step === step) return;
  }
  expect.fail(`the stream ended without the step ${step}`);
}

async function metrics(): Promise<string> {
  const response = await fetch(`${server.url}/metrics`);
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  return response.text();
}

async function untilStreams(count: number): Promise<void> {
  while (!(await metrics()).includes(`\nasof_event_streams ${count}\n`)) await sleep(20);
}

// in this order: each reads what the one before has made
describe('a run of each kind is started and ends', () => {
  test('ingest', async () => {
    const run = await start('/v1/ingestions', { source: 'flights' }, { 'idempotency-key': 'first' });
    expect(await ended(run)).toMatchObject({
      ...{ id: run, workflow: 'ingest', target: 'flights', state: 'completed', error: null },
      result: { snapshot: 1, rowsIn: 20, committed: 20 },
    });
  });

  test('backfill', async () => {
    const body = { view: 'latest', from: '2001-01-01', to: '2001-01-11' };
    const run = await start('/v1/backfills', body);
    expect(await ended(run)).toMatchObject({
      target: 'latest',
      state: 'completed',
      result: { intervals: 10, done: 10 },
    });
    const again = await start('/v1/backfills', { ...body, restate: true });
    expect(await ended(again)).toMatchObject({ result: { intervals: 10, done: 10, reused: 0 } });
  });

  test('materialize', async () => {
    const run = await start('/v1/materializations', { views: ['latest', 'delays'], to: '2001-01-11' });
    expect(await ended(run)).toMatchObject({ target: 'latest, delays', state: 'completed' });
    const read = await post('/v1/online-features', { features: ['latest:delay'], entities: { origin: ['ORD'] } });
    expect(read.body['results']).toMatchObject([{ values: ['ORD'] }, { values: [90], statuses: ['PRESENT'] }]);
  });

  test('buildTrainingDataset', async () => {
    const spine = path.join(platform.directory, 'spine.csv');
    const run = await start('/v1/datasets', { name: 'small', spine, features: ['latest:delay'] });
    expect(await ended(run)).toMatchObject({ target: 'small', state: 'completed', result: { version: 1, rows: 1 } });
  });
});

describe('an idempotency key', () => {
  test('with the same body is the same run, ended or not, for every kind', async () => {
    const bodies: readonly (readonly [string, object, object])[] = [
      ['/v1/ingestions', { source: 'flights' }, { source: 'flights', from: '2001-01-01' }],
      [
        '/v1/backfills',
        { view: 'delays', from: '2001-01-01', to: '2001-01-03' },
        { view: 'delays', from: '2001-01-01', to: '2001-01-04' },
      ],
      ['/v1/materializations', { views: ['latest'] }, { views: ['delays'] }],
    ];
    for (const [route, body, other] of bodies) {
      const key = { 'idempotency-key': 'the same' };
      const run = await start(route, body, key);
      expect(await start(route, { project: platform.project, ...body }, key)).toBe(run);
      expect(await ended(run)).toMatchObject({ state: 'completed' });
      const reordered = Object.fromEntries(Object.entries(body).reverse());
      expect(await start(route, reordered, key)).toBe(run);
      expect(await post(route, other, key)).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_MISMATCH' } });
      expect(await start(route, other, { 'idempotency-key': 'another' })).not.toBe(run);
    }
  });

  test('asked for at once by many starts one run', async () => {
    const key = { 'idempotency-key': 'race' };
    const runs = await Promise.all(
      Array.from({ length: 8 }, () => start('/v1/ingestions', { source: 'flights' }, key)),
    );
    expect(new Set(runs).size).toBe(1);
  });

  test('must be a key', async () => {
    const answer = await post('/v1/ingestions', { source: 'flights' }, { 'idempotency-key': 'x'.repeat(256) });
    expect(answer).toMatchObject({ status: 400, body: { code: 'USAGE' } });
  });
});

describe('a running backfill', () => {
  test('is paused, changed, resumed and cancelled, and tells all of it', async () => {
    const run = await start('/v1/backfills', LONG);
    const stream = await events(run);
    expect(await post(`/v1/runs/${run}/pause`)).toMatchObject({ status: 202, body: { run, requested: 'pause' } });
    await untilTold(stream, 'paused');
    expect(await post(`/v1/runs/${run}/parallel`, { parallel: 3 })).toMatchObject({
      status: 200,
      body: { run, parallel: 3 },
    });
    expect(await post(`/v1/runs/${run}/retry`)).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
    expect(await start('/v1/backfills', LONG)).toBe(run);
    await post(`/v1/runs/${run}/resume`);
    await untilTold(stream, 'write');
    expect(await post(`/v1/runs/${run}/cancel`)).toMatchObject({ status: 202, body: { requested: 'cancel' } });
    const rest = await stream.rest();
    expect(rest.at(-1)).toMatchObject({ event: 'end', data: { state: 'cancelled', error: { code: 'RUN_CANCELLED' } } });

    for (const message of ['pause', 'resume', 'cancel']) {
      expect(await post(`/v1/runs/${run}/${message}`)).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
    }
    const retried = await start(`/v1/runs/${run}/retry`, {}, { 'idempotency-key': 'retry' });
    expect(retried).not.toBe(run);
    expect(await start(`/v1/runs/${run}/retry`, {}, { 'idempotency-key': 'retry' })).toBe(retried);
    expect(await ended(retried)).toMatchObject({ state: 'completed', result: { intervals: 456, failed: [] } });
  });

  test('is not of another kind', async () => {
    const { runs } = (await get('/v1/runs?workflow=ingest')) as { runs: { id: string }[] };
    const id = runs[0]!.id;
    expect(await post(`/v1/runs/${id}/retry`)).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
  });
});

describe('the events of a run', () => {
  let paused: string;
  beforeAll(async () => {
    paused = await start('/v1/backfills', { ...LONG, view: 'delays', restate: true });
    await post(`/v1/runs/${paused}/pause`);
    await untilStep(paused, 'paused');
    // the layout of a run that is held before it has one is news
    while (((await get(`/v1/runs/${paused}`))['progress'] as { total: number }).total === 0) await sleep(50);
  });

  test('of a run that is over are its end alone, and nothing for those who have it', async () => {
    const { runs } = (await get('/v1/runs?workflow=buildTrainingDataset')) as { runs: { id: string }[] };
    const run = runs[0]!.id;
    const stream = await events(run);
    expect([stream.status, stream.headers.get('content-type'), stream.headers.get('cache-control')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      'no-cache, no-transform',
    ]);
    const all = await stream.rest();
    expect(all).toMatchObject([{ event: 'end', data: { id: run, state: 'completed' } }]);
    expect(all[0]!.data).toEqual(await get(`/v1/runs/${run}`));
    const again = await fetch(`${server.url}/v1/runs/${run}/events`, { headers: { 'last-event-id': all[0]!.id } });
    expect([again.status, await again.text()]).toEqual([204, '']);
    expect(await (await events(run, { 'last-event-id': 'something else' })).rest()).toEqual(all);
  });

  test('go on with what is new after a break, and say nothing twice', async () => {
    const before = await events(paused);
    const first = await before.next();
    expect(first).toMatchObject({ event: 'progress', data: { state: 'running', progress: { step: 'paused' } } });
    before.leave();
    const after = await events(paused, { 'last-event-id': first!.id });
    await after.beats(3);
    await post(`/v1/runs/${paused}/resume`);
    const next = await after.next();
    await post(`/v1/runs/${paused}/pause`);
    await untilStep(paused, 'paused');
    expect(next!.id).not.toBe(first!.id);
    after.leave();
  });

  test('are bounded in number, and who leaves makes room', async () => {
    await untilStreams(0);
    const open = await Promise.all(Array.from({ length: MOST_STREAMS }, () => events(paused)));
    for (const stream of open) expect(await stream.next()).toMatchObject({ event: 'progress' });
    await untilStreams(MOST_STREAMS);
    const refused = await call('GET', `/v1/runs/${paused}/events`);
    expect(refused).toMatchObject({ status: 503, body: { code: 'TOO_MANY_STREAMS' } });
    expect(refused.headers.get('retry-after')).toBe('5');
    for (const stream of open) stream.leave();
    await untilStreams(0);
    const again = await events(paused);
    expect(await again.next()).toMatchObject({ event: 'progress' });
    again.leave();
    await untilStreams(0);
  });

  test('end when somebody terminates the run, which is recorded then', async () => {
    const stream = await events(paused);
    await stream.next();
    const { workflowId } = (await get(`/v1/runs/${paused}`)) as { workflowId: string };
    await platform.client.workflow.getHandle(workflowId).terminate('no longer wanted');
    const end = (await stream.rest()).at(-1);
    expect(end).toMatchObject({ event: 'end', data: { state: 'failed', error: { code: 'RUN_FAILED' } } });
    expect(await platform.catalog.runs.get(paused)).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('terminated') as unknown },
    });
    expect(await get(`/v1/runs/${paused}`)).toEqual(end!.data);
  });

  test('of a later run of the same work are not those of the first', async () => {
    const body = { ...LONG, view: 'delays', restate: true };
    const later = await start('/v1/backfills', body);
    expect(later).not.toBe(paused);
    expect((await (await events(paused)).rest()).map(({ event }) => event)).toEqual(['end']);
    expect(await post(`/v1/runs/${paused}/cancel`)).toMatchObject({ status: 409 });
    expect(await post(`/v1/runs/${later}/stop`)).toMatchObject({ status: 202, body: { requested: 'stop' } });
    expect(await ended(later)).toMatchObject({ state: 'cancelled' });
  });

  test('of no run are a problem', async () => {
    expect(await call('GET', '/v1/runs/nobody/events')).toMatchObject({ status: 404, body: { code: 'UNKNOWN_NAME' } });
  });
});

describe('the list of runs', () => {
  type Listed = { readonly id: string; readonly workflow: string; readonly state: string; readonly startedAt: string };
  const page = (query: string) =>
    get(`/v1/runs?${query}`) as unknown as Promise<{ runs: Listed[]; next: string | null }>;

  test('comes in pages, the newest first, each run once', async () => {
    const whole = await page('limit=500');
    expect(whole.next).toBeNull();
    expect(whole.runs.length).toBeGreaterThan(10);
    expect(whole.runs.map((run) => run.startedAt)).toEqual(
      whole.runs
        .map((run) => run.startedAt)
        .sort()
        .reverse(),
    );
    const ids: string[] = [];
    for (let cursor = ''; ;) {
      const { runs, next } = await page(`limit=3${cursor}`);
      ids.push(...runs.map(({ id }) => id));
      if (next === null) break;
      cursor = `&cursor=${encodeURIComponent(next)}`;
    }
    expect(ids).toEqual(whole.runs.map(({ id }) => id));
  });

  test('is filtered by workflow, state and target', async () => {
    const { runs } = await page('limit=500');
    const filtered = await page('workflow=backfill&state=cancelled&target=latest');
    expect(filtered.runs.map(({ id }) => id)).toEqual(
      runs
        .filter((run) => run.workflow === 'backfill' && run.state === 'cancelled')
        .slice(-1)
        .map(({ id }) => id),
    );
    expect((await page('target=nothing')).runs).toEqual([]);
  });

  test.each(['limit=0', 'limit=501', 'limit=x', 'workflow=x', 'state=x', 'cursor=x', 'order=old'])(
    'refuses %s',
    async (query) => {
      expect(await call('GET', `/v1/runs?${query}`)).toMatchObject({ status: 400 });
    },
  );
});

describe('a start is refused', () => {
  const range = { from: '2001-01-01', to: '2001-01-02' };
  test.each<[string, string, object, number, string]>([
    ['for an unknown source', '/v1/ingestions', { source: 'nothing' }, 404, 'UNKNOWN_NAME'],
    ['for an unknown view', '/v1/backfills', { view: 'nothing', ...range }, 404, 'UNKNOWN_NAME'],
    ['for a derived view', '/v1/backfills', { view: 'lateness', ...range }, 400, 'INVALID_VALUE'],
    ['for views of which one is unknown', '/v1/materializations', { views: ['latest', 'x'] }, 404, 'UNKNOWN_NAME'],
    ['for no views', '/v1/materializations', { views: [] }, 400, 'USAGE'],
    ['without a range', '/v1/backfills', { view: 'latest' }, 400, 'USAGE'],
    [
      'for a range that goes back',
      '/v1/backfills',
      { view: 'latest', from: '2002', to: '2001-01-01' },
      400,
      'INVALID_VALUE',
    ],
    [
      'for hours of two centuries',
      '/v1/backfills',
      { view: 'latest', from: '1900-01-01', to: '2100-01-01', chunk: '1h' },
      400,
      'LIMIT_EXCEEDED',
    ],
    ['for too many at once', '/v1/backfills', { view: 'latest', ...range, parallel: 65 }, 400, 'USAGE'],
    ['with an unknown property', '/v1/ingestions', { source: 'flights', owner: 'me' }, 400, 'USAGE'],
    ['for another project', '/v1/ingestions', { project: 'other', source: 'flights' }, 400, 'INVALID_VALUE'],
    ['for a hostile name', '/v1/ingestions', { source: 'x"; DROP TABLE runs; --' }, 404, 'UNKNOWN_NAME'],
  ])('%s', async (_, route, body, status, code) => {
    expect(await post(route, body)).toMatchObject({ status, body: { status, code } });
  });
});

describe('metrics', () => {
  test('count requests by route, runs by state, and the memory of the engine', async () => {
    await call('GET', '/nowhere');
    const text = await metrics();
    expect(text).toMatch(/^asof_runs\{workflow="ingest",state="completed"\} [1-9]/m);
    expect(text).toMatch(/^asof_engine_memory_bytes [0-9]+$/m);
    expect(text).toMatch(/^asof_engine_memory_limit_bytes 1000000000$/m);
    expect(text).toMatch(
      /^asof_http_request_duration_seconds_count\{method="POST",route="\/v1\/ingestions",status="202"\} [1-9]/m,
    );
    expect(text).toContain('_count{method="GET",route="none",status="404"} 1\n');
    for (const component of ['catalog', 'redis', 'temporal']) {
      expect(text).toContain(`asof_component_up{component="${component}"} 1\n`);
    }
    expect(text, 'streams last as long as runs').not.toContain('/events"');
    expect(text, 'ids have no end').not.toMatch(/route="[^"]*[0-9a-f]{8}-/);
  });
});

test('readiness can be asked of some components', async () => {
  expect(await call('GET', '/ready?of=catalog,redis')).toMatchObject({
    status: 200,
    body: { ready: true, components: { catalog: true, redis: true } },
  });
  expect(await call('GET', '/ready?of=kafka')).toMatchObject({ status: 404, body: { code: 'UNKNOWN_NAME' } });
});

test('a server that closes ends its streams', async () => {
  const second = await serve(platform);
  const run = await start('/v1/backfills', { ...LONG, view: 'delays', restate: true });
  await post(`/v1/runs/${run}/pause`);
  const stream = await openEvents(`${second.url}/v1/runs/${run}/events`);
  await stream.next();
  await second.close();
  expect((await stream.rest()).map(({ event }) => event)).not.toContain('end');
  await post(`/v1/runs/${run}/cancel`);
  expect(await ended(run)).toMatchObject({ state: 'cancelled' });
});
