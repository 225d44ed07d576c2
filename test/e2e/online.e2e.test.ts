/** Online reads from outside: over HTTP and by the command line, with the same document and the same errors. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OnlineFeaturesResult } from '../../online/feature-document.ts';
import { valueKeysOf, withRawRedis } from '../integration/online/raw-redis.ts';
import { readDocument } from './support/command.ts';
import { BEYOND_DOUBLES, createPaymentsProject, GREATEST } from './support/payments-project.ts';
import type { Project } from './support/project.ts';

let project: Project;
beforeAll(async () => {
  project = createPaymentsProject();
  await project.run('dev', '--detach');
  await project.run('apply', '--yes');
  await project.run('ingest', 'payments');
  await project.run('materialize', '--all');
});
afterAll(() => project.close());

const AT = '2024-03-03T00:00:00.000000Z';
const ROUTE = '/v1/online-features';

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: unknown;
}

async function post(route: string, body: string, type = 'application/json'): Promise<Answer> {
  const url = `${project.stack().api.url}${route}`;
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': type } });
  return { status: response.status, type: response.headers.get('content-type'), body: await response.json() };
}

/** The values of one output column. */
function valuesOf({ metadata, results }: OnlineFeaturesResult, name: string): readonly unknown[] {
  return results[metadata.feature_names.indexOf(name)]?.values ?? [];
}

describe('what Redis holds', () => {
  it('is verified, made anew and listed by the command line', async () => {
    interface Verified {
      readonly ok: boolean;
      readonly project: string;
      readonly seed: number;
      readonly views: readonly { readonly view: string; readonly problems: readonly string[] }[];
    }
    const sound = await project.run<Verified>('online', 'verify');
    expect(sound).toMatchObject({ ok: true, sample: 1000 });
    await withRawRedis(project.stack().redis.url, async (redis) => {
      await redis.del(...(await valueKeysOf(redis, sound.project)));
    });
    const broken = readDocument<Verified>(await project.start('online', 'verify', '--seed', '7').outcome, 1);
    expect(broken).toMatchObject({ ok: false, seed: 7 });
    expect(broken.views.map(({ view, problems }) => [view, problems.length > 0])).toEqual([
      ['account_payments', true],
      // its rows are beyond their ttl: Redis may let them go
      ['latest_payment', false],
      ['pair_latest', true],
    ]);
    const rebuilt = await project.run<{ views: readonly { written: number }[] }>('online', 'rebuild', '--all');
    expect(rebuilt.views.every(({ written }) => written > 0)).toBe(true);
    expect(await project.run('online', 'verify')).toMatchObject({ ok: true });
    const { versions } = await project.run<{ versions: readonly object[] }>('online', 'status');
    expect(versions).toMatchObject(sound.views.map(({ view }) => ({ view, state: 'complete' })));
    expect(await project.fail(2, 'online', 'rebuild')).toMatchObject({ code: 'USAGE' });
    expect(await project.fail(2, 'online', 'verify', 'nowhere')).toMatchObject({ code: 'UNKNOWN_NAME' });
  });
});

