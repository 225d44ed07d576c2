import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foldLedger } from '../../../catalog/ledger.ts';
import type { ScheduleTimes } from '../../../contracts/schedules.ts';
import { formatInstant, requireInstant } from '../../../contracts/time.ts';
import { reconcileSchedules } from '../../../workers/reconcile-schedules.ts';
import {
  backfillSchedule,
  deleteSchedule,
  findSchedule,
  listSchedules,
  pauseSchedule,
  readSchedule,
  resumeSchedule,
  setSchedule,
  triggerSchedule,
  type ScheduleState,
} from '../../../workers/schedules.ts';
import { DEFINITIONS, openPlatform, type Platform } from './platform.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await openPlatform();
});
afterAll(() => platform.close());

/** Never due while the test runs. */
const RARELY: ScheduleTimes = {
  ...{ cron: ['0 0 1 1 *'], everyMicros: null, offsetMicros: 0, timezone: 'UTC' },
  ...{ jitterMicros: 0, overlap: null, catchupMicros: null },
};
const DAILY: ScheduleTimes = { ...RARELY, cron: ['0 3 * * *'] };
const PATIENT = { timeout: 60_000, interval: 200 };

const key = (name: string) => ({ project: platform.project, name });

/** The definitions with options of the source and of the views in place. */
function definitions(source: string, delays = '', latest = ''): string {
  return DEFINITIONS.replace("timestamp: 'date',", `timestamp: 'date', ${source}`)
    .replace('online: true, features: { flights_1d', `${delays} features: { flights_1d`)
    .replace('online: true, features: { delay:', `online: true, ${latest} features: { delay:`);
}

async function apply(text: string) {
  const before = (await platform.catalog.definitions.current(platform.project))!.manifest;
  await platform.applyDefinitions(text);
  const { manifest } = (await platform.catalog.definitions.current(platform.project))!;
  return reconcileSchedules(platform.client, manifest, before);
}

async function ended(state: () => Promise<ScheduleState>, started: number): Promise<ScheduleState> {
  await expect
    .poll(async () => {
      const { started: now, running, buffered } = await state();
      return { started: now, running: running.length, buffered };
    }, PATIENT)
    .toEqual({ started, running: 0, buffered: 0 });
  return state();
}

async function runsOf(workflow: string) {
  return (await platform.catalog.runs.list(platform.project, 200)).filter((run) => run.workflow === workflow);
}

