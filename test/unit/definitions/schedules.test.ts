import { describe, expect, it } from 'vitest';
import type { FeatureViewManifest, StoredSourceManifest } from '../../../contracts/manifest.ts';
import { declaredSchedules, describeSchedule } from '../../../definitions/declared-schedules.ts';
import { diffManifests, explainPlan } from '../../../definitions/diff.ts';
import { readScheduleTimes } from '../../../definitions/normalization/schedules.ts';
import { count, derivedView, featureService, featureView, fileSource, numeric } from '../../../index.ts';
import {
  airport,
  expectOneProblem,
  flights,
  flightSchema,
  manifestOf,
  request,
  viewWith,
  type Mistake,
} from './project.ts';

const sourceWith = (schedule: unknown): unknown =>
  fileSource('feed', { path: 'a.csv', timestamp: 'date', schema: flightSchema, schedule: schedule as never });
const onlineWith = (schedule: unknown): unknown => viewWith({ delay: numeric() }, { online: true, schedule });
const offlineWith = (schedule: unknown): unknown => viewWith({ delay: numeric() }, { schedule });

const delays = featureView('delays', {
  entities: [airport],
  source: flights,
  online: true,
  features: { n: count({ last: 3 }) } as never,
});
const late = derivedView('late', {
  inputs: [request, delays as never],
  features: { n: numeric() },
  compute: () => ({ n: 1 }),
});
const serviceWith = (schedule: unknown, features: readonly unknown[] = [late]): unknown =>
  featureService('ranking', { features: features as never, schedule: schedule as never });

const DEFAULTS = { timezone: 'UTC', jitterMicros: 0, offsetMicros: 0, overlap: null, catchupMicros: null };

describe('a schedule in definitions', () => {
  it('is a cron expression, in UTC unless a zone is named', () => {
    const { schedule } = manifestOf({ source: sourceWith(' 0  6 * * * ') }).sources[0] as StoredSourceManifest;
    expect(schedule).toEqual({ ...DEFAULTS, cron: ['0 6 * * *'], everyMicros: null, windowMicros: null });
  });

  it('is an object that says more, of a view too', () => {
    const given = {
      ...{ every: '6h', offset: '10m', jitter: '30s', overlap: 'skip', catchup: '2d' },
      ...{ window: '7d', chunk: '6h' },
    };
    const [view] = manifestOf({ view: offlineWith(given) }).views as FeatureViewManifest[];
    expect(view!.options.schedule).toEqual({
      ...{ cron: [], everyMicros: 21_600_000_000, offsetMicros: 600_000_000, timezone: 'UTC' },
      ...{ jitterMicros: 30_000_000, overlap: 'skip', catchupMicros: 172_800_000_000 },
      ...{ windowMicros: 604_800_000_000, chunkMicros: 21_600_000_000 },
    });
  });

  it('has its zone in the spelling that every tz database knows', () => {
    const given = { cron: ['@daily', '0 12 * * *'], timezone: 'europe/berlin' };
    expect(manifestOf({ source: sourceWith(given) }).sources[0]).toMatchObject({
      schedule: { cron: given.cron, timezone: 'Europe/Berlin' },
    });
  });

  it('moves no fingerprint but that of the whole', () => {
    const plain = manifestOf({ view: onlineWith(undefined), service: serviceWith(undefined) });
    const scheduled = manifestOf({ view: onlineWith('@daily'), service: serviceWith('@daily') });
    expect(scheduled.views[0]!.fingerprint).toBe(plain.views[0]!.fingerprint);
    expect(scheduled.services[0]!.fingerprint).toBe(plain.services[0]!.fingerprint);
    expect(scheduled.fingerprint).not.toBe(plain.fingerprint);
    expect(manifestOf({ source: sourceWith('@daily') }).sources[0]!.fingerprint).toBe(
      manifestOf({ source: sourceWith(undefined) }).sources[0]!.fingerprint,
    );
  });

  const MISTAKES: readonly Mistake[] = [
    ['a number', sourceWith(5), /^source feed, schedule: 5 is not a schedule; give a cron expression/],
    ['no times', sourceWith({}), /^source feed, schedule: it needs cron or every, and only one of them/],
    ['both', sourceWith({ cron: '@daily', every: '1d' }), /it needs cron or every, and only one of them/],
    ['a bad cron', sourceWith('0 25 * * *'), 'source feed, schedule, cron: "25" is not a hour (0 to 23); ' + RULE()],
    ['a bad cron of many', sourceWith({ cron: ['@daily', '* *'] }), /schedule, cron: "\* \*" is not a cron expression/],
    ['no cron', sourceWith({ cron: [] }), /schedule, cron: \[\] is not a cron expression/],
    [
      'a bad zone',
      sourceWith({ cron: '@daily', timezone: 'Berlin' }),
      'source feed, schedule, timezone: "Berlin" is not a time zone; give an IANA name such as \'Europe/Berlin\'',
    ],
    ['an offset for a zone', sourceWith({ cron: '@daily', timezone: '+02:00' }), /"\+02:00" is not a time zone/],
    ['a zone of an interval', sourceWith({ every: '1d', timezone: 'Europe/Berlin' }), /intervals count from the epoch/],
    ['parts of seconds', sourceWith({ every: '1500ms' }), /schedule, every: it is not in whole seconds/],
    ['a long offset', sourceWith({ every: '1h', offset: '1h' }), /schedule, offset: it is not within the interval/],
    [
      'an offset of cron',
      sourceWith({ cron: '@daily', offset: '1h' }),
      /schedule, offset: only intervals have an offset/,
    ],
    [
      'a short catch-up',
      sourceWith({ cron: '@daily', catchup: '5s' }),
      /schedule, catchup: it is shorter than 10 seconds/,
    ],
    ['an overlap', sourceWith({ cron: '@daily', overlap: 'wait' }), /schedule, overlap: "wait" is not a valid value/],
    ['an option', sourceWith({ crn: '@daily', every: '1h' }), /unknown option "crn"; did you mean "cron"\?/],
    ['a chunk of a source', sourceWith({ cron: '@daily', chunk: '1d' }), /unknown option "chunk"/],
    [
      'a gap',
      offlineWith({ every: '1d', window: '12h' }),
      /schedule, window: it is shorter than the time between runs/,
    ],
    [
      'no window offline',
      offlineWith('@daily'),
      /^view view, schedule: the view is not online, so each run is a backfill/,
    ],
    [
      'a chunk alone',
      onlineWith({ cron: '@daily', chunk: '1d' }),
      /schedule, chunk: nothing is backfilled without a window/,
    ],
    [
      'no table',
      viewWith({ delay: numeric() }, { online: true, offline: false, schedule: { cron: '@daily', window: '2d' } }),
      /^view view, schedule: the view has no table of its own to backfill/,
    ],
    [
      'nothing online',
      serviceWith('@daily', [viewWith({ delay: numeric() })]),
      /^service ranking, schedule: the service reads no view that is online/,
    ],
    [
      'no spine',
      { late, s: serviceWith({ cron: '@daily', dataset: {} }) },
      /schedule, dataset, spine: the spine is missing/,
    ],
    [
      'two spines',
      { late, s: serviceWith({ cron: '@daily', dataset: { spine: { query: 'select 1', window: '1d' } } }) },
      /schedule, dataset, spine: it needs a query or a window/,
    ],
  ];
  it.each(MISTAKES)('is refused with one problem: %s', (_, definition, expected) => {
    expectOneProblem(definition, expected);
  });
});

