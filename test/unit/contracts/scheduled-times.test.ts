import { describe, expect, it } from 'vitest';
import { checkRunInput, checkScheduledInput } from '../../../contracts/run-inputs.ts';
import type { WorkflowName } from '../../../contracts/run-messages.ts';
import { requireInstant } from '../../../contracts/time.ts';

const AT = requireInstant('2024-03-10T02:30:00Z', 'test');
const project = 'flights';
const iso = (day: string, time = '00:00:00'): string => `2024-03-${day}T${time}.000000Z`;

describe('a scheduled run', () => {
  it.each<[WorkflowName, object, object]>([
    ['ingest', { project, source: 'flights' }, { project, source: 'flights' }],
    [
      'ingest',
      { project, source: 'flights', window: '2h' },
      { project, source: 'flights', from: iso('10', '00:30:00'), to: iso('10', '02:30:00') },
    ],
    ['backfill', { project, view: 'v', window: '2d' }, { project, view: 'v', from: iso('08'), to: iso('10') }],
    [
      'backfill',
      { project, view: 'v', window: '6h', chunk: '1h' },
      { project, view: 'v', chunk: '1h', from: iso('09', '20:00:00'), to: iso('10', '02:00:00') },
    ],
    [
      'backfill',
      { project, view: 'v', from: iso('01'), to: iso('02') },
      { project, view: 'v', from: iso('01'), to: iso('02') },
    ],
    ['materialize', { project, views: ['v'] }, { project, views: ['v'], to: iso('10', '02:30:00') }],
    ['materialize', { project, views: ['v'], to: iso('01') }, { project, views: ['v'], to: iso('01') }],
    ['maintain', { project }, { project, now: iso('10', '02:30:00') }],
    [
      'buildTrainingDataset',
      { project, name: 'd', service: 's', spine: { window: '1d', every: '1h' } },
      {
        project,
        name: 'd',
        service: 's',
        spine: { from: iso('09', '02:30:00'), to: iso('10', '02:30:00'), every: '1h' },
      },
    ],
    [
      'buildTrainingDataset',
      { project, name: 'd', service: 's', spine: '/spine.csv' },
      { project, name: 'd', service: 's', spine: '/spine.csv' },
    ],
  ])('takes its times from the time that it was scheduled for: %s %j', (workflow, input, settled) => {
    expect(checkRunInput(workflow, input, AT)).toEqual(settled);
    expect(() => checkScheduledInput(workflow, input as never)).not.toThrow();
  });

  it.each<[WorkflowName, object, string]>([
    ['ingest', { project, source: 's', window: '1d' }, 'field "window": goes with a run that a schedule starts'],
    ['backfill', { project, view: 'v', window: '1d' }, 'field "window": goes with a run that a schedule starts'],
    [
      'buildTrainingDataset',
      { project, name: 'd', service: 's', spine: { window: '1d' } },
      'field "spine.window": goes with a run that a schedule starts',
    ],
  ])('alone has a window: %s %j', (workflow, input, problem) => {
    expect(() => checkRunInput(workflow, input)).toThrow(problem);
  });

  it.each<[WorkflowName, object, string]>([
    ['backfill', { project, view: 'v' }, 'field "from": must be an ISO 8601 time'],
    ['backfill', { project, view: 'v', window: '1 day' }, 'field "window": must be a duration'],
    [
      'backfill',
      { project, view: 'v', window: '1d', from: iso('01') },
      'field "window": must not be given with "from"',
    ],
    ['backfill', { project, view: 'v', window: '4000d', chunk: '1h', restate: 1 }, 'field "restate"'],
    ['backfill', { project, view: 'v', window: '9000d', chunk: '1h' }, 'intervals are more than 100000'],
    ['materialize', { project, views: [] }, 'field "views"'],
    [
      'buildTrainingDataset',
      { project, name: 'd', service: 's', spine: { window: '1d', from: iso('01') } },
      'field "spine"',
    ],
  ])('of a wrong input is refused when the schedule is made: %s %j', (workflow, input, problem) => {
    expect(() => checkScheduledInput(workflow, input as never)).toThrow(problem);
  });
});