describe('declared schedules', () => {
  it('are made by apply, and the server knows their times, zone and policies', async () => {
    const { client, project } = platform;
    const rules =
      "schedule: { cron: '0 6 1 1 *', timezone: 'Europe/Berlin', jitter: '30s', overlap: 'skip', catchup: '2h' },";
    const done = await apply(
      definitions(rules, "schedule: { cron: '0 3 1 1 *', window: '7d' },", "schedule: '0 4 1 1 *',"),
    );
    expect(done).toEqual({
      created: ['declared/source/flights', 'declared/view/delays', 'declared/view/latest'],
      set: [],
      deleted: [],
    });
    const description = await client.schedule.getHandle(`declared/${project}/source/flights`).describe();
    expect(description).toMatchObject({
      spec: { timezone: 'Europe/Berlin', jitter: 30_000 },
      policies: { overlap: 'SKIP', catchupWindow: 7_200_000, pauseOnFailure: false },
      action: { workflowType: 'ingest', taskQueue: 'asof-orchestration', args: [{ project, source: 'flights' }] },
    });
    // six o'clock in Berlin, in winter
    expect(description.info.nextActionTimes[0]!.toISOString()).toMatch(/-01-01T05:00:[0-3]\d/);
    const backfill = await client.schedule.getHandle(`declared/${project}/view/delays`).describe();
    expect(backfill).toMatchObject({
      policies: { overlap: 'BUFFER_ALL', catchupWindow: 30 * 86_400_000 },
      action: { workflowType: 'backfill', args: [{ project, view: 'delays', window: '1w' }] },
    });
    expect((await listSchedules(client, project)).map(({ name, declared }) => [name, declared])).toEqual([
      ['declared/source/flights', true],
      ['declared/view/delays', true],
      ['declared/view/latest', true],
    ]);
  });

  it('stay paused over an apply, start when asked, and give their runs the time that was due', async () => {
    const { client, catalog, project } = platform;
    platform.writeInput(
      'a.csv',
      days(1, 20).map((day) => `${day}T12:00:00Z,JFK,1`),
    );
    const name = key('declared/source/flights');
    await pauseSchedule(client, name, 'the feed is being repaired');
    expect(await apply(definitions("schedule: '@yearly',", "schedule: { cron: '0 3 1 1 *', window: '7d' },"))).toEqual({
      created: [],
      set: ['declared/source/flights', 'declared/view/delays'],
      deleted: ['declared/view/latest'],
    });
    expect(await readSchedule(client, name)).toMatchObject({
      ...{ paused: true, note: 'the feed is being repaired', next: [] },
      times: { cron: ['@yearly'], timezone: 'UTC' },
    });
    await triggerSchedule(client, name);
    const { recent } = await ended(() => readSchedule(client, name), 1);
    expect(recent[0]!.workflowId).toMatch(/^declared\/.+\/source\/flights\/scheduled-\d{4}-/);
    // Temporal keeps no account of runs that may overlap with others
    await expect
      .poll(() => runsOf('ingest'), PATIENT)
      .toMatchObject([{ state: 'completed', target: 'flights', result: { committed: 20 } }]);
    await resumeSchedule(client, name, 'repaired');
    expect(await readSchedule(client, name)).toMatchObject({ paused: false, note: 'repaired' });
    expect(await catalog.tables.head({ project, kind: 'source', name: 'flights', version: '' })).toBe(1);
  });

  it('go when the definition no longer has one; those made by hand stay, and so does what somebody else made', async () => {
    const { client, project } = platform;
    const mine = key('ingest/flights');
    const work = { workflow: 'ingest', input: { project, source: 'flights' } } as const;
    expect(await setSchedule(client, mine, { work, times: RARELY })).toBe('created');
    const foreign = await client.schedule.create({
      scheduleId: `declared/${project}x/source/flights`,
      spec: { cronExpressions: ['@yearly'] },
      action: { type: 'startWorkflow', workflowType: 'ingest', taskQueue: 'q', args: [] },
    });
    expect(await apply(DEFINITIONS)).toEqual({
      created: [],
      set: [],
      deleted: ['declared/source/flights', 'declared/view/delays'],
    });
    expect((await listSchedules(client, project)).map(({ name }) => name)).toEqual(['ingest/flights']);
    await foreign.delete();
    expect(await deleteSchedule(client, mine)).toBe(true);
    expect(await findSchedule(client, mine)).toBeUndefined();
    await expect(readSchedule(client, mine)).rejects.toMatchObject({ code: 'UNKNOWN_NAME' });
  });
});

describe('a backfill of a schedule', () => {
  it('loses no interval, though each run is due while the one before is at work', async () => {
    const { client, catalog, project, manifest } = platform;
    const name = key('backfill/delays');
    // of all policies the one that would leave out nearly all
    const times = { ...DAILY, overlap: 'skip', jitterMicros: 600_000_000 } as const;
    const work = { workflow: 'backfill', input: { project, view: 'delays', window: '1d' } } as const;
    await setSchedule(client, name, { work, times }, { paused: 'only its past is wanted' });
    await backfillSchedule(client, name, {
      from: requireInstant('2001-01-02', 'test'),
      to: requireInstant('2001-01-21', 'test'),
    });
    const state = await ended(() => readSchedule(client, name), 19);
    expect(state).toMatchObject({ skipped: 0, missed: 0, paused: true });

    const runs = await runsOf('backfill');
    expect(runs.map(({ state: end, result }) => [end, result?.['intervals'], result?.['done']])).toEqual(
      Array.from({ length: 19 }, () => ['completed', 1, 1]),
    );
    const { fingerprint } = manifest.views.find((view) => view.name === 'delays')!;
    const entries = await catalog.intervals.entries({ project, view: 'delays', fingerprint, store: 'offline' });
    // due at three in the morning of the 2nd to the 20th: the days before, each once
    expect(foldLedger(entries).done.map(({ from, to }) => [formatInstant(from), formatInstant(to)])).toEqual([
      ['2001-01-01T00:00:00.000000Z', '2001-01-20T00:00:00.000000Z'],
    ]);
    expect(entries.filter(({ operation }) => operation === 'done')).toHaveLength(19);
    await deleteSchedule(client, name);
  });

  it('is refused for what is to come', async () => {
    const { client, project } = platform;
    const name = key('maintain');
    await setSchedule(client, name, { work: { workflow: 'maintain', input: { project } }, times: RARELY });
    const range = { from: requireInstant('2001-01-01', 'test'), to: requireInstant('2901-01-01', 'test') };
    await expect(backfillSchedule(client, name, range)).rejects.toMatchObject({ code: 'INVALID_RANGE' });
    expect(await readSchedule(client, name)).toMatchObject({ overlap: 'skip', started: 0 });
    await deleteSchedule(client, name);
  });
});

