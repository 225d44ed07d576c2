/** A Temporal client for commands about schedules: the server is enough, no worker has to run. */
import type { Client } from '@temporalio/client';
import type { Catalog } from '../catalog/catalog.ts';
import type { Settings } from '../contracts/config.ts';
import { registerSearchAttributes } from '../stack/temporal-api.ts';
import { withComponents } from '../stack/with-components.ts';
import type { CommandContext } from './main.ts';
import { withCatalog } from './project.ts';
import { withTemporalClient } from './temporal-connection.ts';

export interface ScheduleStores {
  readonly settings: Settings;
  readonly catalog: Catalog;
  readonly client: Client;
}

export async function withSchedules<T>(
  context: CommandContext,
  work: (stores: ScheduleStores) => Promise<T>,
): Promise<T> {
  return withCatalog(
    context,
    ({ settings, catalog }) => connect(settings, (client) => work({ settings, catalog, client })),
    ['catalog', 'temporal'],
  );
}

/** The same for a command that has a catalog already, and has found out that it needs schedules too. */
export async function withScheduleClient<T>(
  settings: Settings,
  { terminal }: CommandContext,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const report = (line: string): void => terminal.note(line);
  return withComponents(settings, ['temporal'], (connected) => connect(connected, work), { report });
}

async function connect<T>({ temporal }: Settings, work: (client: Client) => Promise<T>): Promise<T> {
  // schedules are found by the project's search attribute, and no worker may have registered it yet
  await registerSearchAttributes(temporal.address ?? '', temporal.namespace);
  return withTemporalClient(temporal, work);
}
