/** What the newest check of served values found, for Prometheus. */
import { equalShare, VERDICTS, type ConsistencyReport } from '../contracts/consistency.ts';
import { MICROS_PER_SECOND, requireInstant } from '../contracts/time.ts';
import { gauge, type MetricFamily } from './metric-text.ts';

/** Nothing before the first check. A feature of which no value can be told apart has no ratio. */
export function describeConsistency(report: ConsistencyReport | undefined): readonly MetricFamily[] {
  if (report === undefined) return [];
  const { features, checkedAt, waiting, unreadable } = report;
  return [
    gauge(
      'asof_consistency_equal_ratio',
      'Share of the served values of the last check that are equal to those of the lake, without late and unsettled ones',
      ...features.flatMap((one) => {
        const value = equalShare(one);
        return value === null ? [] : [{ labels: { view: one.view, feature: one.feature }, value }];
      }),
    ),
    gauge(
      'asof_consistency_values',
      'Served values of the last check, by what they are beside the lake',
      ...features.flatMap((one) =>
        VERDICTS.map((result) => ({ labels: { view: one.view, feature: one.feature, result }, value: one[result] })),
      ),
    ),
    gauge(
      'asof_consistency_vectors_left',
      'Served vectors that the last check could not compute again',
      { labels: { reason: 'waiting' }, value: waiting },
      { labels: { reason: 'unreadable' }, value: unreadable },
    ),
    gauge('asof_consistency_checked_timestamp_seconds', 'When served values were last checked', {
      value: Number(requireInstant(checkedAt, 'checkedAt')) / MICROS_PER_SECOND,
    }),
  ];
}
