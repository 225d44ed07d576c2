/** What a consumer shows among the metrics of its worker. */
import { metricMeter } from '@temporalio/activity';
import { clockNow, MICROS_PER_SECOND } from '../contracts/time.ts';
import type { ConsumerReport } from '../streaming/view-consumer.ts';

export interface StreamMeter {
  show(report: ConsumerReport): void;
  /** What the consumer had is another one's now, or nobody's. */
  close(): void;
}

const COUNTED = ['applied', 'late', 'rejected'] as const;

export function openStreamMeter(project: string, view: string): StreamMeter {
  const meter = metricMeter.withTags({ project, view });
  const counters = {
    applied: meter.createCounter('asof_stream_applied_rows', 'rows', 'Rows that a stream brought to online values'),
    late: meter.createCounter('asof_stream_late_rows', 'rows', 'Of them, those that came too late for the values'),
    rejected: meter.createCounter('asof_stream_rejected_messages', 'messages', 'Messages of a topic that are no rows'),
  };
  const lag = meter.createGauge(
    'asof_stream_lag_messages',
    'int',
    'messages',
    'Messages that are not in the values yet',
  );
  const freshness = meter.createGauge(
    'asof_stream_newest_event_age_seconds',
    'float',
    'seconds',
    'Since the newest event in the values',
  );
  const told = { applied: 0, late: 0, rejected: 0 };
  let held: ReadonlySet<number> = new Set();
  const setLag = (partition: number, messages: number): void => lag.set(messages, { partition: String(partition) });
  const giveUp = (kept: ReadonlySet<number>): void => {
    // a gauge stays: without this the lag of a partition that moved on would stand for ever
    for (const partition of held) if (!kept.has(partition)) setLag(partition, 0);
    held = kept;
  };
  return {
    show(report) {
      for (const name of COUNTED) {
        if (report[name] > told[name]) counters[name].add(report[name] - told[name]);
        told[name] = report[name];
      }
      giveUp(new Set(report.partitions.map(({ partition }) => partition)));
      for (const one of report.partitions) setLag(one.partition, Number(one.lag));
      if (report.newestEvent !== null) freshness.set(Number(clockNow() - report.newestEvent) / MICROS_PER_SECOND);
    },
    close: () => giveUp(new Set()),
  };
}
