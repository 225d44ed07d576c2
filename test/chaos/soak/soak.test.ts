/**
 * Reads at half of the capacity while Redis is restarted and a process that serves is killed. Short here; for as long as one likes,
 * with the error budget and flat memory, by `npm run soak -- --minutes 10 --seed 7`.
 */
import { expect, it } from 'vitest';
import { openJournal } from '../journal.ts';
import { linesOf, shareOf } from './report-lines.ts';
import { runSoak } from './soak-run.ts';

const SEED = Number(process.env['ASOF_SOAK_SEED'] ?? '1');
const MINUTES = Number(process.env['ASOF_SOAK_MINUTES'] ?? '0');
const LENGTH =
  MINUTES > 0 ? { capacityMillis: 20_000, millis: MINUTES * 60_000 } : { capacityMillis: 4000, millis: 30_000 };
const ERROR_BUDGET = 0.001;

it(`half of the capacity while Redis restarts and a server is killed: no value is wrong or goes back, seed ${SEED}`, async () => {
  const journal = openJournal();
  const report = await runSoak(SEED, LENGTH, journal);
  const lines = linesOf(report);
  if (process.env['ASOF_CHAOS_LOG'] !== undefined) process.stdout.write(`${lines.join('\n')}\n`);
  const told = [...journal.lines, ...lines].join('\n');
  expect(report.wrong, told).toBe(0);
  expect([...report.faults.keys()].sort()).toEqual(['redis', 'server']);
  // most reads have nothing to do with a fault, however slow the machine is
  expect(shareOf(report.lost, report.requests), told).toBeLessThan(0.5);
  if (MINUTES === 0) return;
  expect(shareOf(report.lost, report.requests), told).toBeLessThan(ERROR_BUDGET);
  expect(
    report.memory.filter(({ isFlat }) => isFlat === false),
    told,
  ).toEqual([]);
});
