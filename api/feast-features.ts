/** `POST /get-online-features`: the protocol of Feast's feature server, for clients whose online store is `remote`. */
import type { FastifyInstance } from 'fastify';
import type { FeatureReader } from '../library/feature-reader.ts';
import type { RequestColumns } from '../online/read-request.ts';
import { writeFeastDocument } from './feast-document.ts';
import { parseUnnamedBodies } from './lossless-body.ts';
import { DEADLINE_HEADERS, readInTurn, type ServingWork } from './serving-limits.ts';

interface FeastFeaturesBody {
  readonly feature_service?: string | null;
  readonly features?: readonly string[] | null;
  readonly entities: RequestColumns;
  readonly full_feature_names?: boolean;
}

const FEAST_FEATURES_SCHEMA = {
  summary: "Read online features by Feast's protocol",
  description:
    'For a Feast client with `online_store: { type: remote }`. Older ones send a body without a content type.',
  headers: DEADLINE_HEADERS,
  body: {
    type: 'object',
    required: ['entities'],
    properties: {
      feature_service: { type: ['string', 'null'], description: 'a feature service; this or `features`' },
      features: { type: ['array', 'null'], items: { type: 'string' }, description: '`view:feature`' },
      entities: {
        type: 'object',
        description: 'key or request column to one value for each entity',
        additionalProperties: { type: 'array', items: {} },
      },
      full_feature_names: { type: 'boolean', description: 'names as `view__feature`; default: without the view' },
    },
  },
} as const;

export function serveFeastFeatures(
  server: FastifyInstance,
  reader: FeatureReader,
  { online }: Pick<ServingWork, 'online'>,
): void {
  const options = { schema: FEAST_FEATURES_SCHEMA, onRequest: async () => online.requireRoom() };
  void server.register(async (scope) => {
    parseUnnamedBodies(scope);
    scope.post('/get-online-features', options, async (request, reply) => {
      const { features, feature_service, entities, full_feature_names = false } = request.body as FeastFeaturesBody;
      const named = { ...(features && { features }), ...(feature_service && { service: feature_service }) };
      const columns = splitColumns(entities, await reader.requestColumns(named));
      const vectors = await readInTurn(online, request.headers, (timing) =>
        reader.readVectors({ ...named, ...columns, ...timing }),
      );
      void reply.header('content-type', 'application/json; charset=utf-8');
      return writeFeastDocument(vectors, full_feature_names);
    });
  });
}

/** Feast sends what on-demand views take from the request among the entities. */
function splitColumns(
  columns: RequestColumns,
  ofRequest: ReadonlySet<string>,
): { readonly entities: RequestColumns; readonly request: RequestColumns } {
  const entries = Object.entries(columns);
  return {
    entities: Object.fromEntries(entries.filter(([name]) => !ofRequest.has(name))),
    request: Object.fromEntries(entries.filter(([name]) => ofRequest.has(name))),
  };
}
