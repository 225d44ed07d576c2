import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { createBackfillActivities } from '../activities/backfill-activities.ts';
import { createBackfillPlanActivities } from '../activities/backfill-plan-activities.ts';
import { createConsistencyActivities } from '../activities/consistency-activities.ts';
import { createDatasetActivities } from '../activities/dataset-activities.ts';
import { createDefinitionCache } from '../activities/definition-cache.ts';
import type { ComputeDependencies, StreamDependencies } from '../activities/dependencies.ts';
import { createFreshnessActivities } from '../activities/freshness-activities.ts';
import { createIngestionActivities } from '../activities/ingestion-activities.ts';
import { createMaintenanceActivities } from '../activities/maintenance-activities.ts';
import { createMaintenancePlanActivities } from '../activities/maintenance-plan-activities.ts';
import { createMaterializationActivities } from '../activities/materialization-activities.ts';
import { createMaterializationPlanActivities } from '../activities/materialization-plan-activities.ts';
import { createConsumerActivities } from '../activities/consumer-activities.ts';
import { createRunActivities } from '../activities/run-activities.ts';
import { createStreamHoldActivities } from '../activities/stream-hold-activities.ts';
import { createStreamPlanActivities } from '../activities/stream-plan-activities.ts';
import { openCatalog } from '../catalog/postgres.ts';
import type { Settings } from '../contracts/config.ts';
import type { Lake } from '../lake/lake.ts';
import { openLake } from '../lake/open.ts';
import { openSparkSetup } from '../offline/spark/setup.ts';
import { openRedisClient } from '../online/redis-client.ts';
import { openTopicClient, openTopicFollower } from '../streaming/kafka-client.ts';
import { createEnginePool } from './engine-pool.ts';
import { requireAddress } from './required-address.ts';
import { CONSUMER_SLOTS, ENGINE_SLOTS } from './worker-kind.ts';

export interface ActivitySet {
  readonly activities: object;
  /** Closes the stores behind them. */
  readonly close: () => Promise<void>;
}

/** Opens the stores of one kind of worker and makes its activities. */
export function openActivities(kind: 'compute' | 'serving', settings: Settings): Promise<ActivitySet> {
  return kind === 'compute' ? openComputeActivities(settings) : openServingActivities(settings);
}

/** Short work on the catalog, and consumers of topics, which write Redis. */
async function openServingActivities(settings: Settings): Promise<ActivitySet> {
  const redisUrl = requireAddress(settings.redisUrl, 'REDIS_URL');
  const catalog = await openCatalog({ url: requireAddress(settings.catalogUrl, 'ASOF_CATALOG_URL') });
  const definitions = createDefinitionCache(catalog);
  const redis = openRedisClient({ url: redisUrl });
  const { kafkaBrokers: brokers } = settings;
  const topics = brokers === null ? undefined : openTopicClient({ brokers });
  const engines = createEnginePool(CONSUMER_SLOTS, {
    ...settings.engine,
    tempDirectory: path.join(settings.stateDirectory, 'spill'),
  });
  const streams: StreamDependencies = {
    ...{ catalog, definitions, redis, topics },
    openFollower: brokers === null ? undefined : () => openTopicFollower({ brokers }),
    withEngine: (work) => engines.withEngine([], work),
  };
  return {
    activities: {
      ...createRunActivities({ catalog }),
      ...createBackfillPlanActivities({ catalog, definitions }),
      ...createMaterializationPlanActivities({ definitions }),
      ...createFreshnessActivities({ catalog, definitions }),
      ...createMaintenancePlanActivities({ catalog, definitions }),
      ...createStreamPlanActivities(streams),
      ...createConsumerActivities(streams),
      ...createStreamHoldActivities(streams),
    },
    async close() {
      await engines.close();
      await topics?.close();
      await redis.close();
      await catalog.close();
    },
  };
}

/** Work on data, with the engine; materialization writes Redis from here. */
async function openComputeActivities(settings: Settings): Promise<ActivitySet> {
  const redisUrl = requireAddress(settings.redisUrl, 'REDIS_URL');
  const catalog = await openCatalog({ url: requireAddress(settings.catalogUrl, 'ASOF_CATALOG_URL') });
  const redis = openRedisClient({ url: redisUrl });
  const topics = settings.kafkaBrokers === null ? undefined : openTopicClient({ brokers: settings.kafkaBrokers });
  const workDirectory = path.join(settings.stateDirectory, 'work');
  await mkdir(workDirectory, { recursive: true });
  const engines = createEnginePool(ENGINE_SLOTS, {
    ...settings.engine,
    tempDirectory: path.join(settings.stateDirectory, 'spill'),
  });
  const dependencies: ComputeDependencies = {
    catalog,
    definitions: createDefinitionCache(catalog),
    lakeOf: openLakes(settings),
    spark: openSparkSetup(settings),
    topics,
    withEngine: (lake, directories, work) => engines.withEngine([...lake.directories, ...directories], work),
  };
  return {
    activities: {
      ...createIngestionActivities(dependencies),
      ...createBackfillActivities(dependencies),
      ...createMaterializationActivities({ ...dependencies, redis }),
      ...createMaintenanceActivities({ ...dependencies, redis }),
      ...createDatasetActivities({ ...dependencies, workDirectory }),
      ...createConsistencyActivities(dependencies),
    },
    async close() {
      await engines.close();
      await topics?.close();
      await redis.close();
      await catalog.close();
    },
  };
}

/** One lake object for each project, opened at its first use. */
function openLakes(settings: Settings): (project: string) => Promise<Lake> {
  const lakes = new Map<string, Promise<Lake>>();
  return (project) => {
    const held = lakes.get(project);
    if (held) return held;
    const opening = openLake({ ...settings, project });
    lakes.set(project, opening);
    opening.catch(() => lakes.delete(project));
    return opening;
  };
}
