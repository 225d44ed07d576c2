/** Faults 1 to 4, 11 and 19 of the reliability table: what happens to a worker, its connection or its input around a commit. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { collectGarbage } from '../../lake/gc.ts';
import { checkLake } from '../../lake/fsck.ts';
import { readProgress, waitForRun } from '../../workers/starter.ts';
import { pollFor } from '../e2e/support/polling.ts';
import { INTERVALS, openFaultStage, type FaultStage } from './fault-stage.ts';
import { queryCatalog } from './committed-rows.ts';

/** What a worker says to the catalog when files are written and their snapshot is to be. */
const SNAPSHOT = /insert into "asof"\."snapshots"/;
const COMMIT = { after: SNAPSHOT, at: /^Q[^]{4}commit\0/i };

let stage: FaultStage;
beforeAll(async () => {
  stage = await openFaultStage(11);
  // ingested together, so that a file of the lake has rows of several inputs: one that changes has others written again
  for (let input = 0; input < 3; input++) stage.files.addLate();
  await stage.expectWhole();
});
afterEach(() => {
  for (const proxy of Object.values(stage.proxies)) proxy.heal();
});
afterAll(() => stage?.close());

/** Leaves one compute worker, so that it is known who does the work. */
async function leaveOne(): Promise<void> {
  const { crew } = stage;
  crew.get('compute-2').signal('SIGKILL');
  await crew.get('compute-2').ended;
}

/** Of the source. */
async function snapshotsOf(runId: string): Promise<number> {
  const sql = `select 1 from asof.snapshots s join asof.tables t on t.id = s.table_id
    where t.kind = 'source' and s.run_id = $1`;
  const rows = await queryCatalog(stage.settings.catalogUrl, sql, [runId]);
  return rows.length;
}

it('1: killed after its files are written and before the commit, a worker leaves orphans only, which gc removes', async () => {
  const { crew, proxies, files, project } = stage;
  await leaveOne();
  files.replace();
  const hold = proxies.catalog.holdAt({ at: SNAPSHOT }, 'request');
  const before = await stage.head();
  const run = await stage.startIngest();
  await hold.reached;
  crew.get('compute-1').signal('SIGKILL');
  await crew.get('compute-1').ended;
  expect(await stage.head()).toBe(before);
  await Promise.all([crew.revive('compute-1'), crew.revive('compute-2')]);
  expect(await waitForRun(run)).toMatchObject({ inputs: 1, snapshot: before + 1 });
  expect(await snapshotsOf(run.id)).toBe(1);

  expect((await checkLake({ ...stage })).orphans).not.toEqual([]);
  await collectGarbage({ ...stage, project, graceMillis: 0 });
  expect(await checkLake({ ...stage })).toMatchObject({ problems: [], orphans: [] });
  await stage.expectWhole();
});

it('2: killed after the commit and before it reports, a worker leaves a commit that the next attempt finds by its key', async () => {
  const { crew, proxies, files } = stage;
  await leaveOne();
  files.replace();
  const hold = proxies.catalog.holdAt(COMMIT, 'answer');
  const before = await stage.head();
  const run = await stage.startIngest();
  await hold.reached;
  crew.get('compute-1').signal('SIGKILL');
  await crew.get('compute-1').ended;
  expect(await stage.head()).toBe(before + 1);
  await Promise.all([crew.revive('compute-1'), crew.revive('compute-2')]);
  expect(await waitForRun(run)).toMatchObject({ inputs: 1, snapshot: before + 1 });
  expect(await stage.head()).toBe(before + 1);
  await stage.expectWhole();
});

it.each([
  { place: 'inside of its transaction', moment: { at: SNAPSHOT }, what: 'request' },
  { place: 'after its commit', moment: COMMIT, what: 'answer' },
] as const)(
  '3: frozen beyond the heartbeat $place, a worker wakes up beside the one that took over, and adds nothing',
  async ({ moment, what }) => {
    const { crew, proxies, files } = stage;
    await leaveOne();
    files.replace();
    const hold = proxies.catalog.holdAt(moment, what);
    const before = await stage.head();
    const run = await stage.startIngest();
    await hold.reached;
    crew.get('compute-1').signal('SIGSTOP');
    try {
      await crew.revive('compute-2');
      expect(await waitForRun(run)).toMatchObject({ inputs: 1, snapshot: before + 1 });
    } finally {
      crew.get('compute-1').signal('SIGCONT');
      hold.release();
    }
    // it is whole again, and has nothing to say about what it slept through
    await crew.get('compute-2').quit();
    files.add();
    expect(await waitForRun(await stage.startIngest())).toMatchObject({ inputs: 1, snapshot: before + 2 });
    expect(await snapshotsOf(run.id)).toBe(1);
    await crew.revive('compute-2');
    await stage.expectWhole();
  },
);

it('19: late rows that come while their interval is written make it dirty, and it is done again with them', async () => {
  const { proxies, files, catalog, project, applied } = stage;
  const { fingerprint } = applied.manifest.views.find(({ name }) => name === 'latest')!;
  const entries = () => catalog.intervals.entries({ project, view: 'latest', fingerprint, store: 'offline' });
  const hold = proxies.catalog.holdAt({ at: SNAPSHOT }, 'request');
  const run = await stage.startBackfill('latest', { days: 1, chunk: '1d', restate: true });
  await hold.reached;
  const before = (await entries()).length;
  files.addLate();
  expect(await waitForRun(await stage.startIngest())).toMatchObject({ inputs: 1 });
  expect((await entries()).slice(before)).toContainEqual(expect.objectContaining({ operation: 'dirty' }));
  hold.release();
  expect(await waitForRun(run)).toMatchObject({ intervals: 1, done: 1, failed: [] });
  const again = await stage.startBackfill('latest', { days: 1, chunk: '1d', restate: false });
  expect(await waitForRun(again)).toMatchObject({ intervals: 1, done: 0, reused: 1 });
  await stage.expectWhole();
});

it('4: asked to end during a backfill, a worker ends well, and the next goes on from its heartbeats', async () => {
  const { crew, client } = stage;
  await leaveOne();
  const run = await stage.startBackfill('totals', { chunk: '3h', restate: true });
  await pollFor(async () => ((await readProgress(run))?.done ?? 0) > 3, true);
  expect(await crew.get('compute-1').quit()).toBe(0);
  await Promise.all([crew.revive('compute-1'), crew.revive('compute-2')]);
  expect(await waitForRun(run)).toMatchObject({ intervals: INTERVALS, done: INTERVALS, failed: [] });
  const { events } = await client.workflow.getHandle(run.workflowId, run.id).fetchHistory();
  const again = (events ?? []).filter((event) => (event.activityTaskStartedEventAttributes?.attempt ?? 1) > 1);
  expect(again, 'no attempt was interrupted').not.toEqual([]);
  await stage.expectWhole();
});

it.each(['before', 'during', 'after'] as const)(
  '11: a connection that is lost %s COMMIT: the key of the commit decides whether it happened',
  async (when) => {
    const { proxies, files } = stage;
    files.replace();
    const [before, cuts] = [await stage.head(), proxies.catalog.cuts()];
    proxies.catalog.cutAt(COMMIT, when);
    const run = await stage.startIngest();
    expect(await waitForRun(run)).toMatchObject({ inputs: 1, snapshot: before + 1 });
    expect(proxies.catalog.cuts()).toBe(cuts + 1);
    expect([await snapshotsOf(run.id), await stage.head()]).toEqual([1, before + 1]);
    await stage.expectWhole();
  },
);
