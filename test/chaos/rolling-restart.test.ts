/** Every worker is asked to end and started again, one after the other, while an ingestion, a backfill and a dataset build are at work. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitForRun } from '../../workers/starter.ts';
import { VIEWS } from './definitions.ts';
import { createDice } from './dice.ts';
import { INTERVALS, openFaultStage, type FaultStage } from './fault-stage.ts';
import { drawQuestions } from './workload.ts';

let stage: FaultStage;
beforeAll(async () => {
  stage = await openFaultStage(23);
  for (let input = 0; input < 4; input++) stage.files.add();
  await stage.expectWhole();
});
afterAll(() => stage?.close());

/** Does it again and again until told to stop, the last time to its end; answers how often. */
async function repeat(work: (round: number) => Promise<void>, isOver: () => boolean): Promise<number> {
  for (let round = 0; ; round++) {
    if (isOver()) return round;
    await work(round);
  }
}

it('a rolling restart of all workers fails no run, and loses and doubles nothing', async () => {
  const { crew, files } = stage;
  const dice = createDice(23, 2);
  let over = false;
  const isOver = (): boolean => over;
  const work = Promise.all([
    repeat(async () => {
      files.change();
      expect(await waitForRun(await stage.startIngest())).toMatchObject({ inputs: 1 });
    }, isOver),
    repeat(async () => {
      const run = await stage.startBackfill('totals', { chunk: '3h', restate: true });
      expect(await waitForRun(run)).toMatchObject({ intervals: INTERVALS, done: INTERVALS, failed: [] });
    }, isOver),
    repeat(async (round) => {
      const name = `rolling${round}`;
      const spine = stage.spine(name, drawQuestions(dice, 40));
      const built = await stage.run('buildTrainingDataset', { name, spine, features: [...VIEWS], shards: 3 });
      expect(built).toMatchObject({ version: 1, rows: 40 });
    }, isOver),
  ]);
  // a failure of the work ends the restarts, and is what the test says
  work.catch(() => (over = true));
  for (const name of ['serving', 'orchestration', 'compute-1', 'compute-2']) {
    if (over) break;
    expect(await crew.get(name).quit(), `${name} did not end by itself`).toBe(0);
    await crew.revive(name);
  }
  over = true;
  expect(Math.min(...(await work))).toBeGreaterThan(0);
  await stage.expectWhole();
});
