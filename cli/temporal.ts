/** A Temporal client for a command, with workers behind it. */
import type { Client } from '@temporalio/client';
import type { Settings } from '../contracts/config.ts';
import { loadSettings } from '../definitions/loading.ts';
import { readStack, startStack, stopStack } from '../stack/dev.ts';
import { withAddresses } from '../stack/with-components.ts';
import type { CommandContext } from './main.ts';
import { withTemporalClient } from './temporal-connection.ts';

export interface ConnectedTemporal {
  /** With every address filled in. */
  readonly settings: Settings;
  readonly client: Client;
}

/**
 * Connects to the Temporal server of the settings, whose workers are the deployment's, or to the embedded stack. When no
 * stack runs it is started, workers included, for the duration of `work`.
 */
export async function withTemporal<T>(
  { directory, terminal }: CommandContext,
  work: (connected: ConnectedTemporal) => Promise<T>,
): Promise<T> {
  const settings = await loadSettings({ directory });
  if (settings.temporal.address !== null) return connect(settings, work);
  const missing = readStack(settings) === undefined;
  await startStack(settings, { report: (line) => terminal.note(line) });
  try {
    return await connect(withAddresses(settings, ['catalog', 'redis', 'temporal']), work);
  } finally {
    if (missing) await stopStack(settings);
  }
}

function connect<T>(settings: Settings, work: (connected: ConnectedTemporal) => Promise<T>): Promise<T> {
  return withTemporalClient(settings.temporal, (client) => work({ settings, client }));
}
