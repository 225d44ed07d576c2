/** How a stream stands: what its workflow knows, and what its consumers have told since. */
import { readConsumerReports } from '../activities/consumer-reports.ts';
import { RUN_MESSAGES } from '../contracts/run-messages.ts';
import { addReports, type StreamStatus } from '../contracts/streams.ts';
import type { RunHandle } from './starter.ts';

/**
 * A few seconds old. Undefined while no orchestration worker answers. Throws what the client throws when Temporal is away.
 */
export async function readStreamStatus({
  client,
  workflowId,
  id,
}: RunHandle<'runStream'>): Promise<Omit<StreamStatus, 'ended'> | undefined> {
  const handle = client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId: id });
  const known = await handle.query<StreamStatus>(RUN_MESSAGES.status).catch(() => undefined);
  if (known === undefined) return undefined;
  const { ended, ...status } = known;
  const told = await readConsumerReports(client, { workflowId });
  if (told.partitions.length === 0 && told.problem === null) return status;
  const report = addReports([ended, told]);
  return { ...status, ...report, problem: report.problem ?? status.problem };
}
