import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScheduleTimes } from '../../contracts/schedules.ts';
import { requireInstant } from '../../contracts/time.ts';
import { readRunInput } from '../../workers/starter.ts';
import { backfillSchedule, deleteSchedule, readSchedule, setSchedule } from '../../workers/schedules.ts';
import { openOrchestra } from './open-orchestra.ts';
import type { Orchestra } from './orchestra.ts';

let orchestra: Orchestra;
beforeAll(async () => {
  orchestra = await openOrchestra();
});
afterAll(() => orchestra.close());

const TO = '2024-01-02T00:00:00.000000Z';
const PATIENT = { timeout: 50_000, interval: 100 };
const TIMES: ScheduleTimes = {
  ...{ cron: [], everyMicros: 3_600_000_000, offsetMicros: 0, timezone: 'UTC' },
  ...{ jitterMicros: 0, overlap: 'skip', catchupMicros: null },
} as const;
const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));
const range = {
  from: requireInstant('2024-01-01T03:00:00Z', 'test'),
  to: requireInstant('2024-01-01T07:00:00Z', 'test'),
};
const HOURS = ['03', '04', '05', '06'].map((hour) => `2024-01-01T${hour}:00:00.000000Z`);

describe('scheduled runs', () => {
  it('work on the times that were due, in order, though they start late', async () => {
    const asked: (string | undefined)[] = [];
    const activities = {
      planMaterialization: async ({ to, views }: { to?: string; views: string[] }) => {
        asked.push(to);
        return { definitions: 'd', to: to ?? TO, views };
      },
      materializeView: async ({ view, to }: { view: string; to: string }) => ({
        ...{ view, fingerprint: 'f', snapshot: 1, to, written: 0, unchanged: 0 },
      }),
    };
    await orchestra.perform(activities, async (book) => {
      const key = { project: 'flights', name: 'materialize/latest' };
      const work = { workflow: 'materialize', input: { project: 'flights', views: ['latest'] } } as const;
      await setSchedule(orchestra.client, key, { work, times: TIMES }, { paused: 'test' });
      await backfillSchedule(orchestra.client, key, range);
      await expect.poll(() => book.ended.length, PATIENT).toBe(4);
      expect(asked).toEqual(HOURS);
      await deleteSchedule(orchestra.client, key);
    });
  });

  it('wait for the one before under a policy that would skip them', async () => {
    const planned: string[] = [];
    let atWork = 0;
    let most = 0;
    const activities = {
      planIngestion: async ({ from, to }: { from: string; to: string }) => {
        most = Math.max(most, ++atWork);
        planned.push(`${from} ${to}`);
        await pause(300);
        return { planUri: 'p', groups: 0, rows: 0 };
      },
      auditIngestion: async () => ({ warnings: [] }),
      publishIngestion: async () => {
        atWork--;
        return { committed: 0 };
      },
    };
    await orchestra.perform(activities, async (book) => {
      const key = { project: 'flights', name: 'ingest/flights' };
      const work = { workflow: 'ingest', input: { project: 'flights', source: 'flights', window: '1h' } } as const;
      await setSchedule(orchestra.client, key, { work, times: TIMES }, { paused: 'test' });
      await backfillSchedule(orchestra.client, key, range);
      await expect.poll(() => book.ended.length, PATIENT).toBe(4);
      expect(planned).toEqual(
        HOURS.map((hour, index) => `${['2024-01-01T02:00:00.000000Z', ...HOURS][index]} ${hour}`),
      );
      expect(most).toBe(1);
      expect(await readSchedule(orchestra.client, key)).toMatchObject({ skipped: 0, missed: 0 });
      const { id, workflowId } = book.begun[0]!;
      const input = await readRunInput({ client: orchestra.client, workflow: 'ingest', id, workflowId });
      expect(input).toEqual({
        project: 'flights',
        source: 'flights',
        from: '2024-01-01T02:00:00.000000Z',
        to: HOURS[0],
      });
      await deleteSchedule(orchestra.client, key);
    });
  });

  it('alone may leave their times to a window', async () => {
    await orchestra.perform({}, async () => {
      const input = { project: 'flights', view: 'delays', window: '1d' };
      const started = orchestra.client.workflow.execute('backfill', {
        ...{ taskQueue: 'asof-orchestration', workflowId: 'by-hand', args: [input] },
      });
      await expect(started).rejects.toMatchObject({
        cause: {
          type: 'INVALID_VALUE',
          message: 'backfill input, field "window": goes with a run that a schedule starts; give "from" and "to"',
        },
      });
    });
  });
});
