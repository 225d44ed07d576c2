/** Streams over HTTP: one for each view that a topic feeds, started, looked at, widened and stopped under the view's name. */
import type { FastifyInstance } from 'fastify';
import { requireFeatureView, requireStreamable } from '../activities/applied-view.ts';
import type { RunRecord } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { Manifest } from '../contracts/manifest.ts';
import { MAX_BATCH_SIZE, MAX_CONSUMERS } from '../contracts/run-messages.ts';
import type { RunStreamInput } from '../contracts/streams.ts';
import { formatInstant } from '../contracts/time.ts';
import { whyNotStreamed } from '../definitions/streamable-view.ts';
import { attachRun, setStreamConsumers, stopRun, type RunHandle } from '../workers/starter.ts';
import { readStreamStatus } from '../workers/stream-status.ts';
import { ASKED_ANSWER } from './run-control.ts';
import { RUN_STATES } from './run-document.ts';
import { observeRun, requireRunning } from './run-observer.ts';
import { answerWithRun, STARTED_ANSWER, type StartDependencies } from './run-starts.ts';
import { inTime } from './temporal.ts';

const VIEW = { type: 'object', properties: { view: { type: 'string', maxLength: 10_000 } } } as const;
const CONSUMERS = { type: 'integer', minimum: 1, maximum: MAX_CONSUMERS } as const;

const RUN_OF_STREAM = {
  view: { type: 'string' },
  run: { type: ['string', 'null'], description: 'the last one, for `GET /v1/runs/{id}`; null when there was none' },
  state: { enum: [...RUN_STATES, null] },
  startedAt: { type: ['string', 'null'], format: 'date-time' },
  endedAt: { type: ['string', 'null'], format: 'date-time' },
} as const;

const STREAM = {
  type: 'object',
  required: ['view', 'run', 'state', 'startedAt', 'endedAt', 'result', 'error', 'status'],
  properties: {
    ...RUN_OF_STREAM,
    result: { type: ['object', 'null'], description: 'what the stream did, once it has ended' },
    error: { type: ['object', 'null'], description: 'code and message of what ended it' },
    status: {
      type: ['object', 'null'],
      description:
        'while it runs and a worker answers: `step`, `consumers`, `partitions` with `next` offset and `lag` as decimal ' +
        'text, `applied`, `late`, `rejected`, `lost`, `newestEvent`, `problem`, `landed`, `landingProblem`, `rebuilt`; ' +
        'a few seconds old',
    },
  },
} as const;

const LIST_SCHEMA = {
  summary: 'List the views that can be streamed, each with its last stream',
  answers: {
    200: {
      description: 'by view; without status',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['streams'],
            properties: { streams: { type: 'array', items: { type: 'object', properties: RUN_OF_STREAM } } },
          },
        },
      },
    },
  },
} as const;

const READ_SCHEMA = {
  summary: 'Read how the stream of a view stands',
  params: VIEW,
  answers: { 200: { description: 'the stream', content: { 'application/json': { schema: STREAM } } } },
} as const;

const START_SCHEMA = {
  summary: 'Start the stream of a view',
  description: 'A view has one stream: a second start joins the one at work, whatever it asks for.',
  params: VIEW,
  body: {
    // all of it may be left out
    type: ['object', 'null'],
    additionalProperties: false,
    properties: {
      project: { type: 'string', description: "this API's project" },
      consumers: { ...CONSUMERS, description: 'how many share the topic; default 1' },
      batchSize: {
        type: 'integer',
        minimum: 1,
        maximum: MAX_BATCH_SIZE,
        description: 'messages of a step; default 1000',
      },
      landEvery: { type: 'string', description: 'how often messages go to the lake, a duration; default 1m' },
    },
  },
  answers: STARTED_ANSWER,
} as const;

const STOP_SCHEMA = {
  summary: 'End the stream of a view once the messages under way are applied',
  params: VIEW,
  answers: ASKED_ANSWER,
} as const;

const CONSUMERS_SCHEMA = {
  summary: 'Change how many consumers a running stream has',
  params: VIEW,
  body: { type: 'object', additionalProperties: false, required: ['consumers'], properties: { consumers: CONSUMERS } },
  answers: {
    200: {
      description: 'the number now in force',
      content: {
        'application/json': {
          schema: { type: 'object', properties: { run: { type: 'string' }, consumers: CONSUMERS } },
        },
      },
    },
  },
} as const;

