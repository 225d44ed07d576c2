/** What an operator does to runs. */
import type { FastifyInstance } from 'fastify';
import { requireFeatureView } from '../activities/applied-view.ts';
import type { RunRecord } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import { MAX_PARALLEL } from '../contracts/run-messages.ts';
import {
  attachRun,
  cancelRun,
  pauseRun,
  readRunInput,
  resumeRun,
  setRunParallel,
  stopRun,
  type RunHandle,
} from '../workers/starter.ts';
import { RUN_PARAMETERS } from './run-document.ts';
import { handleOf, requireRun, requireRunning } from './run-observer.ts';
import { answerWithRun, IDEMPOTENCY_HEADERS, STARTED_ANSWER, type StartDependencies } from './run-starts.ts';
import { inTime } from './temporal.ts';

export const ASKED_ANSWER = {
  202: {
    description: 'the run was asked',
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['run', 'requested'],
          properties: { run: { type: 'string' }, requested: { type: 'string' } },
        },
      },
    },
  },
} as const;

const asking = (summary: string) => ({ summary, params: RUN_PARAMETERS, answers: ASKED_ANSWER });

const PARALLEL = { type: 'integer', minimum: 1, maximum: MAX_PARALLEL } as const;

const PARALLEL_SCHEMA = {
  summary: 'Change how many intervals a running backfill works at once',
  params: RUN_PARAMETERS,
  body: { type: 'object', additionalProperties: false, required: ['parallel'], properties: { parallel: PARALLEL } },
  answers: {
    200: {
      description: 'the number now in force',
      content: {
        'application/json': {
          schema: { type: 'object', properties: { run: { type: 'string' }, parallel: PARALLEL } },
        },
      },
    },
  },
} as const;

const RETRY_SCHEMA = {
  summary: 'Run an ended backfill again: what failed or is missing is done, the rest is left alone',
  params: RUN_PARAMETERS,
  headers: IDEMPOTENCY_HEADERS,
  answers: STARTED_ANSWER,
} as const;

interface Named {
  readonly id: string;
}

export function serveRunControl(server: FastifyInstance, dependencies: StartDependencies): void {
  const { client, definitions } = dependencies;

  server.post(
    '/v1/runs/:id/cancel',
    { schema: asking('Cancel a run: work under way is interrupted, nothing half done is published') },
    async (request, reply) => {
      const { id } = request.params as Named;
      await control(id, async () => cancelRun(handleOf(client, await requireRunning(dependencies, id))));
      return reply.status(202).send({ run: id, requested: 'cancel' });
    },
  );

  const signals = [
    ['pause', 'Hold a running backfill: intervals under way end, no others start', pauseRun],
    ['resume', 'Let a paused backfill go on', resumeRun],
    ['stop', 'End a running backfill once its intervals under way have ended', stopRun],
  ] as const;
  for (const [name, summary, signal] of signals) {
    server.post(`/v1/runs/:id/${name}`, { schema: asking(summary) }, async (request, reply) => {
      const { id } = request.params as Named;
      await control(id, async () => signal(backfillOf(await requireRunning(dependencies, id))));
      return reply.status(202).send({ run: id, requested: name });
    });
  }

  server.post('/v1/runs/:id/parallel', { schema: PARALLEL_SCHEMA }, async (request) => {
    const { id } = request.params as Named;
    const { parallel } = request.body as { readonly parallel: number };
    const inForce = await control(id, async () =>
      setRunParallel(backfillOf(await requireRunning(dependencies, id)), parallel),
    );
    return { run: id, parallel: inForce };
  });

  server.post('/v1/runs/:id/retry', { schema: RETRY_SCHEMA }, async (request, reply) => {
    const { id } = request.params as Named;
    const run = await requireRun(dependencies, id);
    const handle = backfillOf(run);
    if (run.state === 'running') {
      throw new AsofError('CONFLICT', { where: `run ${id}`, problem: 'it is still running; cancel it first' });
    }
    const before = await inTime(client, () => readRunInput(handle));
    const { manifest } = (await definitions.current()).applied;
    const { fingerprint } = requireFeatureView(manifest, before.view);
    const body = { ...before, restate: false };
    return answerWithRun(
      dependencies,
      { request, reply },
      { workflow: 'backfill', body, target: before.view, fingerprint },
    );
  });

  /** A run that ends between the look and the message is a conflict too. */
  async function control<T>(id: string, work: () => Promise<T>): Promise<T> {
    return inTime(client, async () => {
      try {
        return await work();
      } catch (error) {
        if (error instanceof AsofError && error.code === 'UNKNOWN_NAME') await requireRunning(dependencies, id);
        throw error;
      }
    });
  }

  function backfillOf({ id, workflow, workflowId }: RunRecord): RunHandle<'backfill'> {
    if (workflow === 'backfill') return attachRun(client, { workflow, id, workflowId });
    throw new AsofError('CONFLICT', {
      where: `run ${id}`,
      problem: `it is of ${workflow}; this is for backfills only`,
    });
  }
}
