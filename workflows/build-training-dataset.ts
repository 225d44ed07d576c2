import type { DatasetActivities } from '../activities/dataset-activities.ts';
import type { BuildTrainingDatasetInput, BuildTrainingDatasetResult } from '../contracts/runs.ts';
import { computeActivities } from './activity-options.ts';
import { batchIndexes, mapBounded } from './bounded-map.ts';
import { recordRun } from './recorded-run.ts';
import { requireInput } from './run-input.ts';
import { openProgressBoard } from './run-progress.ts';

/** Activities at once; the slots of the compute workers are the narrower limit. */
const AT_ONCE = 16;
/** One activity takes several units when there are more than these, so that the history stays short. */
const MOST_ACTIVITIES = 120;

/**
 * Builds one version of a training dataset: pin the snapshots and copy the spine, compute features shard by shard,
 * assemble the rows in the spine's order, publish. Each run publishes at most one version, whatever is retried.
 */
export async function buildTrainingDataset(input: BuildTrainingDatasetInput): Promise<BuildTrainingDatasetResult> {
  const request = requireInput('buildTrainingDataset', input);
  const { project, name } = request;
  const board = openProgressBoard(`dataset ${name}`, {
    step: 'plan',
    done: 0,
    total: 0,
    unit: 'parts',
    rows: 0,
    failed: 0,
  });
  const subject = { project, workflow: 'buildTrainingDataset', target: name, dataset: name } as const;
  return recordRun(subject, async (runId) => {
    const plan = await computeActivities<DatasetActivities>('copy the spine and pin the snapshots').planDataset({
      ...request,
      runId,
    });
    const step = { project, planUri: plan.planUri };

    board.show({ step: 'compute', total: plan.units + plan.ranges });
    const computing = batchIndexes(plan.units, MOST_ACTIVITIES);
    await mapBounded(computing, AT_ONCE, async (units, index) => {
      const summary = `compute part ${index + 1} of ${computing.length}`;
      await computeActivities<DatasetActivities>(summary).computeUnits({ ...step, units });
      board.add({ done: units.length });
    });

    board.show({ step: 'assemble' });
    const assembling = batchIndexes(plan.ranges, MOST_ACTIVITIES);
    await mapBounded(assembling, AT_ONCE, async (ranges, index) => {
      const summary = `assemble part ${index + 1} of ${assembling.length}`;
      const { rows } = await computeActivities<DatasetActivities>(summary).assembleRanges({ ...step, ranges });
      board.add({ done: ranges.length, rows });
    });

    board.show({ step: 'publish' });
    const result = await computeActivities<DatasetActivities>(`publish ${name}`).publishDataset({ ...step, runId });
    board.show({ step: 'done', rows: result.rows });
    const inputs = plan.views.map((view) => `view:${view}`);
    return { result, inputs, outputs: [`dataset:${name}@${result.version}`] };
  });
}
