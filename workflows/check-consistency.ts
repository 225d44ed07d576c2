import { setCurrentDetails } from '@temporalio/workflow';
import type { ConsistencyActivities } from '../activities/consistency-activities.ts';
import { equalShare } from '../contracts/consistency.ts';
import type { CheckConsistencyInput, CheckConsistencyResult } from '../contracts/runs.ts';
import { computeActivities } from './activity-options.ts';
import { recordRun } from './recorded-run.ts';
import { requireInput } from './run-input.ts';
import { openProgressBoard } from './run-progress.ts';

/** Computes some of the vectors that were served again from the lake; differences are what it reports, and no failure of it. */
export async function checkConsistency(input: CheckConsistencyInput): Promise<CheckConsistencyResult> {
  const { project, last } = requireInput('checkConsistency', input);
  const start = { step: 'check', done: 0, total: 1, unit: 'checks', rows: 0, failed: 0 };
  const board = openProgressBoard(`served values of ${project}`, start);
  const subject = { project, workflow: 'checkConsistency', target: 'served values' } as const;
  return recordRun(subject, async (runId) => {
    const check = computeActivities<ConsistencyActivities>('compute served vectors again');
    const result = await check.checkServedValues({ project, runId, ...(last !== undefined && { last }) });
    board.show({ step: 'done', done: 1, rows: result.vectors });
    setCurrentDetails(describeCheck(project, result));
    const views = [...new Set(result.features.map(({ view }) => `view:${view}`))];
    return { result, inputs: views, outputs: [] };
  });
}

function describeCheck(project: string, result: CheckConsistencyResult): string {
  const { since, until, vectors, waiting, unreadable, features } = result;
  return [
    `### served values of ${project}`,
    `- step: **done**, ${vectors} vectors from ${since} to ${until}`,
    `- waiting for the lake: ${waiting}, unreadable: ${unreadable}`,
    '',
    '| view | feature | equal | different | late | unsettled | share equal |',
    '|---|---|---|---|---|---|---|',
    ...features.map(
      (one) =>
        `| ${one.view} | ${one.feature} | ${one.equal} | ${one.different} | ${one.late} | ${one.unsettled} | ${equalShare(one) ?? ''} |`,
    ),
  ].join('\n');
}
