/** Reading runs. */
import type { FastifyInstance } from 'fastify';
import type { RunRecord } from '../catalog/catalog.ts';
import { WORKFLOW_NAMES } from '../contracts/run-messages.ts';
import { describeRun, RUN, RUN_PARAMETERS, RUN_STATES } from './run-document.ts';
import { observeRun, type ObserverDependencies } from './run-observer.ts';
import { readRunCursor, writeRunCursor } from './run-cursor.ts';

const RUN_SCHEMA = {
  summary: 'Read a run',
  params: RUN_PARAMETERS,
  answers: { 200: { description: 'the run', content: { 'application/json': { schema: RUN } } } },
} as const;

const DEFAULT_LIMIT = 100;
const MOST_RUNS = 500;

const LIST_SCHEMA = {
  summary: 'List runs, the newest first',
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      workflow: { enum: WORKFLOW_NAMES },
      state: { enum: RUN_STATES },
      target: { type: 'string', maxLength: 10_000, description: 'the source, view or dataset' },
      limit: { type: 'integer', minimum: 1, maximum: MOST_RUNS, default: DEFAULT_LIMIT },
      cursor: { type: 'string', maxLength: 1000, description: '`next` of the page before' },
    },
  },
  answers: {
    200: {
      description: 'one page; without progress',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['runs', 'next'],
            properties: {
              runs: { type: 'array', items: RUN },
              next: { type: ['string', 'null'], description: 'the cursor of the next page; null on the last' },
            },
          },
        },
      },
    },
  },
} as const;

interface ListQuery {
  readonly workflow?: string;
  readonly state?: RunRecord['state'];
  readonly target?: string;
  readonly limit: number;
  readonly cursor?: string;
}

export function serveRuns(server: FastifyInstance, dependencies: ObserverDependencies): void {
  const { project, catalog } = dependencies;

  server.get('/v1/runs', { schema: LIST_SCHEMA }, async (request) => {
    const { limit, cursor, ...filter } = request.query as ListQuery;
    const after = cursor === undefined ? undefined : readRunCursor(cursor);
    const found = await catalog.runs.page(project, { ...filter, ...(after && { after }), limit: limit + 1 });
    const runs = found.slice(0, limit);
    const last = runs.at(-1);
    return {
      runs: runs.map((run) => describeRun({ run })),
      next: last !== undefined && found.length > limit ? writeRunCursor(last) : null,
    };
  });

  server.get('/v1/runs/:id', { schema: RUN_SCHEMA }, async (request) => {
    const { id } = request.params as { readonly id: string };
    return describeRun(await observeRun(dependencies, id));
  });
}
