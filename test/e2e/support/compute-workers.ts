/** More compute workers than the stack's own, each a process. */
import { TASK_QUEUES } from '../../../contracts/config.ts';
import { poll } from './polling.ts';
import type { Project } from './project.ts';
import { withTemporalClient } from './runs.ts';

/** Temporal's `TASK_QUEUE_TYPE_ACTIVITY`. */
const ACTIVITIES = 2;

export interface ExtraWorkers {
  stop(): Promise<void>;
}

/** Starts `asof worker --kind compute` so many times, and waits until Temporal knows each. */
export async function startComputeWorkers(project: Project, count: number): Promise<ExtraWorkers> {
  const commands = Array.from({ length: count }, () => project.start('worker', '--kind', 'compute'));
  await withTemporalClient(project.stack(), async (client) => {
    const { workflowService } = client.connection;
    await poll(async () => {
      const { pollers } = await workflowService.describeTaskQueue({
        namespace: project.stack().temporal.namespace,
        taskQueue: { name: TASK_QUEUES.compute },
        taskQueueType: ACTIVITIES,
      });
      const known = (pollers ?? []).map(({ identity }) => identity ?? '');
      return commands.every(({ pid }) => known.includes(`compute@${pid}`)) ? true : undefined;
    }, 200);
  });
  return {
    async stop() {
      for (const { pid } of commands) process.kill(pid, 'SIGTERM');
      await Promise.all(commands.map(({ outcome }) => outcome));
    },
  };
}
