import { Context } from '@temporalio/activity';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BackfillActivities } from '../../activities/backfill-activities.ts';
import type { MaterializationActivities } from '../../activities/materialization-activities.ts';
import type { MaterializationPlanActivities } from '../../activities/materialization-plan-activities.ts';
import type { BackfillPlanned } from '../../activities/backfill-layout.ts';
import type { BackfillPlanActivities, Interval } from '../../activities/backfill-plan-activities.ts';
import { AsofError } from '../../contracts/errors.ts';
import type { BackfillInput } from '../../contracts/runs.ts';
import { formatInstant, MICROS_PER_DAY, requireInstant } from '../../contracts/time.ts';
import {
  cancelRun,
  pauseRun,
  readProgress,
  resumeRun,
  setRunParallel,
  startRun,
  stopRun,
  waitForRun,
  type RunHandle,
} from '../../workers/starter.ts';
import { openOrchestra } from './open-orchestra.ts';
import type { Orchestra } from './orchestra.ts';

let orchestra: Orchestra;
beforeAll(async () => {
  orchestra = await openOrchestra();
});
afterAll(() => orchestra.close());

const DAY = BigInt(MICROS_PER_DAY);
const START = requireInstant('2001-01-01', 'test');

/** A ledger in memory and the activities on it; `write` decides what becomes of one interval. */
function ledgerActivities(write: (interval: Interval) => Promise<void> | void = () => undefined) {
  const done = new Map<string, number>();
  const valid = new Set<string>();
  const activities: BackfillPlanActivities & BackfillActivities = {
    async planBackfill({ view, from, to, restate, cascade }): Promise<BackfillPlanned> {
      if (restate) valid.clear();
      const intervals = Number((requireInstant(to, 'to') - requireInstant(from, 'from')) / DAY);
      const chunkMicros = MICROS_PER_DAY;
      return {
        view,
        fingerprint: 'f'.repeat(64),
        definitions: 'd',
        source: 'flights',
        intervals,
        from,
        to,
        chunkMicros,
        ...(cascade && { cascade: { online: true, derived: ['clock'] } }),
      };
    },
    async listIntervals({ from, to, limit, newestFirst }) {
      const cells: Interval[] = [];
      for (let at = requireInstant(from, 'from'); at < requireInstant(to, 'to'); at += DAY) {
        cells.push({ from: formatInstant(at), to: formatInstant(at + DAY) });
      }
      const missing = (newestFirst ? cells.toReversed() : cells).filter((cell) => !valid.has(cell.from));
      const following = missing[limit];
      const next = (newestFirst ? following?.to : following?.from) ?? null;
      const passed =
        next === null
          ? cells.length
          : cells.filter((cell) => (newestFirst ? cell.from >= next : cell.from < next)).length;
      const intervals = missing.slice(0, limit);
      return { intervals, reused: passed - intervals.length, late: 0, left: missing.length, next };
    },
    async writeIntervals({ intervals }) {
      const failed = [];
      for (const interval of intervals) {
        try {
          await write(interval);
          done.set(interval.from, (done.get(interval.from) ?? 0) + 1);
          valid.add(interval.from);
        } catch (error) {
          if (!(error instanceof AsofError)) throw error;
          failed.push({ ...interval, code: error.code, message: error.message });
        }
      }
      return { done: intervals.length - failed.length, rows: 10 * (intervals.length - failed.length), failed };
    },
  };
  return { activities, done };
}

function days(view: string, count: number, options: Partial<BackfillInput> = {}): BackfillInput {
  const to = formatInstant(START + BigInt(count) * DAY);
  return { project: 'flights', view, from: formatInstant(START), to, ...options };
}

function start(input: BackfillInput): Promise<RunHandle<'backfill'>> {
  return startRun(orchestra.client, 'backfill', input, { fingerprint: 'f'.repeat(64) });
}

