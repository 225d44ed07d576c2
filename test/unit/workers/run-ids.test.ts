import { describe, expect, it } from 'vitest';
import { workflowIdOf } from '../../../workers/run-ids.ts';

const range = { from: '2001-01-01', to: '2001-02-01T00:00:00+00:00' };
const dataset = { project: 'p', name: 'd', spine: '/s.csv', features: ['v:f'] };

describe('workflow ids', () => {
  it('say what the run does', () => {
    expect(workflowIdOf('ingest', { project: 'p', source: 's' })).toBe('ingest/p/s');
    expect(workflowIdOf('ingest', { project: 'p', source: 's', from: '2001-01-01' })).toBe(
      'ingest/p/s/2001-01-01T00:00:00Z_',
    );
    expect(workflowIdOf('backfill', { project: 'p', view: 'v', ...range }, 'abcdef0123456789')).toBe(
      'backfill/p/v@abcdef012345/2001-01-01T00:00:00Z_2001-02-01T00:00:00Z',
    );
    expect(workflowIdOf('materialize', { project: 'p', views: ['b', 'a', 'b'] })).toBe('materialize/p/a+b');
    expect(workflowIdOf('buildTrainingDataset', dataset)).toMatch(/^dataset\/p\/d\/[0-9a-f]{12}$/);
  });

  it('are equal for the same work in other words, and differ for other work', () => {
    const { features, ...rest } = dataset;
    expect(workflowIdOf('buildTrainingDataset', { features, ...rest })).toBe(
      workflowIdOf('buildTrainingDataset', dataset),
    );
    expect(workflowIdOf('buildTrainingDataset', { ...dataset, asKnown: true })).not.toBe(
      workflowIdOf('buildTrainingDataset', dataset),
    );
    const backfill = { project: 'p', view: 'v', ...range };
    expect(workflowIdOf('backfill', { ...backfill, restate: true }, 'f')).not.toBe(
      workflowIdOf('backfill', backfill, 'f'),
    );
    expect(workflowIdOf('backfill', backfill, 'f')).not.toBe(workflowIdOf('backfill', backfill, 'g'));
  });

  it('stay short for a long list of views', () => {
    const views = Array.from({ length: 300 }, (_, index) => `view_number_${index}`);
    expect(workflowIdOf('materialize', { project: 'p', views }).length).toBeLessThan(100);
  });
});
