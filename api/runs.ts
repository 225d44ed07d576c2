/** Starting and following durable runs over HTTP. */
import type { Client } from '@temporalio/client';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Catalog, RunRecord } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { RunInputs } from '../contracts/run-inputs.ts';
import type { WorkflowName } from '../contracts/run-messages.ts';
import type { RunProgress } from '../contracts/runs.ts';
import { clockNow, formatInstant } from '../contracts/time.ts';
import { attachRun, readProgress, startRun } from '../workers/starter.ts';

export interface RunDependencies {
  readonly project: string;
  readonly catalog: Pick<Catalog, 'runs'>;
  readonly client: Client;
}

const RUN = {
  type: 'object',
  required: ['id', 'workflow', 'workflowId', 'target', 'state', 'startedAt'],
  properties: {
    id: { type: 'string' },
    workflow: { type: 'string' },
    workflowId: { type: 'string' },
    target: { type: 'string' },
    state: { enum: ['running', 'completed', 'failed', 'cancelled'] },
    startedAt: { type: 'string', format: 'date-time' },
    endedAt: { type: ['string', 'null'], format: 'date-time' },
    result: { type: ['object', 'null'], description: 'what the workflow returned' },
    error: { type: ['object', 'null'], description: 'code and message of the failure' },
    progress: { type: 'object', description: 'of a running run: step, done, total, unit, rows, failed' },
  },
} as const;

const RUN_SCHEMA = {
  summary: 'Read a run',
  params: { type: 'object', properties: { id: { type: 'string', maxLength: 200 } } },
  answers: { 200: { description: 'the run', content: { 'application/json': { schema: RUN } } } },
} as const;

/** Of a route that starts a run. */
export const IDEMPOTENCY_HEADERS = {
  type: 'object',
  properties: {
    'idempotency-key': {
      type: 'string',
      minLength: 1,
      maxLength: 255,
      description: 'the same key with the same body gives the same run; with another body it is refused with 409',
    },
  },
} as const;

export const STARTED_ANSWER = {
  202: {
    description: 'the run was started, or was at work already',
    headers: { location: { description: 'of the run', schema: { type: 'string' } } },
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['run', 'workflowId'],
          properties: { run: { type: 'string' }, workflowId: { type: 'string' } },
        },
      },
    },
  },
} as const;

export function serveRuns(server: FastifyInstance, { project, catalog, client }: RunDependencies): void {
  server.get('/v1/runs/:id', { schema: RUN_SCHEMA }, async (request) => {
    const { id } = request.params as { readonly id: string };
    const run = await catalog.runs.get(id);
    if (run?.project !== project) {
      const known = (await catalog.runs.list(project, 5)).map((one) => one.id);
      throw new AsofError('UNKNOWN_NAME', { where: 'runs', kind: 'run', name: id, known });
    }
    return describeRun(run, run.state === 'running' ? await progressOf(client, run) : undefined);
  });
}

function describeRun({ startedAt, endedAt, project: _, ...run }: RunRecord, progress: RunProgress | undefined) {
  return {
    ...run,
    startedAt: formatInstant(startedAt),
    endedAt: endedAt === null ? null : formatInstant(endedAt),
    ...(progress && { progress }),
  };
}

const PROGRESS_MILLIS = 2000;

/** Undefined when no worker answers in time. */
async function progressOf(client: Client, { id, workflow, workflowId }: RunRecord): Promise<RunProgress | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), PROGRESS_MILLIS)));
  const run = attachRun(client, { id, workflow: workflow as WorkflowName, workflowId });
  try {
    return await Promise.race([readProgress(run), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Starts a run and answers 202 with its id, which `GET /v1/runs/{id}` knows from then on. Throws what `startRun` throws.
 */
export async function answerWithRun<W extends WorkflowName>(
  { project, catalog, client }: RunDependencies,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  workflow: W,
  input: RunInputs[W],
  target: string,
): Promise<FastifyReply> {
  const key = request.headers['idempotency-key'] as string | undefined;
  const run = await startRun(client, workflow, input, key === undefined ? {} : { idempotencyKey: key });
  const { id, workflowId } = run;
  // the workflow records itself, but perhaps later than the caller asks
  if ((await catalog.runs.get(id)) === undefined) {
    const nothing = { endedAt: null, result: null, error: null };
    await catalog.runs.put({
      id,
      project,
      workflow,
      workflowId,
      target,
      state: 'running',
      startedAt: clockNow(),
      ...nothing,
    });
  }
  return reply.status(202).header('location', `/v1/runs/${id}`).send({ run: id, workflowId });
}
