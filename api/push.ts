import type { FastifyInstance } from 'fastify';
import { toJsonText } from '../contracts/json-text.ts';
import type { Push } from '../library/pushes.ts';
import type { PushDestination, PutRow } from '../library/store.ts';
import { MOST_PUSHED_ROWS, PUSH_HEADERS, pushInTurn } from './push-work.ts';
import { IDEMPOTENCY_HEADERS } from './run-starts.ts';
import type { ServingWork } from './serving-limits.ts';

interface PushBody {
  readonly rows: readonly PutRow[];
  readonly to?: PushDestination;
}

const PUSH_SCHEMA = {
  summary: 'Push rows of a view, or of a source',
  description: `At most ${MOST_PUSHED_ROWS} rows, all or none of them. Answered when they are durable where they were to go.`,
  params: { type: 'object', properties: { view: { type: 'string', description: 'a view, or a stored source' } } },
  headers: {
    type: 'object',
    properties: {
      ...PUSH_HEADERS.properties,
      'idempotency-key': {
        ...IDEMPOTENCY_HEADERS.properties['idempotency-key'],
        description:
          'rows that are pushed again with the same key count once; another number of rows is refused with 409',
      },
    },
  },
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['rows'],
    properties: {
      rows: {
        type: 'array',
        items: { type: 'object' },
        description: 'columns of the source; the event time under its own name or `timestamp`, default now',
      },
      to: {
        type: 'string',
        enum: ['online', 'offline', 'both'],
        description: 'default both; `online` leaves the lake out: no history has the rows',
      },
    },
  },
  answers: {
    200: {
      description: 'what was taken, what rules set aside and why, and the views that serve the rows',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['snapshot', 'committed', 'quarantined', 'online', 'violations'],
            properties: {
              snapshot: { type: ['integer', 'null'], description: 'of the lake; null for `online`' },
              committed: { type: 'integer', description: 'rows that were taken' },
              quarantined: { type: 'integer', description: 'rows that a rule set aside' },
              online: { type: 'array', items: { type: 'string' }, description: 'views that serve them' },
              violations: { type: 'array', items: { type: 'object' }, description: 'by row, counted from 0' },
            },
          },
        },
      },
    },
  },
} as const;

export function servePush(server: FastifyInstance, push: Push, work: Pick<ServingWork, 'pushes'>): void {
  const options = { schema: PUSH_SCHEMA, onRequest: async () => work.pushes.requireRoom() };
  server.post('/v1/push/:view', options, async (request, reply) => {
    const { view } = request.params as { readonly view: string };
    const key = request.headers['idempotency-key'] as string | undefined;
    const asked = { ...(request.body as PushBody), ...(key !== undefined && { idempotencyKey: key }), target: view };
    const result = await pushInTurn(work, push, request.headers, () => asked);
    void reply.header('content-type', 'application/json; charset=utf-8');
    return toJsonText(result);
  });
}
