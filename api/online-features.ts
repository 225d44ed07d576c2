import type { FastifyInstance } from 'fastify';
import { toJsonText } from '../contracts/json-text.ts';
import { requireInstant } from '../contracts/time.ts';
import type { FeatureReader } from '../library/feature-reader.ts';
import type { RequestColumns } from '../online/read-request.ts';

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

export function serveOnlineFeatures(server: FastifyInstance, reader: FeatureReader): void {
  server.post('/v1/online-features', { schema: ONLINE_FEATURES_SCHEMA }, async (request, reply) => {
    const { at, ...named } = request.body as OnlineFeaturesBody;
    const document = await reader.read({ ...named, ...(at !== undefined && { at: requireInstant(at, 'at') }) });
    void reply.header('content-type', 'application/json; charset=utf-8');
    return toJsonText(document);
  });
}
