import { afterAll, beforeAll, expect, it } from 'vitest';
import { readProgress, startRun, stopRun, waitForRun } from '../../../workers/starter.ts';
import { openPlatform, type Platform } from './platform.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await openPlatform();
});
afterAll(() => platform.close());

it('lets fresh rows in and online while a backfill has far more work than slots', { timeout: 240_000 }, async () => {
  const { client, project } = platform;
  platform.writeInput('a.csv', ['2001-01-01T06:00:00Z,JFK,1', '2001-01-02T06:00:00Z,ORD,2']);
  await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));

  // every batch is asked for at once, a thousand intervals are waiting all the time
  const run = await startRun(client, 'backfill', {
    ...{ project, view: 'delays', from: '2001-01-01', to: '2002-01-01', chunk: '1h', parallel: 64 },
  });
  const done = async (): Promise<number> => (await readProgress(run))?.done ?? 0;
  await expect.poll(done, { timeout: 60_000 }).toBeGreaterThan(0);

  platform.writeInput('b.csv', ['2001-01-03T06:00:00Z,JFK,3']);
  const ingested = await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
  const materialized = await waitForRun(
    await startRun(client, 'materialize', { project, views: ['delays', 'latest'] }),
  );
  expect(ingested).toMatchObject({ snapshot: 2, committed: 1 });
  expect(materialized.views.map(({ snapshot }) => snapshot)).toEqual([2, 2]);

  // the backfill was at it before and is at it still
  expect(await readProgress(run)).toMatchObject({ step: 'write', total: 8760, failed: 0 });
  const then = await done();
  expect(then).toBeLessThan(8760);
  await expect.poll(done, { timeout: 60_000 }).toBeGreaterThan(then);
  await stopRun(run);
  await expect(waitForRun(run)).rejects.toMatchObject({ code: 'RUN_CANCELLED' });
});
