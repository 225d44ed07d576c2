import { expect, it } from 'vitest';
import { DurationHistogram, formatMetrics, gauge } from '../../../api/metric-text.ts';

it('is written with help, type and one line for each sample', () => {
  const runs = [{ labels: { workflow: 'ingest', state: 'failed' }, value: 3 }, { value: 0.25 }];
  expect(formatMetrics([gauge('asof_runs', 'Runs\nby \\state', ...runs), gauge('nothing', 'No samples')])).toBe(
    [
      '# HELP asof_runs Runs\\nby \\\\state',
      '# TYPE asof_runs gauge',
      'asof_runs{workflow="ingest",state="failed"} 3',
      'asof_runs 0.25',
      '',
    ].join('\n'),
  );
});

it('escapes what would end a label', () => {
  const labels = { route: 'a"b\\c\nd' };
  expect(formatMetrics([gauge('x', 'y', { labels, value: 1 })])).toContain('x{route="a\\"b\\\\c\\nd"} 1\n');
});

it('counts durations up to each bound, itself included, and all of them in the end', () => {
  const histogram = new DurationHistogram([0.1, 1]);
  for (const seconds of [0.05, 0.1, 0.5, 7]) histogram.observe({ route: '/a' }, seconds);
  histogram.observe({ route: '/b' }, 2);
  const samples = histogram.samples();
  expect(samples.slice(0, 5)).toEqual([
    { suffix: '_bucket', labels: { route: '/a', le: '0.1' }, value: 2 },
    { suffix: '_bucket', labels: { route: '/a', le: '1' }, value: 3 },
    { suffix: '_bucket', labels: { route: '/a', le: '+Inf' }, value: 4 },
    { suffix: '_sum', labels: { route: '/a' }, value: 7.65 },
    { suffix: '_count', labels: { route: '/a' }, value: 4 },
  ]);
  expect(samples.slice(5).map(({ value }) => value)).toEqual([0, 0, 1, 2, 1]);
});
