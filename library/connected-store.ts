/** A store with its components at hand: catalog, lake, engine and Redis. */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { openCatalog } from '../catalog/postgres.ts';
import type { Settings } from '../contracts/config.ts';
import { loadSettings, settingsOf } from '../definitions/loading.ts';
import { openEngine } from '../engine/duckdb.ts';
import { withLakeWork } from '../lake/lake-work.ts';
import { openLake } from '../lake/open.ts';
import { openSparkSetup } from '../offline/spark/setup.ts';
import { createLakeReader } from '../online/lake-reader.ts';
import { createWriteBack } from '../online/write-back.ts';
import { createRecordedPositions } from '../online/recorded-positions.ts';
import { openRedisClient } from '../online/redis-client.ts';
import { acquireComponents } from '../stack/with-components.ts';
import { openDefinitions } from './applied-definitions.ts';
import { viewName } from './choice.ts';
import { fitView } from './fitting.ts';
import { readHistory } from './history.ts';
import { materializeViews } from './materializations.ts';
import { createOnlineFollowers } from './online-followers.ts';
import type { StoreConfig } from './open-store.ts';
import { put } from './puts.ts';
import { register } from './registration.ts';
import { Resources } from './resources.ts';
import type { Store } from './store.ts';
import { createServingDefinitions } from './serving-definitions.ts';
import { readVectors } from './vectors.ts';

export async function connectStore(config: StoreConfig | string): Promise<Store> {
  const settings = await readSettings(config);
  const resources = new Resources();
  try {
    return await connect(settings, resources);
  } catch (error) {
    await resources.release();
    throw error;
  }
}

async function readSettings(config: StoreConfig | string): Promise<Settings> {
  if (typeof config === 'string') return loadSettings({ directory: config });
  const { directory = '.', ...rest } = config;
  return settingsOf(rest, directory);
}

async function connect(given: Settings, resources: Resources): Promise<Store> {
  const { settings, release } = await acquireComponents(given, ['catalog', 'redis']);
  resources.add(release);
  const { project } = settings;
  const catalog = await openCatalog({ url: settings.catalogUrl ?? '' });
  resources.add(() => catalog.close());
  const lake = await openLake(settings);
  const workDirectory = path.join(settings.stateDirectory, 'work', `library-${randomUUID()}`);
  await mkdir(workDirectory, { recursive: true });
  resources.add(() => rm(workDirectory, { recursive: true, force: true }));
  const engine = await openEngine({
    ...settings.engine,
    tempDirectory: path.join(workDirectory, 'spill'),
    allowedDirectories: [...lake.directories, workDirectory],
  });
  resources.add(() => engine.close());
  const redis = openRedisClient({ url: settings.redisUrl ?? '' });
  resources.add(() => redis.close());
  const definitions = await openDefinitions(catalog, project);
  resources.add(() => definitions.close());

  const stores = { project, catalog, lake, engine, redis };
  const followers = createOnlineFollowers({ ...stores, runtime: async () => (await definitions.current()).runtime });
  const positions = createRecordedPositions(catalog.intervals);
  const writeBack = createWriteBack(stores);
  resources.add(() => writeBack.close());
  const online = { ...stores, positions, lake: createLakeReader(stores), writeBack };
  const serving = createServingDefinitions({ project, catalog, redis, positions, definitions });
  const { tables, intervals } = catalog;
  const offline = { project, tables, intervals, lake, engine, workDirectory, spark: openSparkSetup(settings) };
  const manifest = async () => (await definitions.current()).applied.manifest;

  const onLake = <T>(work: () => Promise<T>): Promise<T> => withLakeWork(catalog.work, project, work);

  return {
    project,
    async registerFeature(...given) {
      const registration = await register(catalog, settings, given);
      definitions.forget();
      return registration;
    },
    putFeatures: async (view, rows, options) =>
      onLake(async () => put({ ...stores, followers }, await manifest(), { ...options, target: viewName(view), rows })),
    // what the rows hold follows from the definitions: the compiler knows it, and nothing here can
    getFeatures: (async (request: Parameters<typeof readVectors>[2]) =>
      readVectors(online, serving, request)) as Store['getFeatures'],
    getHistoricalFeatures: (async (request: Parameters<typeof readHistory>[2]) =>
      onLake(async () => readHistory(offline, await definitions.current(), request))) as Store['getHistoricalFeatures'],
    materialize: async (views, options) =>
      onLake(async () => materializeViews(followers, await manifest(), views?.map(viewName), options?.to)),
    fit: async (view, options) =>
      onLake(async () => {
        const { applied, runtime } = await definitions.current();
        const dependencies = { catalog, lake, engine, intervals, runtime };
        const fitted = await fitView(dependencies, applied.manifest, viewName(view), options);
        definitions.forget();
        return fitted;
      }),
    close: () => resources.release(),
  };
}
