/** Runs as Temporal shows them from outside: its client for progress, its own command line to start one. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import type { DevStack } from '../../../contracts/config.ts';
import type { RunProgress } from '../../../contracts/runs.ts';
import { locateTemporal } from '../../../stack/temporal-programs.ts';

export async function withTemporalClient<T>({ temporal }: DevStack, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: temporal.address });
  try {
    return await work(new Client({ connection, namespace: temporal.namespace }));
  } finally {
    await connection.close();
  }
}

/** The only running workflow of this type; undefined before it is visible. */
export async function findRunning(client: Client, type: string): Promise<WorkflowHandle | undefined> {
  const query = `WorkflowType = "${type}" AND ExecutionStatus = "Running"`;
  for await (const { workflowId } of client.workflow.list({ query })) return client.workflow.getHandle(workflowId);
  return undefined;
}

/** Undefined while nobody answers. */
export async function askProgress(handle: WorkflowHandle): Promise<RunProgress | undefined> {
  try {
    return await handle.query<RunProgress>('progress');
  } catch {
    return undefined;
  }
}

export async function isRunning(handle: WorkflowHandle): Promise<boolean> {
  return (await handle.describe()).status.name === 'RUNNING';
}

/** Starts a workflow with `temporal workflow start`, as documented, and waits for what it returns. */
export async function runByTemporalCommand<T>(stack: DevStack, type: string, input: object): Promise<T> {
  const located = await locateTemporal();
  if (!located.found) throw new Error('the temporal program is nowhere');
  const { address, namespace } = stack.temporal;
  const id = `by-hand/${type}`;
  await promisify(execFile)(located.program, [
    ...['workflow', 'start', '--address', address, '--namespace', namespace, '--workflow-id', id],
    ...['--type', type, '--task-queue', 'asof-orchestration', '--input', JSON.stringify(input)],
  ]);
  return withTemporalClient(stack, async (client) => (await client.workflow.getHandle(id).result()) as T);
}
