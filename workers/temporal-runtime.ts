import { DefaultLogger, Runtime, type LogEntry, type LogLevel } from '@temporalio/worker';
import { AsofError, messageOf } from '../contracts/errors.ts';

/**
 * Installs the SDK's runtime: logs of SDK, workflows and activities go to stderr, one JSON document a line, and its metrics
 * are served at `metricsAddress` for Prometheus. The SDK drops its runtime when the last worker ends, so this is called
 * before each start; an installed one is left alone. Throws `CONFIG_INVALID` when the address cannot be listened on.
 */
export function installTemporalRuntime(level: LogLevel = 'INFO', metricsAddress: string | null = null): void {
  try {
    Runtime.install({
      logger: new DefaultLogger(level, writeEntry),
      telemetryOptions: {
        logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
        ...(metricsAddress !== null && { metrics: { prometheus: prometheusAt(metricsAddress) } }),
      },
    });
  } catch (error) {
    if (error instanceof Error && error.name === 'IllegalStateError') return;
    if (metricsAddress === null) throw error;
    const problem = `metrics cannot be served at ${metricsAddress}: ${messageOf(error)}`;
    throw new AsofError('CONFIG_INVALID', { file: 'worker', problem }, error);
  }
}

/** Names as Prometheus has them: with units, in seconds, counters with `_total`. */
function prometheusAt(bindAddress: string) {
  return { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true };
}

function writeEntry({ level, timestampNanos, message, meta }: LogEntry): void {
  const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  process.stderr.write(`${JSON.stringify({ time, level, message, ...meta }, plain)}\n`);
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return { name: value.name, message: messageOf(value), stack: value.stack };
  return value;
}