describe('an online read', () => {
  it('is the same document over HTTP and by the command line', async () => {
    const entities = { account_id: [1, 2, null], payer: ['1', '12', 'a|b'], payee: ['23', '3', 'c,"d"'] };
    const http = await post(
      ROUTE,
      JSON.stringify({ service: 'everything', entities, request: { budget: [100, 5, null] }, at: AT }),
    );
    expect(http).toMatchObject({ status: 200, type: 'application/json; charset=utf-8' });
    const document = http.body as OnlineFeaturesResult;
    expect(document.metadata.feature_names.slice(0, 3)).toEqual(['account_id', 'payer', 'payee']);
    expect(valuesOf(document, 'latest_payment__amount')).toEqual([20, null, null]);
    expect(valuesOf(document, 'headroom__affordable')).toEqual([80, null, null]);
    expect(valuesOf(document, 'pair_latest__amount')).toEqual([10, 20, GREATEST]);

    const keys = ['account_id=1', 'payer=1', 'payee=23'].flatMap((pair) => ['--entity', pair]);
    const one = await project.run<OnlineFeaturesResult>(
      ...['get', '--service', 'everything', ...keys, '--request', 'budget=100', '--at', AT],
    );
    expect(one.metadata).toEqual(document.metadata);
    expect(one.results).toEqual(
      document.results.map((column) => ({
        values: column.values.slice(0, 1),
        statuses: column.statuses.slice(0, 1),
        event_timestamps: column.event_timestamps.slice(0, 1),
        served_from: column.served_from.slice(0, 1),
      })),
    );
  });

  it('takes and gives 64-bit integers without loss, as numbers and as text', async () => {
    const neighbour = String(BigInt(BEYOND_DOUBLES) - 1n);
    const body = `{"features": ["latest_payment:amount"], "at": "${AT}",
      "entities": {"account_id": [${BEYOND_DOUBLES}, "${BEYOND_DOUBLES}", ${neighbour}, "${neighbour}"]}}`;
    const document = (await post(ROUTE, body)).body as OnlineFeaturesResult;
    expect(valuesOf(document, 'account_id')).toEqual([BEYOND_DOUBLES, BEYOND_DOUBLES, neighbour, neighbour]);
    expect(valuesOf(document, 'latest_payment__amount')).toEqual([GREATEST, GREATEST, 5, 5]);
    const pairs = [BEYOND_DOUBLES, neighbour].flatMap((key) => ['--entity', `account_id=${key}`]);
    const read = await project.run<OnlineFeaturesResult>(
      ...['get', '--features', 'latest_payment:amount', ...pairs, '--at', AT],
    );
    expect(valuesOf(read, 'latest_payment__amount')).toEqual([GREATEST, 5]);
  });

  it('before the newest row is answered by the lake', async () => {
    const read = await project.run<OnlineFeaturesResult>(
      ...['get', '--features', 'latest_payment:amount', '--entity', 'account_id=1', '--at', '2024-03-02T10:00:00Z'],
    );
    expect(valuesOf(read, 'latest_payment__amount')).toEqual([10]);
    expect(read.results[1]).toMatchObject({ statuses: ['PRESENT'], served_from: ['lake'] });
  });
});

describe('a wrong request', () => {
  const read = { features: ['latest_payment:amount'], entities: { account_id: [1] } };
  const cases: readonly (readonly [string, string, string, number, string])[] = [
    ['unknown route', '/v1/nothing', '{}', 404, 'USAGE'],
    ['no JSON', ROUTE, '{"features": [', 400, 'USAGE'],
    ['no entities', ROUTE, JSON.stringify({ features: read.features }), 400, 'USAGE'],
    ['unknown property', ROUTE, JSON.stringify({ ...read, owner: 'me' }), 400, 'USAGE'],
    ['neither features nor service', ROUTE, JSON.stringify({ entities: read.entities }), 400, 'USAGE'],
    ['unknown feature', ROUTE, JSON.stringify({ ...read, features: ['latest_payment:nothing'] }), 404, 'UNKNOWN_NAME'],
    ['unknown view', ROUTE, JSON.stringify({ ...read, features: ['nothing:amount'] }), 404, 'UNKNOWN_NAME'],
    ['unknown service', ROUTE, JSON.stringify({ service: 'nothing', entities: read.entities }), 404, 'UNKNOWN_NAME'],
    ['unknown key', ROUTE, JSON.stringify({ ...read, entities: { account: [1] } }), 404, 'UNKNOWN_NAME'],
    [
      'key of another type',
      ROUTE,
      JSON.stringify({ ...read, entities: { account_id: ['ORD'] } }),
      400,
      'INVALID_VALUE',
    ],
    [
      'key beyond 64 bits',
      ROUTE,
      `{"features": ["latest_payment:amount"], "entities": {"account_id": [9223372036854775808]}}`,
      400,
      'INVALID_VALUE',
    ],
    ['bad instant', ROUTE, JSON.stringify({ ...read, at: 'yesterday' }), 400, 'INVALID_INSTANT'],
  ];

  it.each(cases)('%s', async (_title, route, body, status, code) => {
    const answer = await post(route, body);
    expect(answer).toMatchObject({ status, type: 'application/problem+json; charset=utf-8', body: { status, code } });
    expect(answer.body).toMatchObject({ detail: expect.stringMatching(/\w/) as unknown });
  });

  it('of another content type', async () => {
    const answer = await post(ROUTE, 'account_id=1', 'text/plain');
    expect(answer).toMatchObject({ status: 415, body: { status: 415, code: 'USAGE' } });
  });
});
