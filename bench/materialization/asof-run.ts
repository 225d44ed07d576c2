/** Asof's own run: the steps of the activity, in this process. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { openCatalog } from '../../catalog/postgres.ts';
import type { Settings } from '../../contracts/config.ts';
import { clockNow } from '../../contracts/time.ts';
import { loadDefinitions } from '../../definitions/loading.ts';
import { resolveFeatures } from '../../definitions/resolution.ts';
import { openEngine } from '../../engine/duckdb.ts';
import { openLake } from '../../lake/open.ts';
import { materializeView } from '../../online/materialization.ts';
import { readOnlineVectors } from '../../online/online-reads.ts';
import { createRecordedPositions } from '../../online/recorded-positions.ts';
import { openRedisClient } from '../../online/redis-client.ts';

export interface AsofRun {
  materialize(): Promise<void>;
  /** The first value of each key. */
  read(keys: readonly number[]): Promise<readonly number[]>;
  close(): Promise<void>;
}

export async function openAsofRun(settings: Settings): Promise<AsofRun> {
  const { manifest, runtime } = await loadDefinitions(settings);
  const { project } = manifest;
  const lake = await openLake(settings);
  const catalog = await openCatalog({ url: settings.catalogUrl ?? '', poolSize: 2 });
  const redis = openRedisClient({ url: settings.redisUrl ?? '', readDeadlineMillis: 2000 });
  const tempDirectory = path.join(settings.stateDirectory, 'spill');
  const engine = await openEngine({ ...settings.engine, tempDirectory, allowedDirectories: lake.directories });
  return {
    async materialize() {
      const stores = { catalog, lake, engine, redis };
      await materializeView(stores, { manifest, runtime, view: 'reading', to: clockNow(), runId: randomUUID() });
    },
    async read(keys) {
      const plan = resolveFeatures(manifest, { features: ['reading:f0'] });
      const { features } = await readOnlineVectors(
        { project, redis, positions: createRecordedPositions(catalog.intervals), lake: null },
        { plan, runtime, entities: { key: keys.map(BigInt) }, at: clockNow() },
      );
      return features[0]!.cells.map(({ value }) => Number(value ?? Number.NaN));
    },
    async close() {
      await engine.close();
      await redis.close();
      await catalog.close();
    },
  };
}
