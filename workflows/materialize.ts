import type { MaterializationActivities } from '../activities/materialization-activities.ts';
import type { MaterializationPlanActivities } from '../activities/materialization-plan-activities.ts';
import type { MaterializeInput, MaterializeResult } from '../contracts/runs.ts';
import { computeActivities, shortActivities } from './activity-options.ts';
import { mapSettled } from './bounded-map.ts';
import { writeBehindStream } from './held-stream.ts';
import { recordRun } from './recorded-run.ts';
import { requireInput } from './run-input.ts';
import { openProgressBoard } from './run-progress.ts';

const VIEWS_AT_ONCE = 8;

/**
 * Brings views from the lake to Redis as of one instant, each by an activity of its own. A view that fails does not hold
 * up the others; the run then fails with the first failure.
 */
export async function materialize(input: MaterializeInput): Promise<MaterializeResult> {
  const request = requireInput('materialize', input);
  const { project, views } = request;
  const target = views.join(', ');
  const board = openProgressBoard(`materialize ${target}`, {
    step: 'plan',
    done: 0,
    total: views.length,
    unit: 'views',
    rows: 0,
    failed: 0,
  });
  const only = views.length === 1 ? views[0] : undefined;
  const subject = { project, workflow: 'materialize', target, ...(only !== undefined && { view: only }) } as const;
  return recordRun(subject, async (runId) => {
    const plan = await shortActivities<MaterializationPlanActivities>('look up the views').planMaterialization(request);
    board.show({ step: 'write', total: plan.views.length });
    const written = await mapSettled(plan.views, VIEWS_AT_ONCE, async (view) => {
      try {
        const write = (to: string): Promise<MaterializeResult['views'][number]> =>
          computeActivities<MaterializationActivities>(`write ${view}`).materializeView({
            project,
            definitions: plan.definitions,
            view,
            to,
            ...(request.rebuild && { rebuild: true }),
            runId,
          });
        const source = plan.topics?.[view];
        const streamed = { project, definitions: plan.definitions, view };
        const result = await (source === undefined
          ? write(plan.to)
          : writeBehindStream(streamed, source, plan.to, write));
        board.add({ done: 1, rows: result.written });
        return result;
      } catch (error) {
        board.add({ failed: 1 });
        throw error;
      }
    });
    board.show({ step: 'done' });
    const names = plan.views.map((view) => `view:${view}`);
    return { result: { views: written }, inputs: names, outputs: names.map((name) => `online:${name}`) };
  });
}
