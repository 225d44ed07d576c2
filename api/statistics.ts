/** `GET /v1/stats/{view}`: statistics of the features of a view over a window of its rows. */
import type { FastifyInstance } from 'fastify';
import type { ActiveWork } from '../catalog/catalog.ts';
import { withLakeWork } from '../lake/lake-work.ts';
import type { DefinitionSource } from '../library/applied-definitions.ts';
import { requirePlannedView } from '../offline/statistics/planned-view.ts';
import { describeView, type StatisticsDependencies } from '../offline/statistics/view-statistics.ts';
import type { WindowRequest } from '../offline/statistics/window.ts';
import type { ServingWork } from './serving-limits.ts';

const NUMBER = { type: ['number', 'null'] } as const;
const SCALAR = { type: ['string', 'number', 'boolean', 'null'] } as const;

const STATISTICS_SCHEMA = {
  summary: 'Statistics of the features of a view',
  description: 'Over a window of its rows in the lake, as `asof stats` prints them.',
  params: { type: 'object', required: ['view'], properties: { view: { type: 'string' } } },
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      window: { type: 'string', description: 'a duration such as 24h, or all', default: '24h' },
      to: { type: 'string', description: 'its end, exclusive, ISO 8601; default: now, or the newest row' },
    },
  },
  answers: {
    200: {
      description: 'statistics by feature',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['view', 'version', 'snapshot', 'fit', 'from', 'to', 'sampleSize', 'features'],
            properties: {
              ...{ view: { type: 'string' }, version: { type: 'string' }, snapshot: { type: 'integer' } },
              ...{ fit: { type: ['integer', 'null'] }, from: { type: ['string', 'null'] }, to: { type: 'string' } },
              sampleSize: { type: 'integer' },
              features: {
                type: 'array',
                items: {
                  type: 'object',
                  required: ['feature', 'type', 'sampleSize', 'nulls', 'nullShare', 'mean', 'std', 'min', 'max'],
                  properties: {
                    ...{ feature: { type: 'string' }, type: { type: 'string' }, sampleSize: { type: 'integer' } },
                    ...{ nulls: { type: 'integer' }, nullShare: NUMBER, nan: { type: 'integer' } },
                    ...{ infinite: { type: 'integer' }, mean: NUMBER, std: NUMBER, min: SCALAR, max: SCALAR },
                    distinct: NUMBER,
                    quantiles: { type: ['object', 'null'], additionalProperties: { type: 'number' } },
                    top: { type: ['array', 'null'], items: { type: 'object' } },
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

export function serveStatistics(
  server: FastifyInstance,
  dependencies: Omit<StatisticsDependencies, 'runtime'> & { readonly project: string; readonly work: ActiveWork },
  definitions: DefinitionSource,
  { frames }: Pick<ServingWork, 'frames'>,
): void {
  const options = { schema: STATISTICS_SCHEMA, onRequest: async () => frames.requireRoom() };
  server.get('/v1/stats/:view', options, async (request) => {
    const { view } = request.params as { readonly view: string };
    const { project, work } = dependencies;
    const { plan, runtime } = await definitions.current();
    const planned = requirePlannedView(plan({ features: [view] }), view);
    const window = request.query as WindowRequest;
    return frames.run(() =>
      withLakeWork(work, project, () => describeView({ ...dependencies, runtime }, { project, planned, window })),
    );
  });
}