it('a scheduled materialization has the rows due at its time, and a maintenance takes it for now', async () => {
  const { client, catalog, project, manifest } = platform;
  const times: ScheduleTimes = { ...RARELY, cron: [], everyMicros: 3_600_000_000 };
  const [online, upkeep] = [key('materialize/latest'), key('maintain/hourly')];
  const materialize = { workflow: 'materialize', input: { project, views: ['latest'] } } as const;
  await setSchedule(client, online, { work: materialize, times }, { paused: 'test' });
  await setSchedule(client, upkeep, { work: { workflow: 'maintain', input: { project } }, times }, { paused: 'test' });
  const range = {
    from: requireInstant('2001-01-10T06:00:00Z', 'test'),
    to: requireInstant('2001-01-10T08:00:00Z', 'test'),
  };
  await backfillSchedule(client, online, range);
  await ended(() => readSchedule(client, online), 2);
  const { fingerprint } = manifest.views.find((view) => view.name === 'latest')!;
  const position = await catalog.intervals.onlinePosition({ project, view: 'latest', fingerprint, store: 'online' });
  expect(formatInstant(position!.to)).toBe('2001-01-10T07:00:00.000000Z');
  await backfillSchedule(client, upkeep, { from: range.from, to: range.from + 1n });
  const { recent } = await ended(() => readSchedule(client, upkeep), 1);
  const { events } = await client.workflow.getHandle(recent[0]!.workflowId).fetchHistory();
  const [plan] = events!.flatMap(({ activityTaskScheduledEventAttributes: activity }) =>
    activity?.activityType?.name === 'planMaintenance' ? (activity.input?.payloads ?? []) : [],
  );
  expect(JSON.parse(Buffer.from(plan!.data!).toString())).toEqual({ project, now: '2001-01-10T06:00:00.000000Z' });
  await Promise.all([online, upkeep].map((name) => deleteSchedule(client, name)));
});

it('every cron expression that is taken is taken by the server, with a next time', async () => {
  const { client, project } = platform;
  const expressions = [
    ...['* * * * *', '5/15 1-3,7 * * *', '0 6 * * MON-FRI', '0 0 * * 7', '0 0 29 2 *', '0 0 1-31/2 JAN-mar *'],
    ...['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'],
  ];
  for (const [index, expression] of expressions.entries()) {
    const name = key(`ingest/cron${index}`);
    const work = { workflow: 'ingest', input: { project, source: 'flights' } } as const;
    await setSchedule(client, name, { work, times: { ...RARELY, cron: [expression] } });
    const description = await client.schedule.getHandle(`ingest/${project}/cron${index}`).describe();
    expect(description.info.nextActionTimes.length, expression).toBeGreaterThan(0);
    await deleteSchedule(client, name);
  }
});

