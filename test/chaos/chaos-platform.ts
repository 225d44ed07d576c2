/** The stores of one chaos run, the proxies through which its workers reach them, and the workers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { AppliedDefinitions, Catalog } from '../../catalog/catalog.ts';
import { openCatalog } from '../../catalog/postgres.ts';
import type { Settings } from '../../contracts/config.ts';
import { loadDefinitions } from '../../definitions/loading.ts';
import type { Engine } from '../../engine/engine.ts';
import { openEngine } from '../../engine/duckdb.ts';
import type { Lake } from '../../lake/lake.ts';
import { openLake } from '../../lake/open.ts';
import { openRedisClient, type RedisClient } from '../../online/redis-client.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { settingsFor } from '../support/settings.ts';
import { createDatabase, createNamespace, temporaryDirectory, testStack, uniqueName } from '../support/stack.ts';
import { openChaosLake, type LakeKind } from './chaos-lake.ts';
import { startChaosRedis, type ChaosRedis } from './chaos-redis.ts';
import { DEFINITIONS } from './definitions.ts';
import type { SmallDisk } from './small-disk.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { startCrew, type WorkerCrew } from './worker-crew.ts';

export interface ChaosPlatform {
  readonly project: string;
  /** The project directory: `inputs`, `spines`, `work` and `logs` stand in it. */
  readonly directory: string;
  /** Past the proxies: what the run itself uses must not fail. */
  readonly settings: Settings & { readonly catalogUrl: string };
  readonly applied: AppliedDefinitions;
  readonly catalog: Catalog;
  readonly lake: Lake;
  readonly engine: Engine;
  readonly redis: RedisClient;
  readonly client: Client;
  readonly proxies: { readonly catalog: TcpProxy; readonly redis: TcpProxy; readonly temporal: TcpProxy };
  /** In front of the lake; null for a lake on a disk. */
  readonly lakeProxy: FaultProxy | null;
  /** What the lake stands on; null for one on S3, or where no disk can be mounted. */
  readonly lakeDisk: SmallDisk | null;
  /** Past the proxy. */
  readonly redisServer: ChaosRedis;
  readonly crew: WorkerCrew;
  close(): Promise<void>;
}

export interface PlatformOptions {
  /** @default 'disk' */
  readonly lakeKind?: LakeKind;
  /** The text of the definitions file. */
  readonly definitions?: string;
  /** Of the workers, beside the addresses. */
  readonly environment?: Readonly<Record<string, string>>;
}

export async function openChaosPlatform(options: PlatformOptions = {}): Promise<ChaosPlatform> {
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.reverse()) await closer();
  };
  const keep = <T>(thing: T, closer: (thing: T) => unknown): T => {
    closers.push(() => closer(thing));
    return thing;
  };
  try {
    return await open(options, keep, close);
  } catch (error) {
    await close();
    throw error;
  }
}

type Keep = <T>(thing: T, closer: (thing: T) => unknown) => T;

async function open(options: PlatformOptions, keep: Keep, close: () => Promise<void>): Promise<ChaosPlatform> {
  const { path: directory } = keep(temporaryDirectory('asof-chaos-'), (one) => one.remove());
  for (const name of ['inputs', 'spines', 'work', 'logs']) mkdirSync(path.join(directory, name));
  const database = keep(await createDatabase(), (one) => one.drop());
  const { temporalAddress } = testStack();
  const redisServer = keep(await startChaosRedis(), (one) => one.close());
  const redisUrl = redisServer.url;
  const namespace = await createNamespace();
  const project = uniqueName('chaos');
  const definitions = path.join(directory, 'features.ts');
  writeFileSync(definitions, options.definitions ?? DEFINITIONS);
  const config = `import { defineConfig } from 'asof';
export default defineConfig({ project: '${project}', definitions: 'features.ts' });\n`;
  writeFileSync(path.join(directory, 'asof.config.ts'), config);
  const chaosLake = keep(await openChaosLake(options.lakeKind ?? 'disk', directory), (one) => one.close());
  const settings = {
    ...settingsFor(directory, { project, definitions: [definitions], redisUrl, ...chaosLake.settings }),
    catalogUrl: database.url,
    temporal: { address: temporalAddress, namespace },
  };

  const catalog = keep(await openCatalog({ url: database.url, poolSize: 3 }), (one) => one.close());
  const applied = await catalog.definitions.apply({ project, base: 0, ...(await loadDefinitions(settings)) });
  const lake = await openLake(settings);
  const engine = keep(
    await openEngine({
      memoryLimit: '500MB',
      threads: 1,
      tempDirectory: path.join(directory, 'spill'),
      allowedDirectories: [...lake.directories, path.join(directory, 'work')],
    }),
    (one) => one.close(),
  );
  const redis = keep(openRedisClient({ url: redisUrl, readDeadlineMillis: 5000 }), (one) => one.close());
  const connection = keep(await Connection.connect({ address: temporalAddress }), (one) => one.close());

  const proxied = async (url: string): Promise<{ readonly proxy: TcpProxy; readonly url: string }> => {
    const address = new URL(url);
    const proxy = keep(await startTcpProxy(address.host), (one) => one.close());
    address.host = proxy.address;
    return { proxy, url: address.href };
  };
  const toCatalog = await proxied(database.url);
  const toRedis = await proxied(redisUrl);
  const temporal = keep(await startTcpProxy(temporalAddress), (one) => one.close());
  const environment = {
    ...options.environment,
    ...chaosLake.environment,
    ASOF_CATALOG_URL: toCatalog.url,
    REDIS_URL: toRedis.url,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: namespace,
  };
  const crew = keep(await startCrew({ directory, environment }), (one) => one.close());
  return {
    project,
    directory,
    settings,
    applied,
    catalog,
    lake,
    engine,
    redis,
    client: new Client({ connection, namespace }),
    proxies: { catalog: toCatalog.proxy, redis: toRedis.proxy, temporal },
    lakeProxy: chaosLake.proxy,
    lakeDisk: chaosLake.disk,
    redisServer,
    crew,
    close,
  };
}
