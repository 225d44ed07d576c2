/** What a workflow costs: the same dataset build by workflow and as calls in one process. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Contender } from '../contest.ts';
import { makeSpine, provideReadings } from '../readings.ts';
import { isMeasured, type BenchContext, type BenchRow, type Target } from '../row.ts';

const KEYS = 10_000;
const DATASET = 'orchestration';
const WORKFLOW = 'Asof, by workflow';
const IN_PROCESS = 'Asof, in process';

async function prepare(
  context: BenchContext,
  id: string,
  size: { readonly rows: number; readonly spineRows: number },
): Promise<readonly Contender[]> {
  const project = await provideReadings(context, id, [{ name: 'newest', rows: size.rows, keys: KEYS, values: 10 }]);
  const spine = await makeSpine(project.root, size.spineRows, KEYS);
  // every round leaves a version, which nobody reads
  const left = path.join(project.directory, '.asof/lake/bench/datasets', DATASET);
  await rm(left, { recursive: true, force: true });
  const request = JSON.stringify({ project: 'bench', name: DATASET, spine, features: ['newest'] });
  const script = path.join(import.meta.dirname, 'dataset-build.ts');
  const contender = (name: string, mode: string): Contender => ({
    name,
    command: [process.execPath, '--import', 'tsx', script, project.directory, mode, request],
  });
  return [contender(WORKFLOW, 'workflow'), contender(IN_PROCESS, 'process')];
}

/** Of the least times. */
const OVERHEAD: Target = {
  column: 'first',
  text: 'the workflow adds at most 1 s and 5 %',
  reached: ([workflow, inProcess]) => {
    if (!isMeasured(workflow) || !isMeasured(inProcess)) return undefined;
    return workflow.minimumSeconds <= 1 + 1.05 * inProcess.minimumSeconds;
  },
};

export const ORCHESTRATION_ROWS: readonly BenchRow[] = [
  {
    id: 'orchestration-1m',
    group: 'orchestration',
    title: 'A dataset of 100k rows from 1M feature rows',
    quick: true,
    rounds: 5,
    targets: [OVERHEAD],
    prepare: (context) => prepare(context, 'as-of-1m', { rows: 1_000_000, spineRows: 100_000 }),
  },
  {
    id: 'orchestration-10m',
    group: 'orchestration',
    title: 'A dataset of 1M rows from 10M feature rows',
    quick: false,
    rounds: 3,
    targets: [OVERHEAD],
    prepare: (context) => prepare(context, 'as-of-10m', { rows: 10_000_000, spineRows: 1_000_000 }),
  },
];
