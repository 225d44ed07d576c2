/** Runs by API as an operator has them: with curl alone, on the development stack. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPaymentsProject } from './support/payments-project.ts';
import { poll } from './support/polling.ts';
import type { Project } from './support/project.ts';

let project: Project;
beforeAll(async () => {
  project = createPaymentsProject();
  await project.run('dev', '--detach');
  await project.run('apply', '--yes');
});
afterAll(() => project.close());

interface Answer {
  readonly status: number;
  readonly headers: string;
  readonly text: string;
}

/** `curl --silent --include`, with the API's address before the route. */
async function curl(route: string, ...args: readonly string[]): Promise<Answer> {
  const url = `${project.stack().api.url}${route}`;
  const { stdout } = await promisify(execFile)('curl', ['--silent', '--show-error', '--include', ...args, url]);
  const end = stdout.indexOf('\r\n\r\n');
  const headers = stdout.slice(0, end);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(headers)?.[1]), headers, text: stdout.slice(end + 4) };
}

const post = (route: string, body: object, ...args: readonly string[]): Promise<Answer> =>
  curl(route, '-H', 'content-type: application/json', '-d', JSON.stringify(body), ...args);

const read = <T>({ text }: Answer): T => JSON.parse(text) as T;

/** The document of each event, in order. */
function eventsOf({ text }: Answer): readonly { readonly name: string; readonly document: Record<string, unknown> }[] {
  return [...text.matchAll(/^event: (\w+)\ndata: (.+)$/gm)].map(([, name = '', data = '']) => ({
    name,
    document: JSON.parse(data) as Record<string, unknown>,
  }));
}

const KEY = ['-H', 'idempotency-key: january'];
const DATASET = {
  name: 'january',
  spine: { query: 'select account_id, paid_at as event_timestamp from payments order by all' },
  features: ['account_payments:payments_7d'],
};

it('a source is ingested, and a dataset built and followed to its end', async () => {
  const ingestion = await post('/v1/ingestions', { source: 'payments' });
  expect(ingestion).toMatchObject({ status: 202 });
  const ingested = eventsOf(await curl(`/v1/runs/${read<{ run: string }>(ingestion).run}/events`, '--no-buffer'));
  expect(ingested.at(-1)).toMatchObject({ name: 'end', document: { state: 'completed', target: 'payments' } });

  const started = await post('/v1/datasets', DATASET, ...KEY);
  expect(started.status).toBe(202);
  const { run } = read<{ run: string }>(started);
  expect(started.headers).toMatch(new RegExp(`^location: /v1/runs/${run}\r?$`, 'm'));
  const events = eventsOf(await curl(`/v1/runs/${run}/events`, '--no-buffer'));
  expect(events.at(-1)).toMatchObject({ name: 'end', document: { state: 'completed', result: { version: 1 } } });
  expect(events.slice(0, -1).every(({ name }) => name === 'progress')).toBe(true);

  const again = await post('/v1/datasets', DATASET, ...KEY);
  expect([again.status, read<{ run: string }>(again).run]).toEqual([202, run]);
  const other = await post('/v1/datasets', { ...DATASET, asKnown: true }, ...KEY);
  expect(other).toMatchObject({ status: 409 });
  expect(other.headers).toMatch(/^content-type: application\/problem\+json/m);
  expect(read(other)).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  expect(read<{ versions: unknown[] }>(await curl('/v1/datasets/january')).versions).toHaveLength(1);
});

it('without Temporal control is refused, reads go on, and control comes back by itself', async () => {
  const materialization = read<{ run: string }>(await post('/v1/materializations', { views: ['account_payments'] }));
  await curl(`/v1/runs/${materialization.run}/events`);
  const online = { features: ['account_payments:payments_7d'], entities: { account_id: [1] } };
  const before = await post('/v1/online-features', online);
  expect(before.status).toBe(200);

  const api = project.pidOf('api');
  process.kill(project.pidOf('temporal'), 'SIGKILL');
  const refused = await post('/v1/ingestions', { source: 'payments' });
  expect(refused.status).toBe(503);
  expect(read(refused)).toMatchObject({ code: 'TEMPORAL_UNAVAILABLE' });
  const during = await post('/v1/online-features', online);
  expect([during.status, read<{ results: unknown }>(during).results]).toEqual([
    200,
    read<{ results: unknown }>(before).results,
  ]);

  await project.run('dev', '--detach');
  expect(project.pidOf('api')).toBe(api);
  const { run } = await poll(async () => {
    const answer = await post('/v1/ingestions', { source: 'payments' });
    return answer.status === 202 ? read<{ run: string }>(answer) : undefined;
  }, 200);
  expect(eventsOf(await curl(`/v1/runs/${run}/events`)).at(-1)).toMatchObject({ document: { state: 'completed' } });
});
