import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createRunFollowers } from '../../../api/run-followers.ts';
import type { ObservedRun } from '../../../api/run-document.ts';

function observed(state: ObservedRun['run']['state'], done: number): ObservedRun {
  const run = { id: 'r', project: 'p', workflow: 'ingest', workflowId: 'w', target: 't', state, startedAt: 1n };
  const progress = { step: 'write', done, total: 9, unit: 'files', rows: 0, failed: 0 };
  return { run: { ...run, endedAt: null, result: null, error: null }, progress };
}

/** Looks at a run that ends at the fifth look; the second one fails. */
function lookAtRun() {
  let looks = 0;
  let atOnce = 0;
  let most = 0;
  const observe = async (): Promise<ObservedRun> => {
    looks += 1;
    atOnce += 1;
    most = Math.max(most, atOnce);
    const look = looks;
    await sleep(1);
    atOnce -= 1;
    if (look === 2) throw new Error('the catalog is away');
    return observed(look < 5 ? 'running' : 'completed', look);
  };
  return { observe, looks: () => looks, most: () => most };
}

it('tells all listeners by one look at a time, from the newest state to the end', async () => {
  const { observe, looks, most } = lookAtRun();
  const followers = createRunFollowers(observe, 5);
  const heard: number[][] = [[], [], []];
  const listen = (list: number[]) =>
    new Promise<void>((resolve) => {
      followers.follow('r', ({ run, progress }) => {
        list.push(progress!.done);
        if (run.state !== 'running') resolve();
      });
    });
  const first = listen(heard[0]!);
  const second = listen(heard[1]!);
  while (heard[0]!.length === 0) await sleep(1);
  const third = listen(heard[2]!);
  await Promise.all([first, second, third]);
  expect(heard).toEqual([
    [1, 3, 4, 5],
    [1, 3, 4, 5],
    [1, 3, 4, 5],
  ]);
  expect([looks(), most(), followers.watched]).toEqual([5, 1, 0]);
});

it('looks no more when nobody listens, and begins anew for the next', async () => {
  let looks = 0;
  const followers = createRunFollowers(async () => {
    looks += 1;
    await sleep(1);
    return observed('running', looks);
  }, 1);
  const stops = [followers.follow('r', () => undefined), followers.follow('r', () => undefined)];
  while (looks < 3) await sleep(1);
  stops[0]!();
  expect(followers.watched).toBe(1);
  stops[1]!();
  stops[1]!();
  expect(followers.watched).toBe(0);
  await sleep(20);
  const after = looks;
  await sleep(20);
  expect(looks).toBe(after);
  const seen = await new Promise<number>((resolve) => {
    const stop = followers.follow('r', ({ progress }) => {
      resolve(progress!.done);
      setImmediate(() => stop());
    });
  });
  expect(seen).toBe(after + 1);
});
