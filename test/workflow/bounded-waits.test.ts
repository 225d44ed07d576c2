import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRun, waitForRun } from '../../workers/starter.ts';
import { openOrchestra } from './open-orchestra.ts';
import type { Orchestra } from './orchestra.ts';

let orchestra: Orchestra;
beforeAll(async () => {
  orchestra = await openOrchestra();
});
afterAll(() => orchestra.close());

const PUBLISHED = { snapshot: 1, rowsIn: 1, committed: 1, quarantined: 0, deduplicated: 0, warnings: [] };
const ACTIVITIES = {
  planIngestion: async () => ({ planUri: 'staging/plan.json', groups: 1, rows: 1 }),
  stageGroups: async () => ({ rows: 1 }),
  auditIngestion: async () => ({ warnings: [] }),
  publishIngestion: async () => PUBLISHED,
};

it('every activity has an end to its wait for a worker, to its work and to its attempts', async () => {
  await orchestra.perform(ACTIVITIES, async () => {
    const { client } = orchestra;
    const run = await startRun(client, 'ingest', { project: 'bounded', source: 'flights' });
    await waitForRun(run);
    const { events } = await client.workflow.getHandle(run.workflowId, run.id).fetchHistory();
    const scheduled = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: one }) => one ?? []);
    expect(new Set(scheduled.map(({ taskQueue }) => taskQueue?.name))).toEqual(
      new Set(['asof-serving', 'asof-compute']),
    );
    const days = scheduled.map(({ scheduleToStartTimeout, startToCloseTimeout, retryPolicy }) => ({
      wait: Number(scheduleToStartTimeout?.seconds) / 86_400,
      work: Number(startToCloseTimeout?.seconds) / 86_400,
      attempts: retryPolicy?.maximumAttempts ?? 0,
    }));
    for (const { wait, work, attempts } of days) {
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(1);
      expect(work).toBeGreaterThan(0);
      expect(work).toBeLessThanOrEqual(0.5);
      expect(attempts).toBeGreaterThan(0);
    }
  });
});
