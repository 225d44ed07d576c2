/** What the consumers of a stream told last. It travels with their heartbeats, which Temporal keeps and no history holds. */
import type { Client } from '@temporalio/client';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { addReports, type StreamReport } from '../contracts/streams.ts';

/** The name under which workers register the activity. */
const CONSUMER = 'consumeTopic';

/** Of all consumers that a run has now, added up. A few seconds old; needs no worker. */
export async function readConsumerReports(
  client: Client,
  { workflowId, runId }: { readonly workflowId: string; readonly runId?: string },
): Promise<StreamReport> {
  const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
  const consumers = (raw.pendingActivities ?? []).filter(({ activityType }) => activityType?.name === CONSUMER);
  const reports = await Promise.all(
    consumers.map(async ({ heartbeatDetails }) => {
      const payloads = heartbeatDetails?.payloads ?? [];
      // a consumer that has only begun tells nothing yet: its heartbeats are empty, or hold an undefined
      if (payloads.length === 0) return undefined;
      return decodeFromPayloadsAtIndex<StreamReport | undefined>(client.options.loadedDataConverter, 0, payloads);
    }),
  );
  return addReports(reports.filter((report) => report !== undefined));
}