it('collects failed intervals while the rest goes on, and the next run does only those', async () => {
  const broken = new Set([formatInstant(START + 3n * DAY), formatInstant(START + 5n * DAY)]);
  const { activities, done } = ledgerActivities((interval) => {
    if (broken.has(interval.from)) throw new AsofError('LAKE_WRITE_FAILED', { path: 'views', problem: 'disk full' });
  });
  await orchestra.perform(activities, async (book) => {
    const first = await start(days('collected', 9));
    expect(first.workflowId).toBe('backfill/flights/collected@ffffffffffff/2001-01-01T00:00:00Z_2001-01-10T00:00:00Z');
    const result = await waitForRun(first);
    expect(result).toMatchObject({ intervals: 9, done: 7, reused: 0, rows: 70 });
    expect(new Set(result.failed.map((failure) => failure.from))).toEqual(broken);
    expect(book.ended).toMatchObject([{ state: 'failed', error: { code: 'LAKE_WRITE_FAILED' }, result }]);

    broken.clear();
    expect(await waitForRun(await start(days('collected', 9)))).toMatchObject({ done: 2, reused: 7, failed: [] });
    expect([...done.values()]).toEqual(Array<number>(9).fill(1));
  });
});

it('redoes what is done when told to restate', async () => {
  const { activities, done } = ledgerActivities();
  await orchestra.perform(activities, async () => {
    await waitForRun(await start(days('restated', 4)));
    const again = await start(days('restated', 4, { restate: true }));
    expect(await waitForRun(again)).toMatchObject({ done: 4, reused: 0 });
    expect([...done.values()]).toEqual([2, 2, 2, 2]);
  });
});

it('goes from the newest interval to the oldest when told to, over pages and executions', async () => {
  const written: string[] = [];
  const { activities } = ledgerActivities(({ from }) => void written.push(from));
  await orchestra.perform(activities, async () => {
    const input = days('newest', 120, { newestFirst: true, parallel: 1 });
    expect(await waitForRun(await start(input))).toMatchObject({ done: 120, reused: 0 });
    const batches = written.map((from) => requireInstant(from, 'test'));
    expect(batches).toEqual(batches.toSorted((a, b) => (a < b ? 1 : -1)));
    expect(new Set(written).size).toBe(120);
  });
});

it('leaves what a restatement could not redo missing, for a run without it', async () => {
  const broken = new Set<string>();
  const { activities, done } = ledgerActivities((interval) => {
    if (broken.has(interval.from)) throw new AsofError('LAKE_WRITE_FAILED', { path: 'views', problem: 'disk full' });
  });
  await orchestra.perform(activities, async () => {
    await waitForRun(await start(days('halfway', 4)));
    broken.add(formatInstant(START + 2n * DAY));
    expect(await waitForRun(await start(days('halfway', 4, { restate: true })))).toMatchObject({ done: 3, reused: 0 });
    broken.clear();
    expect(await waitForRun(await start(days('halfway', 4)))).toMatchObject({ done: 1, reused: 3 });
    expect([...done.values()]).toEqual([2, 2, 2, 2]);
  });
});

it('keeps to its parallelism, changes it while running, and holds while paused', async () => {
  let atWork = 0;
  let most = 0;
  const gates: (() => void)[] = [];
  const { activities } = ledgerActivities(async () => {
    most = Math.max(most, ++atWork);
    await new Promise<void>((resolve) => gates.push(resolve));
    atWork--;
  });
  const open = async (count: number): Promise<void> => {
    await expect.poll(() => gates.length).toBe(count);
    for (const gate of gates.splice(0)) gate();
  };
  await orchestra.perform(activities, async () => {
    const run = await start(days('paced', 12, { parallel: 1 }));
    await open(1);
    await expect.poll(() => gates.length).toBe(1);
    expect(most).toBe(1);

    expect(await setRunParallel(run, 3)).toBe(3);
    await expect(setRunParallel(run, 0)).rejects.toThrow();
    await open(3);
    expect(most).toBe(3);

    await expect.poll(() => gates.length).toBe(3);
    await pauseRun(run);
    await open(3);
    await expect.poll(async () => (await readProgress(run))?.step).toBe('paused');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(gates).toEqual([]);

    await resumeRun(run);
    const opening = setInterval(() => gates.splice(0).forEach((gate) => gate()), 20);
    expect(await waitForRun(run)).toMatchObject({ done: 12 });
    clearInterval(opening);
    expect(most).toBe(3);
  });
});

