/** The HTTP API of one project. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import Fastify, { type FastifyInstance } from 'fastify';
import { openCatalog } from '../catalog/postgres.ts';
import type { Settings } from '../contracts/config.ts';
import { VERSION } from '../contracts/version.ts';
import { openEngine } from '../engine/duckdb.ts';
import { openLake } from '../lake/open.ts';
import { openDefinitions } from '../library/applied-definitions.ts';
import { openFeatureReader } from '../library/feature-reader.ts';
import { openRedisClient } from '../online/redis-client.ts';
import { serveDatasets } from './datasets.ts';
import { serveHealth } from './health.ts';
import { serveHistorical } from './historical.ts';
import { parseBodiesWithoutLoss } from './lossless-body.ts';
import { serveOnlineFeatures } from './online-features.ts';
import { serveOpenApi } from './openapi.ts';
import { answerProblems } from './problem.ts';
import { serveRuns } from './runs.ts';

export interface RunningServer {
  readonly url: string;
  /** Answers what is under way, then closes the stores. */
  close(): Promise<void>;
}

const BODY_LIMIT_BYTES = 16 * 1024 * 1024;

/** Serves until `close`. Every address of the settings must be resolved; port 0 takes a free one. */
export async function startServer(
  settings: Settings,
  { host, port }: { readonly host: string; readonly port: number },
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
  const temporal = Connection.lazy({ address: settings.temporal.address ?? '' });
  const client = new Client({ connection: temporal, namespace: settings.temporal.namespace });
  const server = createServer();
  serveHealth(server, {
    catalog: async () => (await catalog.definitions.projects()).length >= 0,
    redis: () => redis.ping(),
    temporal: async () => (await temporal.workflowService.getSystemInfo({})).serverVersion !== '',
  });
  serveOnlineFeatures(server, reader);
  const { tables, intervals, work } = catalog;
  serveHistorical(server, { project, tables, intervals, work, lake, engine, workDirectory }, definitions);
  serveDatasets(server, { project, catalog, client, lake, engine });
  serveRuns(server, { project, catalog, client });
  const close = async (): Promise<void> => {
    await server.close();
    await reader.close();
    await definitions.close();
    await temporal.close();
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
