import type { FastifyInstance } from 'fastify';
import { datasetDocument, requireDataset } from '../activities/dataset-manifest.ts';
import type { Catalog, DatasetManifest } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import { toJsonText } from '../contracts/json-text.ts';
import type { BuildTrainingDatasetInput } from '../contracts/runs.ts';
import { formatInstant } from '../contracts/time.ts';
import type { Engine } from '../engine/engine.ts';
import type { Lake } from '../lake/lake.ts';
import { withLeases } from '../lake/leases.ts';
import { streamDataset } from '../offline/arrow-rows.ts';
import { findPart } from '../offline/dataset-part.ts';
import { ARROW_STREAM, sendStream, wantsArrow } from './arrow-reply.ts';
import type { ObserverDependencies } from './run-observer.ts';
import { answerWithRun, IDEMPOTENCY_HEADERS, STARTED_ANSWER } from './run-starts.ts';

export interface DatasetRouteDependencies extends ObserverDependencies {
  readonly catalog: Pick<Catalog, 'runs' | 'datasets'>;
  readonly lake: Lake;
  readonly engine: Engine;
}

const NAME = { type: 'string', maxLength: 63 } as const;
const VERSION = {
  type: 'object',
  required: ['name', 'version', 'rows', 'createdAt'],
  properties: {
    name: { type: 'string' },
    version: { type: 'integer' },
    rows: { type: 'integer' },
    columns: { type: 'array', items: { type: 'object' } },
    snapshots: { type: 'object' },
    leakage: { type: 'object' },
    createdAt: { type: 'string', format: 'date-time' },
  },
} as const;

const json = (description: string, schema: object) => ({ description, content: { 'application/json': { schema } } });

const LIST_SCHEMA = {
  summary: 'List training datasets',
  answers: {
    200: json('every version', { type: 'object', properties: { datasets: { type: 'array', items: VERSION } } }),
  },
} as const;

const VERSIONS_SCHEMA = {
  summary: 'List the versions of a training dataset',
  params: { type: 'object', properties: { name: NAME } },
  answers: {
    200: json('its versions, the oldest first', {
      type: 'object',
      properties: { name: { type: 'string' }, versions: { type: 'array', items: VERSION } },
    }),
  },
} as const;

const READ_SCHEMA = {
  summary: 'Read a version of a training dataset: its manifest, or its rows as an Arrow stream',
  params: {
    type: 'object',
    properties: { name: NAME, version: { type: 'string', pattern: '^[0-9]{1,9}$', description: 'its number' } },
  },
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: { split: { type: 'string', maxLength: 63, description: 'Arrow: the rows of this part only' } },
  },
  answers: {
    200: {
      description: 'the manifest with its splits; with Accept of an Arrow stream the rows',
      content: {
        'application/json': { schema: VERSION },
        [ARROW_STREAM]: { schema: { type: 'string', format: 'binary' } },
      },
    },
  },
} as const;

const BUILD_SCHEMA = {
  summary: 'Start the build of a training dataset',
  headers: IDEMPOTENCY_HEADERS,
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: {
      project: { type: 'string', description: "this API's project" },
      name: { type: 'string' },
      spine: {
        description: 'an absolute path on the machine of the workers, a query over the sources, or a range of instants',
        oneOf: [
          { type: 'string' },
          {
            type: 'object',
            additionalProperties: false,
            required: ['query'],
            properties: { query: { type: 'string' } },
          },
          {
            type: 'object',
            additionalProperties: false,
            required: ['from', 'to'],
            properties: {
              entities: { type: 'string' },
              from: { type: 'string' },
              to: { type: 'string' },
              every: { type: 'string' },
            },
          },
        ],
      },
      features: { type: 'array', items: { type: 'string' } },
      service: { type: 'string' },
      asKnown: { type: 'boolean' },
      shards: { type: 'integer' },
      seed: { type: 'integer' },
      rebuild: { type: 'string', description: 'name@version to build once more, in place of a spine and features' },
    },
  },
  answers: STARTED_ANSWER,
} as const;

export function serveDatasets(server: FastifyInstance, dependencies: DatasetRouteDependencies): void {
  const { project, catalog, lake, engine } = dependencies;

  server.get('/v1/datasets', { schema: LIST_SCHEMA }, async () => ({
    datasets: (await catalog.datasets.list(project)).map(summarize),
  }));

  server.get('/v1/datasets/:name', { schema: VERSIONS_SCHEMA }, async (request) => {
    const { name } = request.params as { readonly name: string };
    await requireDataset(catalog, project, name);
    const all = await catalog.datasets.list(project);
    return { name, versions: all.filter((one) => one.name === name).map(summarize) };
  });

  server.get('/v1/datasets/:name/:version', { schema: READ_SCHEMA }, async (request, reply) => {
    const { name, version } = request.params as { readonly name: string; readonly version: string };
    const { split } = request.query as { readonly split?: string };
    const dataset = await requireDataset(catalog, project, `${name}@${version}`);
    if (wantsArrow(request)) {
      const part = split === undefined ? undefined : findPart(await catalog.datasets.splits(dataset), dataset, split);
      return sendStream(reply, ARROW_STREAM, streamDataset({ engine, lake }, dataset, part));
    }
    if (split !== undefined) {
      throw new AsofError('USAGE', { problem: `"split" goes with Accept: ${ARROW_STREAM}; the manifest has no rows` });
    }
    const document = await withLeases(() => datasetDocument({ catalog, lake }, dataset));
    return reply.header('content-type', 'application/json; charset=utf-8').send(toJsonText(document));
  });

  server.post('/v1/datasets', { schema: BUILD_SCHEMA }, async (request, reply) => {
    const body = request.body as Omit<BuildTrainingDatasetInput, 'project'>;
    return answerWithRun(
      dependencies,
      { request, reply },
      { workflow: 'buildTrainingDataset', body, target: body.name },
    );
  });
}

/** Without what grows with the number of columns squared or of files. */
function summarize({ statistics: _, files: __, project: ___, createdAt, ...dataset }: DatasetManifest) {
  return { ...dataset, createdAt: formatInstant(createdAt) };
}
