import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MaintainTablesInput, MaintenanceActivities } from '../../activities/maintenance-activities.ts';
import type { MaintainedTableName, MaintenancePlanActivities } from '../../activities/maintenance-plan-activities.ts';
import { AsofError } from '../../contracts/errors.ts';
import { cancelRun, startRun, waitForRun } from '../../workers/starter.ts';
import { openOrchestra } from './open-orchestra.ts';
import type { Orchestra } from './orchestra.ts';

let orchestra: Orchestra;
beforeAll(async () => {
  orchestra = await openOrchestra();
});
afterAll(() => orchestra.close());

const NOW = '2024-04-01T00:00:00.000000Z';
const name = (kind: MaintainedTableName['kind'], table: string): MaintainedTableName => ({
  ...{ kind, name: table, version: kind === 'view' ? 'f1' : '' },
});

function activities(
  log: string[],
  tables: (input: MaintainTablesInput) => Promise<void> = async () => undefined,
): MaintenancePlanActivities & MaintenanceActivities {
  return {
    planMaintenance: async () => ({
      ...{ definitions: 'd', now: NOW },
      sources: ['a', 'b'].map((table) => name('source', table)),
      views: [name('view', 'v')],
    }),
    async maintainTables(input) {
      await tables(input);
      log.push(...input.tables.map((table) => table.name));
      const work = { expiredRows: 0, filesBefore: 4, filesAfter: 1, rows: 10, bytesBefore: 9, bytesAfter: 5 };
      return input.tables.map((table) => ({ table: table.name, ...work, files: 1, bytes: 5 }));
    },
    async expireSnapshots({ retentionDays }) {
      log.push(`expire ${retentionDays}`);
      return { snapshots: 3, files: 2, bytes: 20 };
    },
    async removeGarbage({ graceDays }) {
      log.push(`remove ${graceDays}`);
      return { files: 1, bytes: 7 };
    },
  };
}

it('looks after sources, then views, then snapshots, then files', async () => {
  const log: string[] = [];
  await orchestra.perform(activities(log), async (book) => {
    const run = await startRun(orchestra.client, 'maintain', { project: 'flights' });
    expect(run.workflowId).toBe('maintain/flights');
    expect(await waitForRun(run)).toMatchObject({
      tables: 3,
      compacted: { filesBefore: 12, filesAfter: 3 },
      expired: { snapshots: 3 },
      removed: { files: 1 },
    });
    expect(log.slice(0, 2).sort()).toEqual(['a', 'b']);
    expect(log.slice(2)).toEqual(['v', 'expire 90', 'remove 3']);
    expect(book.ended).toMatchObject([{ state: 'completed', workflow: 'maintain', target: 'flights' }]);
  });
});

it('goes on with the other tables when one fails, then fails, and removes nothing', async () => {
  const log: string[] = [];
  const broken = async ({ tables }: MaintainTablesInput): Promise<void> => {
    if (tables[0]?.name === 'a') throw new AsofError('LAKE_FILE_CORRUPT', { path: 'x', problem: 'cut short' });
  };
  await orchestra.perform(activities(log, broken), async (book) => {
    const run = await startRun(orchestra.client, 'maintain', { project: 'broken', retentionDays: 1, graceDays: 0.5 });
    await expect(waitForRun(run)).rejects.toMatchObject({ code: 'LAKE_FILE_CORRUPT' });
    expect(log).toEqual(['b']);
    expect(book.ended).toMatchObject([{ state: 'failed' }]);
  });
});

it('ends as cancelled, and removes nothing', async () => {
  const log: string[] = [];
  let begun = (): void => undefined;
  const started = new Promise<void>((resolve) => (begun = resolve));
  const waiting = async (): Promise<void> => {
    begun();
    const { Context } = await import('@temporalio/activity');
    const context = Context.current();
    const timer = setInterval(() => context.heartbeat(), 100);
    await context.cancelled.finally(() => clearInterval(timer));
  };
  await orchestra.perform(activities(log, waiting), async (book) => {
    const run = await startRun(orchestra.client, 'maintain', { project: 'cancelled' });
    await started;
    await cancelRun(run);
    await expect(waitForRun(run)).rejects.toMatchObject({ code: 'RUN_CANCELLED' });
    expect(log).toEqual([]);
    expect(book.ended).toMatchObject([{ state: 'cancelled' }]);
  });
});

it('refuses what is no number of days, by name', async () => {
  await orchestra.perform(activities([]), async () => {
    const input = { project: 'flights', retentionDays: -1 };
    await expect(startRun(orchestra.client, 'maintain', input)).rejects.toMatchObject({
      code: 'INVALID_VALUE',
      message: 'maintain input, field "retentionDays": must be a number of days from 0 to 36500',
    });
  });
});
