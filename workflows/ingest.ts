import type { IngestionActivities } from '../activities/ingestion-activities.ts';
import type { IngestInput, IngestResult } from '../contracts/runs.ts';
import { computeActivities } from './activity-options.ts';
import { batchIndexes, mapBounded } from './bounded-map.ts';
import { recordRun } from './recorded-run.ts';
import { requireInput } from './run-input.ts';
import { openProgressBoard } from './run-progress.ts';

/** Groups staged at once; the slots of the compute workers are the narrower limit. */
const STAGED_AT_ONCE = 8;
/** One activity takes several groups when there are more than these, so that the history stays short. */
const MOST_STAGE_ACTIVITIES = 200;

/**
 * Brings a source's new rows into the lake: plan the inputs, stage them group by group, audit everything staged, publish
 * in one commit. Nothing is visible before the commit; a failing or cancelled run leaves nothing committed.
 */
export async function ingest(input: IngestInput): Promise<IngestResult> {
  const { project, source, from, to } = requireInput('ingest', input);
  const board = openProgressBoard(`ingest ${source}`, {
    step: 'plan',
    done: 0,
    total: 0,
    unit: 'groups',
    rows: 0,
    failed: 0,
  });
  return recordRun({ project, workflow: 'ingest', target: source }, async (runId) => {
    const plan = await computeActivities<IngestionActivities>(`list the inputs of ${source}`).planIngestion({
      project,
      source,
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      runId,
    });
    const step = { project, planUri: plan.planUri };

    board.show({ step: 'stage', total: plan.groups });
    const batches = batchIndexes(plan.groups, MOST_STAGE_ACTIVITIES);
    await mapBounded(batches, STAGED_AT_ONCE, async (groups, index) => {
      const summary = `stage part ${index + 1} of ${batches.length}`;
      const staged = await computeActivities<IngestionActivities>(summary).stageGroups({ ...step, groups });
      board.add({ done: groups.length, rows: staged.rows });
    });

    board.show({ step: 'audit' });
    await computeActivities<IngestionActivities>(`check the expectations of ${source}`).auditIngestion(step);

    board.show({ step: 'publish' });
    const result = await computeActivities<IngestionActivities>(`commit ${source}`).publishIngestion(step);
    board.show({ step: 'done', rows: result.committed });
    return { result, inputs: [`input:${source}`], outputs: [`source:${source}`] };
  });
}
