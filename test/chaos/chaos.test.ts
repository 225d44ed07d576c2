/**
 * Everything at once, with faults from a seed. Two short fixed seeds by default; `npm run chaos -- --minutes 20 --seed 7` runs one
 * seed for longer.
 */
import { expect, it } from 'vitest';
import { runChaos } from './chaos-run.ts';

const SEEDS = (process.env['ASOF_CHAOS_SEED'] ?? '1,2').split(',').map(Number);
const MINUTES = Number(process.env['ASOF_CHAOS_MINUTES'] ?? '0');
const SHORT = { changes: 3, faults: 4 };

it.each(SEEDS)('whatever fails, what is committed is whole and values are right, seed %i', async (seed) => {
  const report = await runChaos(seed, { minutes: MINUTES, ...SHORT });
  const repeat = `npm run chaos -- --minutes ${MINUTES} --seed ${seed}`;
  expect(report.breaches, `repeat it with: ${repeat}\n${report.journal.join('\n')}`).toEqual({});
});
