import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TASK_QUEUES } from '../../contracts/config.ts';
import { WORKFLOW_NAMES } from '../../contracts/run-messages.ts';
import { openOrchestra } from './open-orchestra.ts';
import type { Orchestra } from './orchestra.ts';

let orchestra: Orchestra;
beforeAll(async () => {
  orchestra = await openOrchestra();
});
afterAll(() => orchestra.close());

it.each(['ingests', 'default', '__proto__'])(
  'a workflow of the unknown type %s fails at once, and says what there is',
  async (type) => {
    await orchestra.perform({}, async () => {
      const running = orchestra.client.workflow.execute(type, {
        taskQueue: TASK_QUEUES.orchestration,
        workflowId: randomUUID(),
        args: [{ project: 'flights' }],
        retry: { maximumAttempts: 5 },
      });
      const error: unknown = await running.catch((failed: unknown) => failed);
      expect(error).toBeInstanceOf(WorkflowFailedError);
      expect((error as WorkflowFailedError).cause).toMatchObject({
        type: 'UNKNOWN_NAME',
        nonRetryable: true,
        message: `task queue asof-orchestration: there is no workflow type named ${type}; known: ${WORKFLOW_NAMES.join(', ')}`,
      });
    });
  },
);
