import { ChildWorkflowCancellationType, executeChild, ParentClosePolicy, sleep } from '@temporalio/workflow';
import { ingestionId, materializationId } from '../contracts/run-messages.ts';
import type { ingest } from './ingest.ts';
import type { materialize } from './materialize.ts';

/** Others may follow the same run: it ends in its own time, whatever becomes of the one that started it. */
const SHARED = {
  parentClosePolicy: ParentClosePolicy.ABANDON,
  cancellationType: ChildWorkflowCancellationType.ABANDON,
} as const;

const LONGEST_WAIT_SECONDS = 60;

/**
 * Ingests what a topic has by now, by a run that begins after the call: one that is at work may have looked at the topic
 * before, so its end is waited for. Throws what the run throws.
 */
export async function landTopic(project: string, source: string): Promise<void> {
  await startWhenFree(() =>
    executeChild<typeof ingest>('ingest', {
      ...SHARED,
      args: [{ project, source }],
      workflowId: ingestionId(project, source),
      staticSummary: `Ingest ${source}`,
    }),
  );
}

/** Brings one view online up to now, in the same way. */
export async function materializeNow(project: string, view: string): Promise<void> {
  await startWhenFree(() =>
    executeChild<typeof materialize>('materialize', {
      ...SHARED,
      args: [{ project, views: [view] }],
      workflowId: materializationId(project, view),
      staticSummary: `Materialize ${view}`,
    }),
  );
}

async function startWhenFree(run: () => Promise<unknown>): Promise<void> {
  for (let seconds = 1; ; seconds = Math.min(seconds * 2, LONGEST_WAIT_SECONDS)) {
    try {
      await run();
      return;
    } catch (error) {
      // its class is not among what workflows may import
      if (!(error instanceof Error) || error.name !== 'WorkflowExecutionAlreadyStartedError') throw error;
      await sleep(seconds * 1000);
    }
  }
}
