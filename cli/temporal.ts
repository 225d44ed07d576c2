/** A Temporal client for a command, with workers behind it. */
import { Client, Connection } from '@temporalio/client';
import type { Settings } from '../contracts/config.ts';
import { AsofError, messageOf } from '../contracts/errors.ts';
import { loadSettings } from '../definitions/loading.ts';
import { readStack, startStack, stopStack } from '../stack/dev.ts';
import { withAddresses } from '../stack/with-components.ts';
import type { CommandContext } from './main.ts';

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

async function connect<T>(settings: Settings, work: (connected: ConnectedTemporal) => Promise<T>): Promise<T> {
  const { namespace } = settings.temporal;
  const address = settings.temporal.address ?? '';
  let connection: Connection;
  try {
    connection = await Connection.connect({ address });
  } catch (error) {
    throw new AsofError('TEMPORAL_UNAVAILABLE', { address, problem: messageOf(error) }, error);
  }
  try {
    return await work({ settings, client: new Client({ connection, namespace }) });
  } finally {
    await connection.close();
  }
}
