/** The HTTP API of one project. */
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import path from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { openCatalog } from '../catalog/postgres.ts';
import type { Settings } from '../contracts/config.ts';
import { VERSION } from '../contracts/version.ts';
import { openEngine } from '../engine/duckdb.ts';
import { openLake } from '../lake/open.ts';
import { openDefinitions } from '../library/applied-definitions.ts';
import { openFeatureReader } from '../library/feature-reader.ts';
import { openPushes } from '../library/pushes.ts';
import { openRedisClient } from '../online/redis-client.ts';
import { createServedSampler, SAMPLER_LIMITS, type SamplerLimits } from '../online/served-sampler.ts';
import { createPayloadCodec } from '../security/payload-codec.ts';
import { serveDatasets } from './datasets.ts';
import { serveFeastFeatures } from './feast-features.ts';
import { serveFeastPushes } from './feast-push.ts';
import { serveHealth } from './health.ts';
import { serveHistorical } from './historical.ts';
import { parseBodiesWithoutLoss } from './lossless-body.ts';
import { serveOnlineFeatures } from './online-features.ts';
import { serveOpenApi } from './openapi.ts';
import { answerProblems } from './problem.ts';
import { servePayloadCodec } from './payload-codec.ts';
import { servePush } from './push.ts';
import { serveMetrics } from './metrics.ts';
import { serveSearchSimilar } from './search-similar.ts';
import { serveRunControl } from './run-control.ts';
import { EVENT_LIMITS, serveRunEvents, type EventLimits } from './run-events.ts';
import { serveRunStarts } from './run-starts.ts';
import { serveRuns } from './runs.ts';
import { serveStatistics } from './statistics.ts';
import { serveStreams } from './streams.ts';
import { openServingWork, SERVING_LIMITS, type ServingLimits } from './serving-limits.ts';
import { openTemporal } from './temporal.ts';

/** A server that answers on whatever connections it gets. */
export interface OpenServer {
  readonly http: Server;
  /** From now on `/ready` says no; requests are still answered. */
  drain(): void;
  /** Takes no new connections, answers what is under way, for some seconds, then closes the stores. */
  close(): Promise<void>;
}

export interface RunningServer extends Omit<OpenServer, 'http'> {
  readonly url: string;
}

export interface ServerOptions {
  readonly events?: Partial<EventLimits>;
  readonly limits?: Partial<ServingLimits>;
  /** Which of the online reads are kept for a check of their values. */
  readonly sampling?: Partial<SamplerLimits>;
  /** Of several processes behind one port: which this one is. */
  readonly processName?: string | undefined;
}

const BODY_LIMIT_BYTES = 16 * 1024 * 1024;

/** Longer than the idle minute of usual load balancers: a connection is closed by the one that would send the next request. */
const KEEP_ALIVE_MILLIS = 75_000;
/** A request must have arrived whole by then. */
const REQUEST_MILLIS = 60_000;
/** Below the ten seconds after which the development stack kills. */
const GRACE_MILLIS = 8_000;

interface Address {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** Serves until `close`. Every address of the settings must be resolved; port 0 takes a free one. */
export async function startServer(
  settings: Settings,
  { host, port, ...options }: Address & ServerOptions,
): Promise<RunningServer> {
  const { server, drain, close } = await prepareServer(settings, options);
  try {
    const url = await server.listen({ host, port });
    return { url, drain, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Answers, until `close`, on connections that others accept: each is a `connection` event of `http`. */
export async function openServer(settings: Settings, options: ServerOptions): Promise<OpenServer> {
  const { server, drain, close } = await prepareServer(settings, options);
  await server.ready();
  return { http: server.server, drain, close };
}

interface PreparedServer extends Omit<OpenServer, 'http'> {
  readonly server: FastifyInstance;
}

async function prepareServer(
  settings: Settings,
  { events = {}, limits = {}, sampling = {}, processName }: ServerOptions,
): Promise<PreparedServer> {
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
  const work = openServingWork({ ...SERVING_LIMITS, ...limits });
  const aroundLake = work.lake.run.bind(work.lake);
  const sampler = createServedSampler({ project, catalog, redis }, { ...SAMPLER_LIMITS, ...sampling });
  const reader = await openFeatureReader({ project, catalog, redis, lake, engine, aroundLake, sampler });
  const client = openTemporal(settings.temporal);
  const server = createServer();
  const connections = trackConnections(server.server);
  const probes = {
    catalog: async () => (await catalog.definitions.projects()).length >= 0,
    redis: () => redis.ping(),
    temporal: async () => (await client.connection.workflowService.getSystemInfo({})).serverVersion !== '',
  };
  let isDraining = false;
  const drain = (): void => void (isDraining = true);
  // clients leave a connection in good order, before it is closed under them
  server.addHook('onRequest', (_request, reply, done) => {
    if (isDraining) void reply.header('connection', 'close');
    done();
  });
  serveHealth(server, probes, () => isDraining);
  serveOnlineFeatures(server, reader, work);
  serveFeastFeatures(server, reader, work);
  const push = openPushes({ project, catalog, lake, engine, redis, definitions });
  servePush(server, push, work);
  serveFeastPushes(server, push, work);
  const { tables, intervals, work: activeWork } = catalog;
  const offline = { project, tables, intervals, work: activeWork, lake, engine, workDirectory };
  serveSearchSimilar(server, { project, catalog, lake, engine }, definitions, work);
  serveHistorical(server, offline, definitions, work);
  serveStatistics(server, { ...offline, statistics: catalog.statistics }, definitions, work);
  const runs = { project, catalog, client, definitions };
  serveDatasets(server, { ...runs, lake, engine });
  serveRunStarts(server, runs);
  serveRuns(server, runs);
  serveRunControl(server, runs);
  serveStreams(server, runs);
  const streams = serveRunEvents(server, runs, { ...EVENT_LIMITS, ...events });
  const measured = { project, catalog, definitions, engine, probes, streams, work, reader, sampler };
  serveMetrics(server, { ...measured, processName });
  const { payloadKeys, codecOrigins = [] } = settings.temporal;
  if (payloadKeys) servePayloadCodec(server, createPayloadCodec(payloadKeys), codecOrigins);
  const close = async (): Promise<void> => {
    drain();
    await closeInTime(server, connections);
    await sampler.close();
    await reader.close();
    await definitions.close();
    await client.connection.close();
    await engine.close();
    await rm(workDirectory, { recursive: true, force: true });
    await redis.close();
    await catalog.close();
  };
  return { server, drain, close };
}

/** The open ones: Node knows those alone that it accepted itself. */
function trackConnections(server: Server): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return open;
}

/** What is under way ends, for as long as whoever stops the process may be patient; then its connections are cut. */
async function closeInTime(server: FastifyInstance, connections: ReadonlySet<Socket>): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), GRACE_MILLIS);
  try {
    await server.close();
    await Promise.all([...connections].map((socket) => once(socket, 'close')));
  } finally {
    clearTimeout(timer);
  }
}

function createServer(): FastifyInstance {
  const server = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MILLIS,
    requestTimeout: REQUEST_MILLIS,
    // a request on a connection that is still open is answered, and told that it was the last one there
    return503OnClosing: false,
    logger: { level: 'warn', stream: process.stderr },
    // one for each request would cost more than most of what a small read does
    childLoggerFactory: (logger) => logger,
    forceCloseConnections: 'idle',
    // a property that is not known is an error, not dropped in silence
    ajv: { customOptions: { removeAdditional: false } },
  });
  parseBodiesWithoutLoss(server);
  answerProblems(server);
  serveOpenApi(server, VERSION);
  return server;
}
