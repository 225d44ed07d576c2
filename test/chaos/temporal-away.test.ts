/** Fault 5 of the reliability table: Temporal is away. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer, type RunningServer } from '../../api/server.ts';
import { readProgress, waitForRun } from '../../workers/starter.ts';
import { pollFor } from '../e2e/support/polling.ts';
import { createDice } from './dice.ts';
import { ACCOUNTS, VIEWS } from './definitions.ts';
import { INTERVALS, openFaultStage, type FaultStage } from './fault-stage.ts';
import { drawQuestions } from './workload.ts';

/** Beyond the heartbeat timeout: what was under way is given up by the server. */
const AWAY_MILLIS = 30_000;

let stage: FaultStage;
let server: RunningServer;
beforeAll(async () => {
  stage = await openFaultStage(5);
  stage.files.add();
  await stage.expectWhole();
  const { settings, proxies } = stage;
  const temporal = { ...settings.temporal, address: proxies.temporal.address };
  server = await startServer({ ...settings, temporal }, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server?.close();
  await stage?.close();
});

async function post(route: string, body: object): Promise<{ readonly status: number; readonly body: unknown }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${server.url}${route}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

it('5: while Temporal is away online reads go on and control answers 503; afterwards the work under way goes on', async () => {
  const { proxies } = stage;
  const question = { features: [...VIEWS], entities: { name: [...ACCOUNTS] } };
  const answer = await post('/v1/online-features', question);
  const run = await stage.startBackfill('totals', { chunk: '3h', restate: true });
  await pollFor(async () => ((await readProgress(run))?.done ?? 0) > 3, true);

  proxies.temporal.refuse();
  const spine = stage.spine('away', drawQuestions(createDice(5, 2), 10));
  const build = { name: 'away', spine, features: [...VIEWS] };
  expect(await post('/v1/datasets', build)).toMatchObject({ status: 503, body: { code: 'TEMPORAL_UNAVAILABLE' } });
  expect((await fetch(`${server.url}/ready`)).status).toBe(503);
  const during = await post('/v1/online-features', { ...question, at: atOf(answer.body) });
  expect([during.status, resultsOf(during.body)]).toEqual([200, resultsOf(answer.body)]);
  await sleep(AWAY_MILLIS);
  proxies.temporal.heal();

  expect(await waitForRun(run)).toMatchObject({ intervals: INTERVALS, done: INTERVALS, failed: [] });
  await pollFor(async () => (await post('/v1/datasets', build)).status, 202);
  await stage.run('buildTrainingDataset', build);
  await stage.expectWhole();
});

function resultsOf(body: unknown): unknown {
  return (body as { readonly results: unknown }).results;
}

function atOf(body: unknown): unknown {
  return (body as { readonly metadata: { readonly at: unknown } }).metadata.at;
}
