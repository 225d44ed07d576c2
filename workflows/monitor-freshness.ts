import { setCurrentDetails } from '@temporalio/workflow';
import type { FreshnessActivities } from '../activities/freshness-activities.ts';
import type { MonitorFreshnessInput, MonitorFreshnessResult } from '../contracts/runs.ts';
import { shortActivities } from './activity-options.ts';
import { endWithReason, showSearchAttributes } from './recorded-run.ts';
import { requireInput } from './run-input.ts';
import { openProgressBoard } from './run-progress.ts';

/**
 * One look at the freshness of every view that has a target; a schedule starts it again and again. It works on no data and has no
 * record in the catalog, which would fill with looks: what changed is in the log of freshness.
 */
export async function monitorFreshness(input: MonitorFreshnessInput): Promise<MonitorFreshnessResult> {
  const { project } = requireInput('monitorFreshness', input);
  const start = { step: 'look', done: 0, total: 1, unit: 'looks', rows: 0, failed: 0 };
  const board = openProgressBoard(`freshness of ${project}`, start);
  showSearchAttributes({ project });
  return endWithReason(async () => {
    const look = shortActivities<FreshnessActivities>('how old each view is online');
    const result = await look.lookAtFreshness({ project });
    board.show({ step: 'done', done: 1 });
    setCurrentDetails(describeLook(project, result));
    return result;
  });
}

function describeLook(project: string, { lookedAt, views, changes }: MonitorFreshnessResult): string {
  return [
    `### freshness of ${project}`,
    `- step: **done**, at ${lookedAt}`,
    '',
    '| view | state | age | target |',
    '|---|---|---|---|',
    ...views.map(({ view, state, ageSeconds, target }) => `| ${view} | ${state} | ${ageSeconds ?? ''} s | ${target} |`),
    '',
    ...changes.map(({ view, before, state, since }) => `- ${view}: ${before ?? 'new'} → **${state}**, since ${since}`),
  ].join('\n');
}
