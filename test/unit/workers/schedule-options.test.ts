import { describe, expect, it } from 'vitest';
import type { ScheduledWork, ScheduleTimes } from '../../../contracts/schedules.ts';
import { scheduleOptions } from '../../../workers/schedule-options.ts';
import { scheduleIdOf } from '../../../workers/schedules.ts';

const project = 'flights';
const TIMES: ScheduleTimes = {
  ...{ cron: ['0 6 * * *', '@weekly'], everyMicros: null, offsetMicros: 0, timezone: 'Europe/Berlin' },
  ...{ jitterMicros: 0, overlap: null, catchupMicros: null },
};
const DATASET = { project, name: 'd', service: 's', spine: '/s.csv' };

describe('the policies of a schedule', () => {
  it.each<[string, string, number, ScheduledWork]>([
    ['an ingestion', 'BUFFER_ONE', 1, { workflow: 'ingest', input: { project, source: 's' } }],
    ['a range', 'BUFFER_ALL', 30, { workflow: 'ingest', input: { project, source: 's', window: '1d' } }],
    ['a backfill', 'BUFFER_ALL', 30, { workflow: 'backfill', input: { project, view: 'v', window: '1d' } }],
    ['a materialization', 'BUFFER_ONE', 1, { workflow: 'materialize', input: { project, views: ['v'] } }],
    ['a dataset', 'BUFFER_ALL', 1, { workflow: 'buildTrainingDataset', input: DATASET }],
    ['a maintenance', 'SKIP', 1, { workflow: 'maintain', input: { project } }],
    ['a check of values', 'SKIP', 10 / 86_400, { workflow: 'checkConsistency', input: { project } }],
    ['a look at freshness', 'SKIP', 10 / 86_400, { workflow: 'monitorFreshness', input: { project } }],
  ])('of %s are stated: %s, %i days', (_, overlap, days, work) => {
    expect(scheduleOptions('id', { work, times: TIMES }).policies).toEqual({
      ...{ overlap, catchupWindow: days * 86_400_000, pauseOnFailure: false },
    });
  });

  it('are those that are declared', () => {
    const times: ScheduleTimes = { ...TIMES, overlap: 'allowAll', catchupMicros: 60_000_000 };
    const work: ScheduledWork = { workflow: 'maintain', input: { project } };
    expect(scheduleOptions('id', { work, times }).policies).toMatchObject({
      ...{ overlap: 'ALLOW_ALL', catchupWindow: 60_000 },
    });
  });
});

it('times are cron expressions of a zone, or an interval with an offset', () => {
  const work: ScheduledWork = { workflow: 'materialize', input: { project, views: ['v'] } };
  const every = { ...TIMES, cron: [], everyMicros: 3_600_000_000, offsetMicros: 60_000_000, jitterMicros: 5_000_000 };
  expect(scheduleOptions('id', { work, times: TIMES }).spec).toEqual({
    ...{ cronExpressions: ['0 6 * * *', '@weekly'], timezone: 'Europe/Berlin', jitter: 0 },
  });
  expect(scheduleOptions('id', { work, times: every }).spec).toEqual({
    ...{ intervals: [{ every: 3_600_000, offset: 60_000 }], jitter: 5000 },
  });
});

it('a run is labelled, found by its view, and keeps what its schedule was made from', () => {
  const work: ScheduledWork = { workflow: 'backfill', input: { project, view: 'delays', window: '2d' } };
  expect(scheduleOptions('backfill/flights/delays', { work, times: TIMES }).action).toMatchObject({
    workflowType: 'backfill',
    workflowId: 'backfill/flights/delays/scheduled',
    taskQueue: 'asof-orchestration',
    args: [{ project, view: 'delays', window: '2d' }],
    memo: { schedule: { work, times: TIMES } },
    staticSummary: 'Scheduled: backfill the last 2d of delays',
    typedSearchAttributes: [
      { key: { name: 'AsofProject' }, value: 'flights' },
      { key: { name: 'AsofView' }, value: 'delays' },
    ],
  });
});

it.each([
  ['ingest/flights', 'ingest/p/flights'],
  ['declared/source/flights', 'declared/p/source/flights'],
  ['materialize', 'materialize/p'],
])('the schedule %s of project p is %s in Temporal', (name, id) => {
  expect(scheduleIdOf({ project: 'p', name })).toBe(id);
});