describe('asof schedule', () => {
  const run = promisify(execFile);

  async function asof(...args: readonly string[]) {
    const { settings } = platform;
    const env = {
      ...process.env,
      ...{ TEMPORAL_ADDRESS: settings.temporal.address!, TEMPORAL_NAMESPACE: settings.temporal.namespace },
      ...{ ASOF_CATALOG_URL: settings.catalogUrl!, REDIS_URL: settings.redisUrl! },
    };
    const bin = path.resolve(import.meta.dirname, '../../../bin/asof');
    const done = await run(bin, ['-C', platform.directory, '--json', ...args], { env }).catch(
      (error: { stdout: string; code: number }) => ({ stdout: error.stdout, code: error.code }),
    );
    return { code: 0, ...done, document: JSON.parse(done.stdout) as Record<string, unknown> };
  }

  it('makes, lists, shows, holds, starts, repeats and removes them', async () => {
    const { project } = platform;
    platform.writeConfig();
    const made = await asof('schedule', 'set', 'backfill', 'delays', '--cron', '30 3 * * *', '--window', '3d');
    expect(made.document).toMatchObject({ outcome: 'created', name: 'backfill/delays', overlap: 'bufferAll' });
    const listed = await asof('schedule', 'list');
    expect(listed.document).toMatchObject({ schedules: [{ name: 'backfill/delays', paused: false }] });
    await asof('schedule', 'pause', 'backfill/delays', '--reason', 'month end');
    const shown = await asof('schedule', 'show', 'backfill/delays');
    expect(shown.document).toMatchObject({ paused: true, note: 'month end', scheduleId: `backfill/${project}/delays` });
    const past = ['--from', '2001-01-10', '--to', '2001-01-12'];
    expect((await asof('schedule', 'backfill', 'backfill/delays', ...past)).code).toBe(0);
    expect((await asof('schedule', 'run', 'backfill/delays')).code).toBe(0);
    await ended(() => readSchedule(platform.client, key('backfill/delays')), 3);
    await expect
      .poll(async () => (await runsOf('backfill')).some(({ state }) => state === 'running'), PATIENT)
      .toBe(false);
    await asof('schedule', 'resume', 'backfill/delays');
    const changed = await asof('schedule', 'set', 'backfill', 'delays', '--every', '1d', '--window', '3d');
    expect(changed.document).toMatchObject({ outcome: 'changed', paused: false, times: { cron: [] } });
    expect((await asof('schedule', 'delete', 'backfill/delays')).document).toEqual({
      ...{ name: 'backfill/delays', deleted: true },
    });
    expect((await asof('schedule', 'list')).document).toEqual({ schedules: [] });
  });

  it('has what `asof apply` makes of definitions, also when nothing else changes', async () => {
    const { client, project, directory } = platform;
    platform.writeConfig();
    const file = path.join(directory, 'features.ts');
    const names = async () => (await listSchedules(client, project)).map(({ name }) => name);
    writeFileSync(file, DEFINITIONS.replace("timestamp: 'date',", "timestamp: 'date', schedule: '@yearly',"));
    const planned = await asof('plan');
    expect(planned.document).toMatchObject({ schedules: [{ name: 'source/flights', action: 'added' }] });
    expect(await names()).toEqual([]);
    expect((await asof('apply', '--yes')).document).toMatchObject({ applied: true });
    expect(await names()).toEqual(['declared/source/flights']);
    expect(await asof('schedule', 'delete', 'declared/source/flights')).toMatchObject({
      ...{ code: 1, document: { error: { code: 'CONFLICT' } } },
    });
    // somebody removes it in Temporal's pages
    await deleteSchedule(client, key('declared/source/flights'));
    expect((await asof('apply', '--yes')).document).toMatchObject({ applied: false });
    expect(await names()).toEqual(['declared/source/flights']);
    writeFileSync(file, DEFINITIONS);
    expect((await asof('apply', '--yes')).document).toMatchObject({ applied: true });
    expect(await names()).toEqual([]);
  });

  it.each([
    [['set', 'ingest', 'flights', '--cron', '0 25 * * *'], 'USAGE', 'schedule, cron: "25" is not a hour'],
    [['set', 'ingest', 'flights'], 'USAGE', 'it needs cron or every'],
    [['set', 'ingest', 'flight', '--every', '1h'], 'UNKNOWN_NAME', 'there is no source named flight'],
    [['set', 'backfill', 'delays', '--every', '1h'], 'USAGE', '--window'],
    [['set', 'materialize', '--cron', '@daily'], 'USAGE', 'name views, or give --all'],
    [['pause', 'ingest/flights'], 'UNKNOWN_NAME', 'there is no schedule named ingest/flights'],
    [['backfill', 'x', '--from', '2001', '--to', '2002-01-01'], 'INVALID_INSTANT', '--from'],
    [
      ['backfill', 'x', '--from', '2001-01-01', '--to', '2002-01-01', '--overlap', 'skip'],
      'USAGE',
      '--overlap takes bufferAll or allowAll, not "skip": others leave runs out',
    ],
  ])('refuses %j', async (args, code, text) => {
    platform.writeConfig();
    const refused = await asof('schedule', ...args);
    expect(refused.code).toBe(2);
    expect(refused.document).toMatchObject({ error: { code, message: expect.stringContaining(text) as string } });
  });
});

function days(first: number, last: number): readonly string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `2001-01-${String(first + index).padStart(2, '0')}`);
}
