/** `POST /push` and `POST /write-to-online-store`: how clients of Feast write, by the protocol of its feature server. */
import type { FastifyInstance } from 'fastify';
import { findPushTarget } from '../library/push-target.ts';
import type { Push } from '../library/pushes.ts';
import type { PushDestination } from '../library/store.ts';
import { feastRows, type FeastColumns } from './feast-rows.ts';
import { parseUnnamedBodies } from './lossless-body.ts';
import { PUSH_HEADERS, pushInTurn } from './push-work.ts';
import type { ServingWork } from './serving-limits.ts';

/** Feast's words. */
const DESTINATIONS = {
  online: 'online',
  offline: 'offline',
  online_and_offline: 'both',
} as const satisfies Readonly<Record<string, PushDestination>>;

interface PushBody {
  readonly push_source_name: string;
  readonly df: FeastColumns;
  readonly to?: keyof typeof DESTINATIONS;
}

interface WriteBody {
  readonly feature_view_name: string;
  readonly df: FeastColumns;
}

const FLAGS = {
  allow_registry_cache: { type: 'boolean', description: 'ignored: definitions are always the newest' },
  transform_on_write: {
    type: 'boolean',
    description: 'ignored: values are stored as they are, and transformed as they are read',
  },
} as const;
const COLUMNS = {
  type: 'object',
  description: 'column to one value for each row',
  additionalProperties: { type: 'array', items: {} },
} as const;

const PUSH_SCHEMA = {
  summary: "Push rows of a source by Feast's protocol",
  headers: PUSH_HEADERS,
  body: {
    type: 'object',
    required: ['push_source_name', 'df'],
    properties: {
      push_source_name: { type: 'string', description: 'a stored source' },
      df: COLUMNS,
      to: { type: 'string', enum: Object.keys(DESTINATIONS), description: 'default online' },
      ...FLAGS,
    },
  },
} as const;

const WRITE_SCHEMA = {
  summary: "Write rows of a view to Redis by Feast's protocol",
  headers: PUSH_HEADERS,
  body: {
    type: 'object',
    required: ['feature_view_name', 'df'],
    properties: {
      feature_view_name: { type: 'string', description: 'a view of the newest row of its source' },
      df: { ...COLUMNS, description: 'keys, features, `event_timestamp` and `created`, to one value for each row' },
      ...FLAGS,
    },
  },
} as const;

export function serveFeastPushes(server: FastifyInstance, push: Push, work: Pick<ServingWork, 'pushes'>): void {
  const onRequest = async (): Promise<void> => work.pushes.requireRoom();
  void server.register(async (scope) => {
    parseUnnamedBodies(scope);
    scope.post('/push', { schema: PUSH_SCHEMA, onRequest }, async (request) => {
      const { push_source_name: name, df, to = 'online' } = request.body as PushBody;
      await pushInTurn(work, push, request.headers, (manifest) => {
        const target = findPushTarget(manifest, name);
        return { target: name, to: DESTINATIONS[to], rows: feastRows(df, target, false) };
      });
      return null;
    });
    scope.post('/write-to-online-store', { schema: WRITE_SCHEMA, onRequest }, async (request) => {
      const { feature_view_name: name, df } = request.body as WriteBody;
      await pushInTurn(work, push, request.headers, (manifest) => {
        const target = findPushTarget(manifest, name);
        return { target: name, to: 'online', ofViewAlone: true, rows: feastRows(df, target, true) };
      });
      return null;
    });
  });
}
