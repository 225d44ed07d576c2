/** Pushes over HTTP and from the command line: what is answered, what is refused, and what both stores have afterwards. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../../api/server.ts';
import { count, featureView } from '../../../index.ts';
import { readDocument, startCommand } from '../../e2e/support/command.ts';
import { purchaseDefinitions, user } from '../library/store-fixture.ts';
import { openServedStore, readMetric, type ServedStore } from './served-store.ts';

let served: ServedStore;
let server: RunningServer;
beforeAll(async () => {
  served = await openServedStore();
  const { source } = purchaseDefinitions({ source: 'purchases', view: 'last_purchase' });
  const features = { n: count({ window: 'all' }) };
  await served.store.registerFeature(featureView('totals', { entities: [user], source, online: true, features }));
  server = await served.serve();
}, 300_000);
afterAll(() => served?.close());

let nextUser = 1000;
const newUser = (): number => nextUser++;

async function post(route: string, body: unknown, headers: Record<string, string> = {}, to = server) {
  const response = await fetch(`${to.url}${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text) as Record<string, unknown> };
}

async function read(user_id: number): Promise<readonly unknown[]> {
  const features = ['last_purchase:amount', 'last_purchase:items', 'totals:n'];
  const { body } = await post('/v1/online-features', { features, entities: { user_id: [user_id] } });
  return (body['results'] as readonly { readonly values: readonly unknown[] }[])
    .slice(1)
    .map(({ values }) => values[0]);
}

describe('POST /v1/push', () => {
  it('puts rows into the lake and every view of their source, integers without loss', async () => {
    const user_id = newUser();
    const rows = [{ user_id, amount: 2.5, items: '9007199254740993', shop: 'a' }];
    expect(await post('/v1/push/last_purchase', { rows })).toMatchObject({
      status: 200,
      body: {
        snapshot: expect.any(Number) as number,
        ...{ committed: 1, quarantined: 0, violations: [] },
        online: ['last_purchase', 'totals'],
      },
    });
    expect(await read(user_id)).toEqual([2.5, '9007199254740993', 1]);
  });

  it('to one store leaves the other', async () => {
    const user_id = newUser();
    const online = await post('/v1/push/purchases', { rows: [{ user_id, amount: 1 }], to: 'online' });
    expect(online.body).toMatchObject({ snapshot: null, committed: 1, online: ['last_purchase'] });
    const offline = await post('/v1/push/totals', { rows: [{ user_id, amount: 2 }], to: 'offline' });
    expect(offline.body).toMatchObject({ snapshot: expect.any(Number) as number, online: [] });
    expect(await read(user_id)).toEqual([1, null, 0]);
    await served.store.materialize();
    expect(await read(user_id)).toEqual([2, null, 1]);
  });

  it('sent again with its key counts once', async () => {
    const user_id = newUser();
    const headers = { 'idempotency-key': randomUUID() };
    const send = (rows: number) =>
      post('/v1/push/totals', { rows: Array.from({ length: rows }, () => ({ user_id })) }, headers);
    const [first, second] = [await send(2), await send(2)];
    expect(second.body).toEqual(first.body);
    expect(await read(user_id)).toEqual([null, null, 2]);
    expect(await send(3)).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_MISMATCH' } });
  });

  it.each([
    ['a wrong value', 'totals', { rows: [{ user_id: 1 }, { user_id: 1.5 }, {}] }, 400, 'INVALID_VALUE'],
    ['an unknown view', 'nothing', { rows: [{ user_id: 1 }] }, 404, 'UNKNOWN_NAME'],
    ['a windowed view, to Redis alone', 'totals', { rows: [{ user_id: 1 }], to: 'online' }, 400, 'INVALID_VALUE'],
    ['an unknown store', 'totals', { rows: [{ user_id: 1 }], to: 'nowhere' }, 400, 'USAGE'],
    ['no rows', 'totals', {}, 400, 'USAGE'],
    [
      'too many rows',
      'totals',
      { rows: Array.from({ length: 10_001 }, () => ({ user_id: 1 })) },
      400,
      'LIMIT_EXCEEDED',
    ],
  ])('refuses %s', async (_, view, body, status, code) => {
    expect(await post(`/v1/push/${view}`, body)).toMatchObject({ status, body: { code } });
  });

  it('names every wrong row, and writes none', async () => {
    const user_id = newUser();
    const rows = [{ user_id, amount: 1 }, { user_id, amount: 'much' }, { amount: 1 }];
    const { body } = await post('/v1/push/last_purchase', { rows });
    expect(body).toMatchObject({
      detail: expect.stringContaining(
        'row 2: column "amount": "much" is not a valid float64; 2 rows are wrong',
      ) as string,
      details: {
        rows: ['row 2: column "amount": "much" is not a valid float64', 'row 3: key "user_id" is missing'],
      },
    });
    expect(await read(user_id)).toEqual([null, 0, 0]);
  });

  it('is refused with 503 when too many are under way, and counted', async () => {
    const none = await served.serve({ pushes: { most: 0, mostQueued: 0 } });
    const refused = await post('/v1/push/totals', { rows: [{ user_id: 1 }] }, {}, none);
    expect(refused).toMatchObject({ status: 503, body: { code: 'OVERLOADED' } });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await readMetric(none, 'asof_work_refused_total{work="pushes"}')).toBe(1);
  });
});

describe("Feast's POST /push", () => {
  it('goes to Redis alone, or to both', async () => {
    const [first, second] = [newUser(), newUser()];
    const at = ['2024-05-01T00:00:00', '2024-05-01T00:00:00+02:00'];
    const df = { user_id: [first, second], amount: [1, 2], event_timestamp: at };
    const body = { push_source_name: 'purchases', df, allow_registry_cache: true, transform_on_write: true };
    expect(await post('/push', body)).toMatchObject({ status: 200, body: null });
    expect([await read(first), await read(second)]).toEqual([
      [1, null, 0],
      [2, null, 0],
    ]);
    await post('/push', { ...body, to: 'online_and_offline' });
    expect([await read(first), await read(second)]).toEqual([
      [1, null, 1],
      [2, null, 1],
    ]);
  });

  it.each([
    ['columns of several lengths', { user_id: [1, 2], amount: [1] }, 'INVALID_VALUE'],
    ['an unknown column', { user_id: [1], nothing: [1] }, 'INVALID_VALUE'],
    ['columns that are none', null, 'USAGE'],
  ])('refuses %s', async (_, df, code) => {
    expect(await post('/push', { push_source_name: 'purchases', df })).toMatchObject({ status: 400, body: { code } });
  });
});

describe('asof push', () => {
  it('pushes the rows of a file, and says what became of them', async () => {
    const user_id = newUser();
    const directory = served.writeProject();
    const file = path.join(directory, 'rows.jsonl');
    writeFileSync(file, `{"user_id":${user_id},"amount":4.5,"items":9007199254740993}\n\n{"user_id":${user_id}}\n`);
    const push = async (...args: readonly string[]) =>
      startCommand(['-C', directory, 'push', ...args, '--json'], directory, served.environment).outcome;
    const pushed = readDocument(await push('totals', '--file', 'rows.jsonl', '--idempotency-key', 'a'), 0);
    expect(pushed).toMatchObject({ committed: 2, quarantined: 0, online: ['last_purchase', 'totals'] });
    expect(readDocument(await push('totals', '--file', 'rows.jsonl', '--idempotency-key', 'a'), 0)).toEqual(pushed);
    expect((await read(user_id))[2]).toBe(2);
    writeFileSync(file, '{"user_id":1}\n{"user_id"');
    const broken = readDocument<{ readonly error: unknown }>(await push('totals', '--file', 'rows.jsonl'), 1);
    expect(JSON.stringify(broken)).toContain('INPUT_ROW_INVALID');
    expect(JSON.stringify(readDocument(await push('totals', '--file', 'none.jsonl'), 1))).toContain('INPUT_NOT_FOUND');
  }, 300_000);
});
