/** `POST /v1/search-similar`: the entities whose embedding is most like a vector. */
import type { FastifyInstance } from 'fastify';
import { AsofError } from '../contracts/errors.ts';
import { formatInstant, requireInstant } from '../contracts/time.ts';
import type { DefinitionSource } from '../library/applied-definitions.ts';
import type { LakeReaderDependencies } from '../online/lake-reader.ts';
import { findSimilar } from '../online/similar-vectors.ts';
import { formatJsonValue } from '../online/value-json.ts';
import { DEADLINE_HEADERS, readInTurn, type ServingWork } from './serving-limits.ts';

interface SearchBody {
  readonly feature: string;
  readonly vector: readonly number[];
  readonly k?: number;
  readonly at?: string;
}

const DEFAULT_K = 10;
const MOST_K = 1000;

const SEARCH_SCHEMA = {
  summary: 'Find the entities with the most similar embeddings',
  description: 'Exact cosine similarity with the newest value of every key, over the lake.',
  headers: DEADLINE_HEADERS,
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['feature', 'vector'],
    properties: {
      feature: { type: 'string', description: '`view:feature`, an embedding' },
      vector: { type: 'array', items: { type: 'number' }, minItems: 1, maxItems: 65_536 },
      k: { type: 'integer', minimum: 1, maximum: MOST_K, default: DEFAULT_K, description: 'the most answers' },
      at: { type: 'string', description: 'ISO 8601; default: now' },
    },
  },
  answers: {
    200: {
      description: 'the most similar first; of equal ones by key',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['feature', 'version', 'metric', 'at', 'position', 'results'],
            properties: {
              feature: { type: 'string' },
              version: { type: 'string' },
              metric: { type: 'string', enum: ['cosine'] },
              at: { type: 'string' },
              position: { type: 'object' },
              results: {
                type: 'array',
                items: {
                  type: 'object',
                  required: ['entity', 'similarity', 'event_timestamp'],
                  properties: {
                    entity: { type: 'object', description: 'key column to key' },
                    similarity: { type: 'number', description: 'from -1 to 1' },
                    event_timestamp: { type: 'string' },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
} as const;

export function serveSearchSimilar(
  server: FastifyInstance,
  dependencies: LakeReaderDependencies,
  definitions: DefinitionSource,
  { lake }: Pick<ServingWork, 'lake'>,
): void {
  const options = { schema: SEARCH_SCHEMA, onRequest: async () => lake.requireRoom() };
  server.post('/v1/search-similar', options, async (request) => {
    const { feature, vector, k = DEFAULT_K, at } = request.body as SearchBody;
    const compiled = await definitions.current();
    const { views, derived } = compiled.plan({ features: [feature] });
    const [view] = views;
    if (view === undefined || derived.length > 0) {
      const problem = `name one feature that is an embedding of an as-of view; ${feature} is computed at each read`;
      throw new AsofError('INVALID_VALUE', { where: 'feature', problem });
    }
    const instant = at === undefined ? {} : { at: requireInstant(at, 'at') };
    const { entities, position } = await readInTurn(lake, request.headers, ({ deadline }) =>
      findSimilar(dependencies, {
        view,
        vector: vector.map(Number),
        k,
        ...instant,
        runtime: compiled.runtime,
        deadline,
      }),
    );
    return {
      feature: `${view.view.name}:${view.features[0]!.name}`,
      version: view.view.fingerprint,
      metric: 'cosine',
      at: formatInstant(position.to),
      position: { snapshot: position.snapshot, to: formatInstant(position.to) },
      results: entities.map(({ key, similarity, eventTimestamp }) => ({
        entity: Object.fromEntries(view.view.keys.map(({ name }, index) => [name, formatJsonValue(key[index]!)])),
        similarity,
        event_timestamp: formatInstant(eventTimestamp),
      })),
    };
  });
}
