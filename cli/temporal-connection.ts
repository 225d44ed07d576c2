/** A Temporal client for the length of some work. */
import { Client, Connection } from '@temporalio/client';
import type { Settings } from '../contracts/config.ts';
import { AsofError, messageOf } from '../contracts/errors.ts';
import { dataConverterFor } from '../security/data-converter.ts';

/** Throws `TEMPORAL_UNAVAILABLE` when nobody answers at the address. */
export async function withTemporalClient<T>(
  { address: configured, namespace, payloadKeys }: Settings['temporal'],
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const address = configured ?? '';
  let connection: Connection;
  try {
    connection = await Connection.connect({ address });
  } catch (error) {
    throw new AsofError('TEMPORAL_UNAVAILABLE', { address, problem: messageOf(error) }, error);
  }
  try {
    return await work(new Client({ connection, namespace, dataConverter: dataConverterFor(payloadKeys) }));
  } finally {
    await connection.close();
  }
}
