/** The catalog on PostgreSQL 14 or newer. */
import type { Catalog } from './catalog.ts';
import { activeWork } from './active-work.ts';
import { consistencyLog } from './consistency.ts';
import { openDatabase } from './database.ts';
import { datasetCatalog } from './datasets.ts';
import { definitionCatalog } from './definitions.ts';
import { fitCatalog } from './fits.ts';
import { freshnessLog } from './freshness.ts';
import { intervalLedger } from './intervals.ts';
import { migrateCatalog } from './migrate.ts';
import { runCatalog } from './runs.ts';
import { statisticsLog } from './statistics.ts';
import { tableCatalog } from './tables.ts';
import { definitionWatch } from './watch.ts';

const DEFAULT_POOL_SIZE = 8;

/**
 * Connects to `postgres://…`, and creates or updates the catalog's tables in its schema `asof`.
 * Throws `CATALOG_UNAVAILABLE`, `COMPONENT_MISSING` (credentials or database are wrong) or `CATALOG_VERSION`; every
 * method of the catalog may throw the first.
 */
export async function openCatalog(options: {
  readonly url: string;
  /** Connections at most. Default 8. */
  readonly poolSize?: number;
}): Promise<Catalog> {
  const database = openDatabase({ url: options.url, poolSize: options.poolSize ?? DEFAULT_POOL_SIZE });
  try {
    await migrateCatalog(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  const watches = definitionWatch(database);
  const { work, stopAll: endWork } = activeWork(database);
  return {
    definitions: definitionCatalog(database, watches.watch),
    tables: tableCatalog(database),
    intervals: intervalLedger(database),
    datasets: datasetCatalog(database),
    fits: fitCatalog(database),
    runs: runCatalog(database),
    work,
    freshness: freshnessLog(database),
    consistency: consistencyLog(database),
    statistics: statisticsLog(database),
    async close() {
      await watches.stopAll();
      await endWork();
      await database.close();
    },
  };
}
