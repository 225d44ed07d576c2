/** The HTTP API of one project. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { openCatalog } from '../catalog/postgres.ts';
import type { Settings } from '../contracts/config.ts';
import { VERSION } from '../contracts/version.ts';
import { openEngine } from '../engine/duckdb.ts';
import { openLake } from '../lake/open.ts';
import { openDefinitions } from '../library/applied-definitions.ts';
import { openFeatureReader } from '../library/feature-reader.ts';
import { openRedisClient } from '../online/redis-client.ts';
import { createPayloadCodec } from '../security/payload-codec.ts';
import { serveDatasets } from './datasets.ts';
import { serveFeastFeatures } from './feast-features.ts';
import { serveHealth } from './health.ts';
import { serveHistorical } from './historical.ts';
import { parseBodiesWithoutLoss } from './lossless-body.ts';
import { serveOnlineFeatures } from './online-features.ts';
import { serveOpenApi } from './openapi.ts';
import { answerProblems } from './problem.ts';
import { servePayloadCodec } from './payload-codec.ts';
import { serveMetrics } from './metrics.ts';
import { serveRunControl } from './run-control.ts';
import { EVENT_LIMITS, serveRunEvents, type EventLimits } from './run-events.ts';
import { serveRunStarts } from './run-starts.ts';
import { serveRuns } from './runs.ts';
import { openTemporal } from './temporal.ts';

export interface RunningServer {
  readonly url: string;
  /** Answers what is under way, then closes the stores. */
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly events?: Partial<EventLimits>;
}

const BODY_LIMIT_BYTES = 16 * 1024 * 1024;

/** Serves until `close`. Every address of the settings must be resolved; port 0 takes a free one. */
export async function startServer(
  settings: Settings,
  { host, port, events = {} }: ServerOptions,
): Promise<RunningServer> {
  const catalog = await openCatalog({ url: settings.catalogUrl ?? '' });
  const redis = openRedisClient({ url: settings.redisUrl ?? '' });
  const lake = await openLake(settings);
  const workDirectory = path.join(settings.stateDirectory, 'work', `api-${process.pid}`);
  await mkdir(workDirectory, { recursive: true });
  const engine = await openEngine({
    ...settings.engine,
    tempDirectory: path.join(settings.stateDirectory, 'spill', `api-${process.pid}`),
    allowedDirectories: [...lake.directories, workDirectory],
  });
  const { project } = settings;
  const definitions = await openDefinitions(catalog, project);
  const reader = await openFeatureReader({ project, catalog, redis, lake, engine });
  const client = openTemporal(settings.temporal);
  const server = createServer();
  const probes = {
    catalog: async () => (await catalog.definitions.projects()).length >= 0,
    redis: () => redis.ping(),
    temporal: async () => (await client.connection.workflowService.getSystemInfo({})).serverVersion !== '',
  };
  serveHealth(server, probes);
  serveOnlineFeatures(server, reader);
  serveFeastFeatures(server, reader);
  const { tables, intervals, work } = catalog;
  serveHistorical(server, { project, tables, intervals, work, lake, engine, workDirectory }, definitions);
  const runs = { project, catalog, client, definitions };
  serveDatasets(server, { ...runs, lake, engine });
  serveRunStarts(server, runs);
  serveRuns(server, runs);
  serveRunControl(server, runs);
  const streams = serveRunEvents(server, runs, { ...EVENT_LIMITS, ...events });
  serveMetrics(server, { project, catalog, definitions, engine, probes, streams });
  const { payloadKeys, codecOrigins = [] } = settings.temporal;
  if (payloadKeys) servePayloadCodec(server, createPayloadCodec(payloadKeys), codecOrigins);
  const close = async (): Promise<void> => {
    await server.close();
    await reader.close();
    await definitions.close();
    await client.connection.close();
    await engine.close();
    await rm(workDirectory, { recursive: true, force: true });
    await redis.close();
    await catalog.close();
  };
  try {
    const url = await server.listen({ host, port });
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function createServer(): FastifyInstance {
  const server = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    logger: { level: 'warn', stream: process.stderr },
    forceCloseConnections: 'idle',
    // a property that is not known is an error, not dropped in silence
    ajv: { customOptions: { removeAdditional: false } },
  });
  parseBodiesWithoutLoss(server);
  answerProblems(server);
  serveOpenApi(server, VERSION);
  return server;
}
