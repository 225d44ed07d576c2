import { DefaultLogger, Runtime, type LogEntry, type LogLevel } from '@temporalio/worker';
import { messageOf } from '../contracts/errors.ts';

/**
 * Installs the SDK's runtime: logs of SDK, workflows and activities go to stderr, one JSON document a line. The SDK drops
 * its runtime when the last worker ends, so this is called before each start; an installed one is left alone.
 */
export function installTemporalRuntime(level: LogLevel = 'INFO'): void {
  try {
    Runtime.install({
      logger: new DefaultLogger(level, writeEntry),
      telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    });
  } catch (error) {
    if (!(error instanceof Error && error.name === 'IllegalStateError')) throw error;
  }
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
