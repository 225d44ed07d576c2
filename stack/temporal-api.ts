/** What the stack asks of a Temporal server. The client is loaded on use: it is large, and most commands need none. */
import type { Connection } from '@temporalio/client';
import { AsofError, messageOf } from '../contracts/errors.ts';
import { registerSearchAttributes as registerMissing } from '../workers/search-attributes.ts';

/** Throws `TEMPORAL_UNAVAILABLE` when the server does not answer or does not know the namespace. */
export async function checkNamespace(address: string, namespace: string): Promise<void> {
  await withService(address, async ({ workflowService }) => {
    await workflowService.describeNamespace({ namespace });
  });
}

/** Registers what is missing of the search attributes; safe to repeat. */
export async function registerSearchAttributes(address: string, namespace: string): Promise<void> {
  await withService(address, (connection) => registerMissing(connection, namespace));
}

async function withService<T>(address: string, ask: (connection: Connection) => Promise<T>): Promise<T> {
  const temporal = await import('@temporalio/client');
  let connection: Connection | undefined;
  try {
    connection = await temporal.Connection.connect({ address, connectTimeout: 5_000 });
    const deadline = Date.now() + 10_000;
    const open = connection;
    return await open.withDeadline(deadline, () => ask(open));
  } catch (error) {
    throw new AsofError('TEMPORAL_UNAVAILABLE', { address, problem: messageOf(error) }, error);
  } finally {
    await connection?.close();
  }
}
