/** Starting durable runs over HTTP: a body is the input of the workflow. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { requireFeatureView, requireStoredSource } from '../activities/applied-view.ts';
import { AsofError } from '../contracts/errors.ts';
import type { Manifest } from '../contracts/manifest.ts';
import type { RunInputs } from '../contracts/run-inputs.ts';
import { MAX_PARALLEL, MAX_VIEWS, type WorkflowName } from '../contracts/run-messages.ts';
import { clockNow } from '../contracts/time.ts';
import type { DefinitionSource } from '../library/applied-definitions.ts';
import { startRun, type RunHandle } from '../workers/starter.ts';
import type { ObserverDependencies } from './run-observer.ts';
import { inTime } from './temporal.ts';

/** Of a route that starts a run. */
export const IDEMPOTENCY_HEADERS = {
  type: 'object',
  properties: {
    'idempotency-key': {
      type: 'string',
      minLength: 1,
      maxLength: 255,
      description:
        'the same key with the same body gives the same run, ended or not; with another body it is refused with 409',
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

const PROJECT = { type: 'string', description: "this API's project" } as const;
const INSTANT = { type: 'string', description: 'ISO 8601' } as const;

const INGEST_SCHEMA = {
  summary: 'Start the ingestion of a source into the lake',
  headers: IDEMPOTENCY_HEADERS,
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['source'],
    properties: { project: PROJECT, source: { type: 'string' }, from: INSTANT, to: INSTANT },
  },
  answers: STARTED_ANSWER,
} as const;

const BACKFILL_SCHEMA = {
  summary: "Start a backfill: the view's own table over a range",
  headers: IDEMPOTENCY_HEADERS,
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['view', 'from', 'to'],
    properties: {
      project: PROJECT,
      view: { type: 'string' },
      from: INSTANT,
      to: { type: 'string', description: 'end of the range, exclusive' },
      chunk: { type: 'string', description: 'length of an interval, a duration; default 1d' },
      parallel: { type: 'integer', minimum: 1, maximum: MAX_PARALLEL, description: 'intervals at work at once' },
      restate: { type: 'boolean', description: 'redo intervals that are done' },
      newestFirst: { type: 'boolean', description: 'from the end of the range towards its beginning' },
      cascade: { type: 'boolean', description: 'afterwards materialize the view, if it is online' },
    },
  },
  answers: STARTED_ANSWER,
} as const;

const MATERIALIZE_SCHEMA = {
  summary: 'Start a materialization: views from the lake to the online store',
  headers: IDEMPOTENCY_HEADERS,
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['views'],
    properties: {
      project: PROJECT,
      views: { type: 'array', minItems: 1, maxItems: MAX_VIEWS, items: { type: 'string' } },
      to: { type: 'string', description: 'rows due at this instant; default: now' },
      rebuild: { type: 'boolean', description: 'make all values anew instead of what came or went' },
    },
  },
  answers: STARTED_ANSWER,
} as const;

export interface StartDependencies extends ObserverDependencies {
  readonly definitions: DefinitionSource;
}

type Body<W extends WorkflowName> = Omit<RunInputs[W], 'project'>;

export function serveRunStarts(server: FastifyInstance, dependencies: StartDependencies): void {
  const { definitions } = dependencies;
  const manifest = async (): Promise<Manifest> => (await definitions.current()).applied.manifest;

  server.post('/v1/ingestions', { schema: INGEST_SCHEMA }, async (request, reply) => {
    const body = request.body as Body<'ingest'>;
    requireStoredSource(await manifest(), body.source);
    return answerWithRun(dependencies, { request, reply }, { workflow: 'ingest', body, target: body.source });
  });

  server.post('/v1/backfills', { schema: BACKFILL_SCHEMA }, async (request, reply) => {
    const body = request.body as Body<'backfill'>;
    const { fingerprint } = requireFeatureView(await manifest(), body.view);
    const start = { workflow: 'backfill', body, target: body.view, fingerprint } as const;
    return answerWithRun(dependencies, { request, reply }, start);
  });

  server.post('/v1/materializations', { schema: MATERIALIZE_SCHEMA }, async (request, reply) => {
    const body = request.body as Body<'materialize'>;
    const applied = await manifest();
    for (const name of body.views) requireFeatureView(applied, name);
    const target = body.views.join(', ');
    return answerWithRun(dependencies, { request, reply }, { workflow: 'materialize', body, target });
  });
}

const ENDING_MILLIS = 50;
const MOST_LOOKS = 100;

/** A run records its end before it ends: who starts the same work in between would join it, and nothing would be done. */
async function startAfterEnding<W extends WorkflowName>(
  { runs }: ObserverDependencies['catalog'],
  start: () => Promise<RunHandle<W>>,
): Promise<RunHandle<W>> {
  for (let look = 1; ; look += 1) {
    const started = await start();
    const record = await runs.get(started.id);
    if (record === undefined || record.state === 'running' || look === MOST_LOOKS) return started;
    await sleep(ENDING_MILLIS);
  }
}

export interface RunStart<W extends WorkflowName> {
  readonly workflow: W;
  readonly body: Body<W> & { readonly project?: string };
  /** As the workflow names it in its record. */
  readonly target: string;
  readonly fingerprint?: string;
}

/**
 * Starts a run and answers 202 with its id, which `GET /v1/runs/{id}` knows from then on. Throws what `startRun` throws,
 * and `INVALID_VALUE` for a body of another project.
 */
export async function answerWithRun<W extends WorkflowName>(
  { project, catalog, client }: ObserverDependencies,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  { workflow, body, target, fingerprint }: RunStart<W>,
): Promise<FastifyReply> {
  if (body.project !== undefined && body.project !== project) {
    const problem = `this API serves the project ${project}`;
    throw new AsofError('INVALID_VALUE', { where: 'body, field "project"', problem });
  }
  // a view has one stream: under a key of its own a second one would run beside the first
  const key = workflow === 'runStream' ? undefined : (request.headers['idempotency-key'] as string | undefined);
  const input = { ...body, project } as unknown as RunInputs[W];
  const options = {
    ...(key !== undefined && { idempotencyKey: key }),
    ...(fingerprint !== undefined && { fingerprint }),
  };
  const start = (): Promise<RunHandle<W>> => inTime(client, () => startRun(client, workflow, input, options));
  const { id, workflowId } = await (key === undefined ? startAfterEnding(catalog, start) : start());
  // the workflow records itself, but perhaps later than the caller asks
  if ((await catalog.runs.get(id)) === undefined) {
    const open = { state: 'running', startedAt: clockNow(), endedAt: null, result: null, error: null } as const;
    await catalog.runs.put({ id, project, workflow, workflowId, target, ...open });
  }
  return reply.status(202).header('location', `/v1/runs/${id}`).send({ run: id, workflowId });
}
