/**
 * The table of cases asked of the whole stack by training datasets: on a local lake and on S3, in 1, 2 and 7 shards, by 1 and 4
 * compute workers, with tiles and without. Every two of these meet.
 */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TASK_QUEUES } from '../../contracts/config.ts';
import type { BackfillResult, BuildTrainingDatasetResult } from '../../contracts/runs.ts';
import { loadDefinitions, loadSettings } from '../../definitions/loading.ts';
import { resolveFeatures } from '../../definitions/resolution.ts';
import { openEngine } from '../../engine/duckdb.ts';
import type { Engine, EngineRow } from '../../engine/engine.ts';
import { literalText } from '../../engine/sql.ts';
import type { FeaturePlan } from '../../contracts/plan.ts';
import { readCases, requestCases } from '../cases/read-cases.ts';
import { pairwise } from '../support/pairwise.ts';
import { findWrongValues } from '../world/packed/mistakes.ts';
import { allPackDefinitions, PACK_SOURCES } from '../world/packed/pack-definitions.ts';
import { writeSourceFiles, writeSpineFile } from '../world/packed/pack-files.ts';
import { createProject, type Project } from './support/project.ts';
import { withTemporalClient } from './support/runs.ts';
import { startComputeWorkers, type ExtraWorkers } from './support/compute-workers.ts';

const COMBINATIONS = pairwise({ lake: ['local', 's3'], tiles: [false, true], workers: [1, 4], shards: [1, 2, 7] });
const DEFINITIONS = path.resolve(import.meta.dirname, '../world/packed/pack-definitions.ts');
const BACKFILLED = { from: '2024-03-30', to: '2024-04-01', chunk: '1d' };

const cases = readCases();
const spineName = (asKnown: boolean): string => (asKnown ? 'spine-as-known.parquet' : 'spine.parquet');

describe.each(['local', 's3'] as const)('on a lake that is %s', (lake) => {
  let project: Project;
  let engine: Engine;
  let plan: FeaturePlan;
  let workers: ExtraWorkers | undefined;
  let backfilled = false;

  beforeAll(async () => {
    project = createProject();
    const location = lake === 's3' ? `, lake: 's3://cases/lake'` : '';
    project.write(
      'asof.config.ts',
      `import { defineConfig } from 'asof';\nexport default defineConfig({ project: 'cases', definitions: 'features.ts'${location} });\n`,
    );
    const names = Object.keys(allPackDefinitions()).join(', ');
    project.write(
      'features.ts',
      `import { allPackDefinitions } from '${DEFINITIONS}';\nexport const { ${names} } = allPackDefinitions();\n`,
    );
    engine = await openEngine({
      memoryLimit: '500MB',
      threads: 1,
      tempDirectory: project.file('.spill'),
      allowedDirectories: [project.directory],
    });
    const { manifest } = await loadDefinitions(await loadSettings({ directory: project.directory }));
    plan = resolveFeatures(manifest, { features: manifest.views.map(({ name }) => name) });
    await writeInputs(engine, plan, project.directory);
    await project.run('dev', '--detach', ...(lake === 's3' ? ['--with', 's3'] : []));
    await project.run('apply', '--yes');
    for (const source of PACK_SOURCES) await project.run('ingest', source);
  });
  afterAll(async () => {
    await workers?.stop();
    await engine.close();
    await project.close();
  });

  // what has been backfilled stays so: without tiles first
  const own = COMBINATIONS.filter((one) => one.lake === lake).sort((a, b) => Number(a.tiles) - Number(b.tiles));

  it.each(own)('$shards shards, $workers workers, tiles: $tiles', async ({ shards, workers: wanted, tiles }) => {
    if (tiles && !backfilled) {
      await backfillAll(project, plan);
      backfilled = true;
    }
    if (wanted === 1) {
      await workers?.stop();
      workers = undefined;
    } else {
      workers ??= await startComputeWorkers(project, wanted - 1);
    }
    for (const asKnown of [false, true]) {
      const name = ['cases', asKnown ? 'known' : 'all', shards, wanted, tiles ? 'tiles' : 'raw'].join('_');
      const rows = await build(project, engine, { name, shards, asKnown, features: viewsOf(plan) });
      const { expected, titles } = requestCases(cases, plan, asKnown);
      const mistakes = findWrongValues(rows, expected);
      expect(mistakes.map((mistake) => ({ case: titles[mistake.request], ...mistake }))).toEqual([]);
    }
  });
});

async function writeInputs(engine: Engine, plan: FeaturePlan, directory: string): Promise<void> {
  for (const source of PACK_SOURCES) {
    const rows = cases.filter((one) => one.source === source).flatMap((one) => one.rows);
    await writeSourceFiles(engine, directory, source, rows);
  }
  for (const asKnown of [false, true]) {
    const { requests } = requestCases(cases, plan, asKnown);
    await writeSpineFile(engine, requests, path.join(directory, spineName(asKnown)));
  }
}

function viewsOf(plan: FeaturePlan): readonly string[] {
  return plan.views.map(({ view }) => view.name);
}

async function build(
  project: Project,
  engine: Engine,
  asked: {
    readonly name: string;
    readonly shards: number;
    readonly asKnown: boolean;
    readonly features: readonly string[];
  },
): Promise<readonly EngineRow[]> {
  const { name, asKnown } = asked;
  const built = await project.run<BuildTrainingDatasetResult>(
    ...['dataset', 'build', name, '--spine', spineName(asKnown), '--features', asked.features.join(',')],
    ...['--shards', String(asked.shards), ...(asKnown ? ['--as-known'] : [])],
  );
  const file = project.file(`${name}.parquet`);
  await project.run('dataset', 'export', `${name}@${built.version}`, '--out', file);
  return engine.session((session) => session.rows(`SELECT * FROM read_parquet(${literalText(file)})`));
}

async function backfillAll(project: Project, plan: FeaturePlan): Promise<void> {
  await withTemporalClient(project.stack(), async (client) => {
    const results = await Promise.all(
      viewsOf(plan).map((view) =>
        client.workflow.execute<(input: object) => Promise<BackfillResult>>('backfill', {
          args: [{ project: 'cases', view, ...BACKFILLED }],
          taskQueue: TASK_QUEUES.orchestration,
          workflowId: `cases/backfill/${view}`,
        }),
      ),
    );
    for (const result of results) expect(result).toMatchObject({ done: 2, failed: [] });
  });
}
