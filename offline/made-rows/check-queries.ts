/** Tries the queries of views on empty sources, so that a plan refuses what could not run. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FeatureViewManifest, Manifest, StoredSourceManifest } from '../../contracts/manifest.ts';
import { openEngine } from '../../engine/duckdb.ts';
import type { EngineSettings } from '../../engine/engine.ts';
import { makeRows } from './made-rows.ts';

/** Over nothing a query is done at once; one that makes rows of its own is stopped as soon as it is seen to be no small one. */
const BOUNDS = { memoryLimit: '512MB', threads: 1, spillLimit: '1GB', queryMillis: 20_000 };

/** Throws `INVALID_VALUE` naming the view, and line and column where they are known. */
export async function checkQueries(
  manifest: Manifest,
  bounds: Partial<Pick<EngineSettings, 'queryMillis'>> = {},
): Promise<void> {
  const views = manifest.views.filter(
    (view): view is FeatureViewManifest => view.kind === 'feature' && view.sql !== undefined,
  );
  if (views.length === 0) return;
  const tempDirectory = path.join(tmpdir(), `asof-plan-${randomUUID()}`);
  const engine = await openEngine({ ...BOUNDS, ...bounds, tempDirectory, allowedDirectories: [] });
  try {
    await engine.session(async (session) => {
      for (const view of views) {
        const base = manifest.sources.find(({ name }) => name === view.source) as StoredSourceManifest;
        await makeRows({ session }, { view, base, files: [] });
      }
    });
  } finally {
    await engine.close();
    await rm(tempDirectory, { recursive: true, force: true });
  }
}