it('continues as new before its history grows long, as one run with one record', async () => {
  const { activities, done } = ledgerActivities();
  await orchestra.perform(activities, async (book) => {
    const run = await start(days('long', 9000, { parallel: 16 }));
    const result = await waitForRun(run);
    expect(result).toMatchObject({ intervals: 9000, done: 9000, reused: 0, failed: [], rows: 90_000 });
    expect(done.size).toBe(9000);
    const last = orchestra.client.workflow.getHandle(run.workflowId);
    const { runId, historyLength } = await last.describe();
    expect(runId).not.toBe(run.id);
    expect(historyLength).toBeLessThan(2000);
    expect(book.begun.map(({ id }) => id)).toEqual([run.id]);
    expect(book.ended.map(({ id, state }) => [id, state])).toEqual([[run.id, 'completed']]);
    expect(await readProgress(run)).toMatchObject({ step: 'done', done: 9000, total: 9000, rows: 90_000 });
  });
});

it('stays on the version that began it when it continues as new after another became current', async () => {
  const own = await openOrchestra();
  const { namespace } = own.client.options;
  const makeCurrent = (buildId: string) =>
    expect
      .poll(
        () =>
          own.client.workflowService
            .setWorkerDeploymentCurrentVersion({ namespace, deploymentName: 'asof', buildId, identity: 'test' })
            .then(() => 'current', String),
        { timeout: 30_000, interval: 200 },
      )
      .toBe('current');
  let moved = false;
  const old = ledgerActivities(async () => {
    for (const context = Context.current(); !moved; await context.sleep(50)) context.heartbeat();
  });
  const young = ledgerActivities();
  const onBoth = async (): Promise<void> => {
    await makeCurrent('v1');
    const run = await startRun(own.client, 'backfill', days('pinned', 9000, { parallel: 16 }), {
      fingerprint: 'f'.repeat(64),
    });
    await own.perform(
      young.activities,
      async () => {
        await makeCurrent('v2');
        moved = true;
        expect(await waitForRun(run)).toMatchObject({ intervals: 9000, done: 9000, failed: [] });
      },
      'v2',
    );
    const { runId } = await own.client.workflow.getHandle(run.workflowId).describe();
    expect(runId).not.toBe(run.id);
    expect([old.done.size, young.done.size]).toEqual([9000, 0]);
  };
  try {
    await own.perform(old.activities, onBoth, 'v1');
  } finally {
    await own.close();
  }
});

it('leaves nothing running when cancelled, and starts again where the ledger stands', async () => {
  let release = false;
  const { activities, done } = ledgerActivities(async () => {
    if (done.size < 3 || release) return;
    const context = Context.current();
    const beat = setInterval(() => context.heartbeat(), 50);
    try {
      await context.sleep('30 seconds');
    } catch {
      throw new Error('interrupted', { cause: context.cancellationSignal.reason });
    } finally {
      clearInterval(beat);
    }
  });
  const interruptible: typeof activities = {
    ...activities,
    async writeIntervals(input) {
      try {
        return await activities.writeIntervals(input);
      } catch {
        throw new AsofError('CANCELLED', { where: 'backfill' });
      }
    },
  };
  await orchestra.perform(interruptible, async (book) => {
    const run = await start(days('cancelled', 8));
    await expect.poll(() => done.size).toBe(3);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await cancelRun(run);
    await expect(waitForRun(run)).rejects.toMatchObject({ code: 'RUN_CANCELLED' });
    expect(book.ended).toMatchObject([{ state: 'cancelled' }]);

    release = true;
    expect(await waitForRun(await start(days('cancelled', 8)))).toMatchObject({ done: 5, reused: 3 });
  });
});