function RULE(): string {
  return "write minute, hour, day of month, month and day of week, such as '0 6 * * MON-FRI', or @hourly or @daily";
}

describe('declaredSchedules', () => {
  const manifest = manifestOf({
    source: sourceWith({ cron: '@hourly', window: '2h' }),
    view: offlineWith({ every: '1d', window: '7d', chunk: '6h' }),
    online: delays,
    late,
    service: serviceWith('0 * * * *'),
    training: featureService('training', {
      features: [late] as never,
      schedule: { cron: '@weekly', dataset: { name: 'weekly', spine: { window: '30d', every: '1h' }, asKnown: true } },
    }),
  });

  it('say what each definition has run: ingestion, materialization, backfill, dataset', () => {
    expect(declaredSchedules(manifest).map(({ name, work }) => [name, work])).toEqual([
      ['service/ranking', { workflow: 'materialize', input: { project: 'test', views: ['delays'] } }],
      [
        'service/training',
        {
          workflow: 'buildTrainingDataset',
          input: {
            ...{ project: 'test', name: 'weekly', service: 'training', asKnown: true },
            spine: { window: '30d', every: '1h' },
          },
        },
      ],
      ['source/feed', { workflow: 'ingest', input: { project: 'test', source: 'feed', window: '2h' } }],
      ['view/view', { workflow: 'backfill', input: { project: 'test', view: 'view', window: '1w', chunk: '6h' } }],
    ]);
    expect(declaredSchedules(manifest).map(describeSchedule)).toEqual([
      'materialize delays, 0 * * * * UTC',
      'build dataset weekly, @weekly UTC',
      'ingest the last 2h of feed, @hourly UTC',
      'backfill the last 1w of view, every 1d',
    ]);
  });

  it('stand in the plan: added, changed and removed', () => {
    const before = manifestOf({ source: sourceWith('@daily'), view: onlineWith('@daily') });
    const after = manifestOf({
      source: sourceWith({ cron: '@daily', timezone: 'Europe/Paris' }),
      service: serviceWith('@hourly', [onlineWith(undefined)]),
    });
    const plan = diffManifests(before, after);
    expect(plan.schedules.map(({ name, action }) => [name, action])).toEqual([
      ['service/ranking', 'added'],
      ['source/feed', 'changed'],
      ['view/view', 'removed'],
    ]);
    expect(plan.recompute).toEqual([]);
    expect(plan.destructive).toEqual([]);
    expect(explainPlan(plan).slice(-4)).toEqual([
      'Schedules:',
      '    + service/ranking: materialize view, @hourly UTC',
      '    ~ source/feed: ingest feed, @daily UTC -> ingest feed, @daily Europe/Paris',
      '    - view/view: materialize view, @daily UTC',
    ]);
  });
});

describe('readScheduleTimes', () => {
  it('names every problem of a command line in one sentence', () => {
    expect(() => readScheduleTimes({ cron: ['0 25 * * *'], timezone: 'Berlin' })).toThrow(
      /^schedule, cron: "25" is not a hour.*\. schedule, timezone: "Berlin" is not a time zone/,
    );
    expect(() => readScheduleTimes({ every: '1d', window: '1h' })).toThrow(
      /window: it is shorter than the time between/,
    );
  });
});
