/**
 * Run as a program by a test: one retrieval in a process of its own, under a memory limit. Prints seconds and the most
 * resident memory of the process as JSON.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openCatalog } from '../../catalog/postgres.ts';
import type { Settings } from '../../contracts/config.ts';
import type { FeaturePlan } from '../../contracts/plan.ts';
import { openEngine } from '../../engine/duckdb.ts';
import { openLake } from '../../lake/open.ts';
import { retrieveHistorical } from '../../offline/retrieval.ts';

export interface LimitedRetrieval {
  readonly settings: Settings;
  readonly catalogUrl: string;
  readonly plan: FeaturePlan;
  readonly spine: string;
  readonly output: string;
  readonly asKnown: boolean;
}

const { settings, catalogUrl, plan, spine, output, asKnown } = JSON.parse(process.argv[2]!) as LimitedRetrieval;
const { project, projectDirectory } = settings;
const workDirectory = join(projectDirectory, `limited-${process.pid}`);
mkdirSync(workDirectory);
const catalog = await openCatalog({ url: catalogUrl, poolSize: 2 });
const lake = await openLake(settings);
const engine = await openEngine({
  ...settings.engine,
  tempDirectory: join(workDirectory, 'spill'),
  allowedDirectories: [...lake.directories, projectDirectory],
});
const start = performance.now();
const { rows } = await retrieveHistorical(
  { engine, lake, tables: catalog.tables, workDirectory },
  {
    ...{
      project,
      plan,
      runtime: { compute: () => ({}), map: () => [] },
      spine: { kind: 'spine', path: spine },
      asKnown,
      shortNames: false,
      output,
    },
  },
);
const seconds = (performance.now() - start) / 1000;
await engine.close();
await catalog.close();
process.stdout.write(JSON.stringify({ rows, seconds, peakBytes: process.resourceUsage().maxRSS * 1024 }));