it('lets what is under way end when told to stop, also while it is held', async () => {
  for (const held of [false, true]) {
    const gates: (() => void)[] = [];
    const { activities, done } = ledgerActivities(() => new Promise<void>((resolve) => void gates.push(resolve)));
    await orchestra.perform(activities, async (book) => {
      const run = await start(days(`stopped${held}`, 8));
      await expect.poll(() => gates.length).toBe(2);
      if (held) await pauseRun(run);
      await stopRun(run);
      await expect.poll(async () => (await readProgress(run))?.step).toBe('stopping');
      for (const open of gates) open();
      await expect(waitForRun(run)).rejects.toMatchObject({ code: 'RUN_CANCELLED' });
      expect(done.size).toBe(2);
      expect(book.ended).toMatchObject([{ state: 'cancelled' }]);
    });
  }
});

it('refuses more intervals than its limit before it starts', async () => {
  const century = { ...days('endless', 1), to: '2201-01-01T00:00:00Z', chunk: '1h' };
  await expect(start(century)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', httpStatus: 400 });
});

it('materializes the view afterwards when told to cascade, and says so when that fails', async () => {
  const { activities } = ledgerActivities();
  let broken = false;
  const online = { view: 'cascaded', fingerprint: 'f', snapshot: 3, to: '2001-01-05T00:00:00.000000Z' };
  const materialization: MaterializationPlanActivities & MaterializationActivities = {
    planMaterialization: async ({ views }) => ({ definitions: 'd', to: online.to, views }),
    async materializeView() {
      if (broken) throw new AsofError('INVALID_VALUE', { where: 'view cascaded', problem: 'is broken' });
      return { ...online, written: 7, unchanged: 0 };
    },
  };
  await orchestra.perform({ ...activities, ...materialization }, async (book) => {
    const run = await start(days('cascaded', 2, { restate: true, cascade: true }));
    expect(run.workflowId).toMatch(/\/restate\/cascade$/);
    const result = await waitForRun(run);
    expect(result).toMatchObject({ done: 2, cascade: { online: [{ ...online, written: 7 }], derived: ['clock'] } });
    expect(book.ended.map(({ workflow, state }) => [workflow, state])).toEqual([
      ['materialize', 'completed'],
      ['backfill', 'completed'],
    ]);

    broken = true;
    await waitForRun(await start(days('cascaded', 2, { restate: true, cascade: true })));
    expect(book.ended.at(-1)).toMatchObject({
      ...{ workflow: 'backfill', state: 'failed', result: { done: 2, failed: [] } },
      error: { code: 'INVALID_VALUE', message: expect.stringContaining('view cascaded: is broken') as string },
    });
  });
});

it('tells the remaining time by its own rate, and what the ledger holds at once', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let begun = 0;
  const { activities } = ledgerActivities(async () => {
    begun += 1;
    if (begun > 34) await held;
    else await new Promise((resolve) => setTimeout(resolve, 20));
  });
  await orchestra.perform(activities, async () => {
    // the 30 newest of 60 days are done, which a look at the first of the older ones does not pass
    const newest = { ...days('remaining', 60), from: formatInstant(START + 30n * DAY) };
    await waitForRun(await start(newest));
    const run = await start(days('remaining', 60, { parallel: 1 }));
    const progress = async () => (await readProgress(run))!;
    await expect.poll(async () => (await progress())?.done, { timeout: 30_000 }).toBe(34);
    expect((await progress()).total).toBe(60);
    expect((await progress()).remainingSeconds).toBeGreaterThan(0);
    release();
    expect(await waitForRun(run)).toMatchObject({ done: 30, reused: 30 });
    expect(await progress()).toMatchObject({ step: 'done', done: 60, remainingSeconds: 0 });
  });
});
