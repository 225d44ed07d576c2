/** A worker's look at its own process: how much memory it has, told as a metric and held below its limit. */
import { Runtime } from '@temporalio/worker';
import type { WorkerSettings } from '../contracts/config.ts';
import { AsofError } from '../contracts/errors.ts';
import { formatByteSize } from '../contracts/byte-size.ts';
import type { WorkerKind } from './worker-kind.ts';

const INTERVAL_MILLIS = 1000;

/** What a worker takes beyond its code before it has any work. */
const ROOM_BYTES = 128e6;

/** Throws `CONFIG_INVALID` for a limit that a worker without work would soon be above, as would each of its successors. */
export function requireRoom({ memoryLimitBytes: limit }: WorkerSettings): void {
  const least = process.memoryUsage.rss() + ROOM_BYTES;
  if (limit === null || limit >= least) return;
  const problem = `ASOF_WORKER_MEMORY_LIMIT is ${formatByteSize(limit)}; a worker without work takes up to ${formatByteSize(least)}`;
  throw new AsofError('CONFIG_INVALID', { file: 'worker', problem });
}

/** Looks once a second until the returned function is called; `exceeded` is called at each look above the limit. */
export function watchProcess(
  kind: WorkerKind,
  { version, memoryLimitBytes: limit }: WorkerSettings,
  exceeded: (residentBytes: number) => void,
): () => void {
  const meter = Runtime.instance().metricMeter.withTags({ kind, build_id: version?.buildId ?? '' });
  const resident = meter.createGauge('asof_worker_resident_bytes', 'int', 'bytes', 'Memory of the worker process');
  const limited = meter.createGauge(
    'asof_worker_memory_limit_bytes',
    'int',
    'bytes',
    'Above it the worker ends; 0 for none',
  );
  limited.set(limit ?? 0);
  const look = (): void => {
    const bytes = process.memoryUsage.rss();
    resident.set(bytes);
    if (limit !== null && bytes > limit) exceeded(bytes);
  };
  look();
  const timer = setInterval(look, INTERVAL_MILLIS);
  return () => clearInterval(timer);
}
