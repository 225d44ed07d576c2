import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRun, stopRun, waitForRun } from '../../../workers/starter.ts';
import { openPlatform, type Platform } from './platform.ts';

let platform: Platform;
let blocker: pg.Client;
let observer: pg.Client;
beforeAll(async () => {
  platform = await openPlatform();
  const connectionString = platform.settings.catalogUrl!;
  blocker = new pg.Client({ connectionString });
  observer = new pg.Client({ connectionString });
  await Promise.all([blocker.connect(), observer.connect()]);
});
afterAll(async () => {
  await Promise.all([blocker.end(), observer.end()]);
  await platform.close();
});

async function waitingForLocks(): Promise<number> {
  const { rows } = await observer.query<{ n: string }>(
    `SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return Number(rows[0]!.n);
}

it(
  'lets fresh rows in and online while a backfill fills its slots, and has far more work',
  { timeout: 240_000 },
  async () => {
    const { client, project } = platform;
    platform.writeInput('a.csv', ['2001-01-01T06:00:00Z,JFK,1', '2001-01-02T06:00:00Z,ORD,2']);
    await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
    const year = { project, view: 'delays', to: '2002-01-01', chunk: '1h', parallel: 64 };
    await waitForRun(await startRun(client, 'backfill', { ...year, from: '2001-12-31' }));

    // whatever batch gets a slot now stays in it, before its commit; every other one has been asked for
    await blocker.query('BEGIN');
    const locked = await blocker.query(`SELECT id FROM asof.tables WHERE kind = 'view' AND name = 'delays' FOR UPDATE`);
    expect(locked.rowCount).toBe(1);
    const run = await startRun(client, 'backfill', { ...year, from: '2001-01-01' });
    await expect.poll(waitingForLocks, { timeout: 60_000 }).toBeGreaterThan(0);

    platform.writeInput('b.csv', ['2001-01-03T06:00:00Z,JFK,3']);
    const ingested = await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
    const materialized = await waitForRun(
      await startRun(client, 'materialize', { project, views: ['delays', 'latest'] }),
    );
    expect(ingested).toMatchObject({ snapshot: 2, committed: 1 });
    expect(materialized.views.map(({ snapshot }) => snapshot)).toEqual([2, 2]);

    await blocker.query('ROLLBACK');
    await stopRun(run);
    await expect(waitForRun(run)).rejects.toMatchObject({ code: 'RUN_CANCELLED' });
  },
);