interface Named {
  readonly view: string;
}

const STATUS_MILLIS = 2_000;

export function serveStreams(server: FastifyInstance, dependencies: StartDependencies): void {
  const { project, catalog, client, definitions } = dependencies;
  const manifest = async (): Promise<Manifest> => (await definitions.current()).applied.manifest;

  server.get('/v1/streams', { schema: LIST_SCHEMA }, async () => {
    const names = streamableViews(await manifest());
    return { streams: await Promise.all(names.map(async (view) => describeRunOf(view, await lastRunOf(view)))) };
  });

  server.get('/v1/streams/:view', { schema: READ_SCHEMA }, async (request) => {
    const { view } = request.params as Named;
    const last = await requireRunOf(view);
    const { run } = await observeRun(dependencies, last.id);
    const { result, error } = run;
    return { ...describeRunOf(view, run), result, error, status: await statusOf(run) };
  });

  server.post('/v1/streams/:view', { schema: START_SCHEMA }, async (request, reply) => {
    const { view } = request.params as Named;
    requireStreamable(await manifest(), view);
    const body = { ...(request.body as Omit<RunStreamInput, 'project' | 'view'> | null), view };
    return answerWithRun(dependencies, { request, reply }, { workflow: 'runStream', body, target: view });
  });

  server.delete('/v1/streams/:view', { schema: STOP_SCHEMA }, async (request, reply) => {
    const run = await requireRunOf((request.params as Named).view);
    await control(run, stopRun);
    return reply.status(202).send({ run: run.id, requested: 'stop' });
  });

  server.post('/v1/streams/:view/consumers', { schema: CONSUMERS_SCHEMA }, async (request) => {
    const { consumers: wanted } = request.body as { readonly consumers: number };
    const run = await requireRunOf((request.params as Named).view);
    const consumers = await control(run, (handle) => setStreamConsumers(handle, wanted));
    return { run: run.id, consumers };
  });

  async function lastRunOf(target: string): Promise<RunRecord | undefined> {
    const [run] = await catalog.runs.page(project, { workflow: 'runStream', target, limit: 1 });
    return run;
  }

  /** Of a view that is gone, too. Throws `UNKNOWN_NAME` for a view, and for a stream that was never started. */
  async function requireRunOf(view: string): Promise<RunRecord> {
    const run = await lastRunOf(view);
    if (run !== undefined) return run;
    const applied = await manifest();
    requireFeatureView(applied, view);
    const names = streamableViews(applied);
    const known = (await Promise.all(names.map(lastRunOf))).flatMap((one) => one?.target ?? []);
    throw new AsofError('UNKNOWN_NAME', { where: 'streams', kind: 'stream', name: view, known });
  }

  /** Null when it does not run, or nobody answers. */
  async function statusOf(run: RunRecord): Promise<object | null> {
    if (run.state !== 'running') return null;
    try {
      return (await inTime(client, () => readStreamStatus(handleOf(run)), STATUS_MILLIS)) ?? null;
    } catch {
      return null;
    }
  }

  /** Throws `CONFLICT` when it has ended, also between the look and the message. */
  async function control<T>(run: RunRecord, work: (handle: RunHandle<'runStream'>) => Promise<T>): Promise<T> {
    await requireRunning(dependencies, run.id);
    try {
      return await inTime(client, () => work(handleOf(run)));
    } catch (error) {
      if (error instanceof AsofError && error.code === 'UNKNOWN_NAME') await requireRunning(dependencies, run.id);
      throw error;
    }
  }

  function handleOf({ id, workflowId }: RunRecord): RunHandle<'runStream'> {
    return attachRun(client, { workflow: 'runStream', id, workflowId });
  }
}

function streamableViews({ views, sources }: Manifest): readonly string[] {
  return views.flatMap((view) => {
    if (view.kind !== 'feature') return [];
    const source = sources.find(({ name }) => name === view.source);
    return source && whyNotStreamed(view, source) === undefined ? [view.name] : [];
  });
}

function describeRunOf(view: string, run: RunRecord | undefined) {
  const endedAt = run?.endedAt ?? null;
  return {
    view,
    run: run?.id ?? null,
    state: run?.state ?? null,
    startedAt: run ? formatInstant(run.startedAt) : null,
    endedAt: endedAt === null ? null : formatInstant(endedAt),
  };
}
