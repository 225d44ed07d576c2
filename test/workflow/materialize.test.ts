import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MaterializationActivities } from '../../activities/materialization-activities.ts';
import type { MaterializationPlanActivities } from '../../activities/materialization-plan-activities.ts';
import { AsofError } from '../../contracts/errors.ts';
import { startRun, waitForRun } from '../../workers/starter.ts';
import { openOrchestra } from './open-orchestra.ts';
import type { Orchestra } from './orchestra.ts';

let orchestra: Orchestra;
beforeAll(async () => {
  orchestra = await openOrchestra();
});
afterAll(() => orchestra.close());

const TO = '2001-02-01T00:00:00.000000Z';

function viewActivities(written: string[], broken?: string): MaterializationPlanActivities & MaterializationActivities {
  return {
    async planMaterialization({ views, to }) {
      return { definitions: 'd', to: to ?? TO, views };
    },
    async materializeView({ view, to }) {
      if (view === broken) throw new AsofError('INVALID_VALUE', { where: `view ${view}`, problem: 'is not online' });
      written.push(view);
      return { view, fingerprint: 'f', snapshot: 4, to, written: 100, unchanged: 1 };
    },
  };
}

it('writes every view as of one instant, in the order asked for', async () => {
  const written: string[] = [];
  await orchestra.perform(viewActivities(written), async (book) => {
    const views = ['airport_delays', 'flight_latest'];
    const run = await startRun(orchestra.client, 'materialize', { project: 'flights', views });
    expect(run.workflowId).toBe('materialize/flights/airport_delays+flight_latest');
    const result = await waitForRun(run);
    expect(result.views.map(({ view, to }) => [view, to])).toEqual(views.map((view) => [view, TO]));
    expect(book.ended).toMatchObject([{ state: 'completed', outputs: views.map((view) => `online:view:${view}`) }]);
  });
});

it('writes the other views when one fails, then fails with its code', async () => {
  const written: string[] = [];
  await orchestra.perform(viewActivities(written, 'broken'), async (book) => {
    const run = await startRun(orchestra.client, 'materialize', { project: 'flights', views: ['broken', 'whole'] });
    await expect(waitForRun(run)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    expect(written).toEqual(['whole']);
    expect(book.ended).toMatchObject([{ state: 'failed', error: { message: 'view broken: is not online' } }]);
  });
});
