import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DatasetActivities } from '../../activities/dataset-activities.ts';
import { AsofError } from '../../contracts/errors.ts';
import { startRun, waitForRun } from '../../workers/starter.ts';
import { openOrchestra } from './open-orchestra.ts';
import type { Orchestra } from './orchestra.ts';

let orchestra: Orchestra;
beforeAll(async () => {
  orchestra = await openOrchestra();
});
afterAll(() => orchestra.close());

/** A dataset of 300 units and 4 ranges; versions count up as the catalog's do. */
function datasetActivities(calls: string[], changes: Partial<DatasetActivities> = {}): DatasetActivities {
  const versions = new Map<string, number>();
  return {
    async planDataset() {
      calls.push('plan');
      return { planUri: 'plan.json', units: 300, ranges: 4, views: ['airport_delays'] };
    },
    async computeUnits({ units }) {
      calls.push(...units.map((unit) => `unit ${unit}`));
    },
    async assembleRanges({ ranges }) {
      calls.push(...ranges.map((range) => `range ${range}`));
      return { rows: ranges.length * 1000 };
    },
    async publishDataset({ runId }) {
      calls.push('publish');
      const version = versions.get(runId) ?? versions.size + 1;
      versions.set(runId, version);
      return { name: 'delays', version, rows: 4000, columns: 5, leakage: { airport_delays__flights_1h: 0 }, files: [] };
    },
    ...changes,
  };
}

const input = (name: string) => ({
  project: 'flights',
  name,
  spine: '/data/spine.parquet',
  features: ['airport_delays'],
});

it('computes every unit before it assembles, and every range before it publishes', async () => {
  const calls: string[] = [];
  await orchestra.perform(datasetActivities(calls), async (book) => {
    const result = await waitForRun(await startRun(orchestra.client, 'buildTrainingDataset', input('delays')));
    expect(result).toMatchObject({ version: 1, rows: 4000, leakage: { airport_delays__flights_1h: 0 } });
    expect(new Set(calls).size).toBe(306);
    expect(calls[0]).toBe('plan');
    expect(calls.slice(301, 305).sort()).toEqual(['range 0', 'range 1', 'range 2', 'range 3']);
    expect(calls.at(-1)).toBe('publish');
    expect(book.ended).toMatchObject([{ inputs: ['view:airport_delays'], outputs: ['dataset:delays@1'] }]);
  });
});

it('makes a new version of a later identical request, and one version however often it is retried', async () => {
  let failures = 0;
  const steps = datasetActivities([]);
  const activities: DatasetActivities = {
    ...steps,
    async publishDataset(step) {
      const result = await steps.publishDataset(step);
      if (failures++ === 0) throw new AsofError('CATALOG_UNAVAILABLE', { problem: 'connection lost after the commit' });
      return result;
    },
  };
  await orchestra.perform(activities, async () => {
    const first = await startRun(orchestra.client, 'buildTrainingDataset', input('again'));
    expect(await waitForRun(first)).toMatchObject({ version: 1 });
    const second = await startRun(orchestra.client, 'buildTrainingDataset', input('again'));
    expect(second.workflowId).toBe(first.workflowId);
    expect(await waitForRun(second)).toMatchObject({ version: 2 });
  });
});

it('stops the other units when one fails for good, and publishes nothing', async () => {
  const calls: string[] = [];
  const activities = datasetActivities(calls, {
    async computeUnits({ units }) {
      if (units.includes(6)) throw new AsofError('INTEGER_OVERFLOW', { where: 'view airport_delays', column: 'delay' });
    },
  });
  await orchestra.perform(activities, async () => {
    const run = await startRun(orchestra.client, 'buildTrainingDataset', input('overflow'));
    await expect(waitForRun(run)).rejects.toMatchObject({ code: 'INTEGER_OVERFLOW' });
    expect(calls).toEqual(['plan']);
  });
});

it('gives the same run for the same idempotency key, also after its end, and refuses the key for another request', async () => {
  const calls: string[] = [];
  await orchestra.perform(datasetActivities(calls), async () => {
    const options = { idempotencyKey: 'order-66' };
    const first = await startRun(orchestra.client, 'buildTrainingDataset', input('keyed'), options);
    await waitForRun(first);
    const second = await startRun(orchestra.client, 'buildTrainingDataset', input('keyed'), options);
    expect(second).toMatchObject({ id: first.id, workflowId: first.workflowId });
    expect(await waitForRun(second)).toMatchObject({ version: 1 });
    const other = startRun(orchestra.client, 'buildTrainingDataset', input('other'), options);
    await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
    expect(calls.filter((call) => call === 'publish')).toHaveLength(1);
  });
});
