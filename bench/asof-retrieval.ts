/** One point-in-time join by Asof, as a contender: prints seconds and CPU seconds of the join alone, peak memory, rows and a checksum. */
import path from 'node:path';
import { openCatalog } from '../catalog/postgres.ts';
import { loadSettings, runtimeFromBundle } from '../definitions/loading.ts';
import { resolveFeatures } from '../definitions/resolution.ts';
import { openEngine } from '../engine/duckdb.ts';
import { literalText } from '../engine/sql.ts';
import { openLake } from '../lake/open.ts';
import { retrieveHistorical } from '../offline/retrieval.ts';
import { withComponents } from '../stack/with-components.ts';
import type { JoinTask } from './join-task.ts';

const [directory = '', text = ''] = process.argv.slice(2);
const task = JSON.parse(text) as JoinTask;

const settings = await loadSettings({ directory });
await withComponents(settings, ['catalog'], async (connected) => {
  const catalog = await openCatalog({ url: connected.catalogUrl ?? '' });
  const lake = await openLake(connected);
  const workDirectory = path.join(directory, 'work');
  const engine = await openEngine({
    ...connected.engine,
    tempDirectory: path.join(workDirectory, 'spill'),
    allowedDirectories: [...lake.directories, workDirectory, path.dirname(task.output)],
  });
  try {
    const started = performance.now();
    const startedCpu = process.cpuUsage();
    const applied = await catalog.definitions.current(connected.project);
    if (applied === undefined) throw new Error('nothing applied');
    const plan = resolveFeatures(applied.manifest, { features: task.views.map(({ name }) => name) });
    const runtime = runtimeFromBundle(await catalog.definitions.bundle(applied.bundleHash));
    const intervals = task.viewTables === false ? undefined : catalog.intervals;
    const { rows } = await retrieveHistorical(
      { tables: catalog.tables, intervals, lake, engine, workDirectory },
      {
        project: connected.project,
        plan,
        runtime,
        spine: { kind: 'spine', path: task.spine },
        asKnown: false,
        shortNames: false,
        output: task.output,
      },
    );
    const seconds = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(startedCpu);
    const cpuSeconds = (user + system) / 1e6;
    const peakBytes = process.resourceUsage().maxRSS * 1024;
    const summed = task.views.map(({ name, values }) => `coalesce(sum(${name}__${values[0]}), 0)`).join(' + ');
    const [total] = await engine.session((session) =>
      session.rows(`SELECT ${summed} AS checksum FROM read_parquet(${literalText(task.output)})`),
    );
    console.log(JSON.stringify({ seconds, cpuSeconds, peakBytes, rows, checksum: Number(total?.['checksum']) }));
  } finally {
    await engine.close();
    await catalog.close();
  }
});
