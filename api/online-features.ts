import type { FastifyInstance } from 'fastify';
import { requireInstant } from '../contracts/time.ts';
import type { FeatureReader } from '../library/feature-reader.ts';
import { writeFeatureDocument } from '../online/feature-document-text.ts';
import type { RequestColumns } from '../online/read-request.ts';
import { DEADLINE_HEADERS, readInTurn, type ServingWork } from './serving-limits.ts';

interface OnlineFeaturesBody {
  readonly service?: string;
  readonly features?: readonly string[];
  readonly entities: RequestColumns;
  readonly request?: RequestColumns;
  readonly at?: string;
}

const columns = (description: string) =>
  ({ type: 'object', description, additionalProperties: { type: 'array', items: {} } }) as const;

/** Read online features: `asof get` prints the same document. */
const ONLINE_FEATURES_SCHEMA = {
  summary: 'Read online features',
  headers: DEADLINE_HEADERS,
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['entities'],
    properties: {
      service: { type: 'string', description: 'a feature service; this or `features`' },
      features: { type: 'array', items: { type: 'string' }, description: '`view:feature`, or `view` for all' },
      entities: columns('key column to one value for each entity'),
      request: columns('request column to one value for each entity'),
      at: { type: 'string', description: 'ISO 8601; default: now' },
    },
  },
} as const;

export function serveOnlineFeatures(
  server: FastifyInstance,
  reader: FeatureReader,
  { online }: Pick<ServingWork, 'online'>,
): void {
  // before the body is read: what is refused costs next to nothing
  const options = { schema: ONLINE_FEATURES_SCHEMA, onRequest: async () => online.requireRoom() };
  server.post('/v1/online-features', options, async (request, reply) => {
    const { service, features, entities, request: inputs, at: text } = request.body as OnlineFeaturesBody;
    const at = text === undefined ? undefined : requireInstant(text, 'at');
    const vectors = await readInTurn(online, request.headers, ({ deadline, storeMillis }) =>
      reader.readVectors({ service, features, entities, request: inputs, at, deadline, storeMillis }),
    );
    void reply.header('content-type', 'application/json; charset=utf-8');
    return writeFeatureDocument(vectors);
  });
}
