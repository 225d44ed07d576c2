/** Catalog, lake and engine of one command: what work in this process needs, no Temporal. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import type { Settings } from '../contracts/config.ts';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/duckdb.ts';
import type { Lake } from '../lake/lake.ts';
import { withLakeWork } from '../lake/lake-work.ts';
import { openLake } from '../lake/open.ts';
import type { ComponentName } from '../stack/component.ts';
import type { CommandContext } from './main.ts';
import { withCatalog } from './project.ts';

export interface OfflineStores {
  readonly settings: Settings;
  readonly catalog: Catalog;
  readonly lake: Lake;
  readonly engine: Engine;
  /** A directory of this command alone, which the engine may read and write; removed at the end. */
  readonly workDirectory: string;
}

export async function withOfflineStores<T>(
  context: CommandContext,
  work: (stores: OfflineStores) => Promise<T>,
  needs: readonly ComponentName[] = ['catalog'],
): Promise<T> {
  return withCatalog(
    context,
    async ({ settings, catalog }) => {
      const lake = await openLake(settings);
      const workDirectory = path.join(settings.stateDirectory, 'work', `cli-${process.pid}`);
      await mkdir(workDirectory, { recursive: true });
      const engine = await openEngine({
        ...settings.engine,
        tempDirectory: path.join(workDirectory, 'spill'),
        allowedDirectories: [...lake.directories, workDirectory],
      });
      try {
        return await withLakeWork(catalog.work, settings.project, () =>
          work({ settings, catalog, lake, engine, workDirectory }),
        );
      } finally {
        await engine.close();
        await rm(workDirectory, { recursive: true, force: true });
      }
    },
    needs,
  );
}
