import { describe, expect, it } from 'vitest';
import { AsofError } from '../../../contracts/errors.ts';
import { checkRunInput } from '../../../contracts/run-inputs.ts';
import type { WorkflowName } from '../../../contracts/run-messages.ts';

const INGEST = { project: 'flights', source: 'flights' };
const BACKFILL = { project: 'flights', view: 'delays', from: '2001-01-01', to: '2001-02-01' };
const DATASET = { project: 'flights', name: 'delays', spine: '/data/spine.csv', service: 'ranking_v1' };

describe('checkRunInput', () => {
  it.each<[WorkflowName, object]>([
    ['ingest', INGEST],
    ['ingest', { ...INGEST, from: '2001-01-01T00:00:00.123456+02:00' }],
    ['backfill', { ...BACKFILL, chunk: '6h', parallel: 4, restate: true }],
    ['materialize', { project: 'flights', views: ['delays'], to: '2001-01-01' }],
    ['buildTrainingDataset', { ...DATASET, asKnown: true, shards: 7 }],
  ])('accepts a right %s input: %j', (workflow, input) => {
    expect(checkRunInput(workflow, input)).toEqual(input);
  });

  it.each<[WorkflowName, unknown, string]>([
    ['ingest', null, 'ingest input: must be one JSON object'],
    ['ingest', [INGEST], 'ingest input: must be one JSON object'],
    ['ingest', { project: 'flights' }, 'field "source": must be a name such as flights'],
    ['ingest', { ...INGEST, source: 'a__b' }, 'field "source": must be a name'],
    ['ingest', { ...INGEST, sorce: 'x' }, 'field "sorce": is not known; known: project, source, from, to'],
    ['ingest', JSON.parse('{"__proto__":{"source":"x"},"project":"p"}'), 'field "__proto__": is not known'],
    ['ingest', { ...INGEST, from: 'yesterday' }, 'field "from": must be an ISO 8601 time'],
    ['ingest', { ...INGEST, from: '2001-01-02', to: '2001-01-02' }, '"from" must be before "to"'],
    ['backfill', { ...BACKFILL, chunk: '1 day' }, 'field "chunk": must be a duration such as "1d"'],
    ['backfill', { ...BACKFILL, parallel: 0 }, 'field "parallel": must be a whole number from 1 to 64'],
    ['backfill', { ...BACKFILL, restate: 'yes' }, 'field "restate": must be true or false'],
    ['backfill', { ...BACKFILL, to: '2201-01-01', chunk: '1h' }, 'intervals are more than 100000'],
    ['materialize', { project: 'flights', views: [] }, 'field "views": must be a list of 1 to 300 view names'],
    ['buildTrainingDataset', { ...DATASET, features: ['v:f'] }, 'field "features": or "service" must be given'],
    ['buildTrainingDataset', { ...DATASET, service: undefined }, 'field "features": or "service" must be given'],
  ])('refuses a wrong %s input: %j', (workflow, input, problem) => {
    expect(() => checkRunInput(workflow, input)).toThrow(AsofError);
    expect(() => checkRunInput(workflow, input)).toThrow(problem);
  });
});
