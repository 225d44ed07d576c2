import type { MaintenanceActivities } from '../activities/maintenance-activities.ts';
import type { MaintainedTableName, MaintenancePlanActivities } from '../activities/maintenance-plan-activities.ts';
import {
  DEFAULT_GRACE_DAYS,
  DEFAULT_RETENTION_DAYS,
  MAX_NAMED_TABLES,
  type MaintainedTable,
  type MaintainInput,
  type MaintainResult,
} from '../contracts/runs.ts';
import { computeActivities, shortActivities } from './activity-options.ts';
import { batchIndexes, mapSettled } from './bounded-map.ts';
import { recordRun } from './recorded-run.ts';
import { requireInput } from './run-input.ts';
import { openProgressBoard } from './run-progress.ts';

/** Tables at once; the slots of the compute workers are the narrower limit. */
const AT_ONCE = 4;
/** One activity takes several tables when there are more than these, so that the history stays short. */
const MOST_ACTIVITIES = 100;

/**
 * Keeps the lake of a project in shape: rows that a source's own retention leaves behind go, small files become large
 * ones, snapshots superseded longer ago than the retention expire, and files that nothing mentions any more are removed.
 * A table that fails does not hold up the others; the run then fails with the first failure, before anything is removed.
 */
export async function maintain(input: MaintainInput): Promise<MaintainResult> {
  const request = requireInput('maintain', input);
  const { project, retentionDays = DEFAULT_RETENTION_DAYS, graceDays = DEFAULT_GRACE_DAYS } = request;
  const board = openProgressBoard(`maintain ${project}`, {
    step: 'plan',
    done: 0,
    total: 0,
    unit: 'tables',
    rows: 0,
    failed: 0,
  });
  return recordRun({ project, workflow: 'maintain', target: project }, async (runId) => {
    const plan = await shortActivities<MaintenancePlanActivities>('list the tables').planMaintenance({
      project,
      ...(request.now !== undefined && { now: request.now }),
    });
    const { definitions, now } = plan;
    board.show({ step: 'compact', total: plan.sources.length + plan.views.length });
    const tables = [
      ...(await maintainAll(plan.sources, { project, definitions, now, runId }, board)),
      ...(await maintainAll(plan.views, { project, definitions, now, runId }, board)),
    ];

    board.show({ step: 'expire' });
    const expiring = computeActivities<MaintenanceActivities>(`snapshots older than ${retentionDays} days`);
    const expired = await expiring.expireSnapshots({ project, definitions, retentionDays, runId });

    board.show({ step: 'remove' });
    const removing = computeActivities<MaintenanceActivities>(`files that nothing mentions`);
    const removed = await removing.removeGarbage({ project, graceDays, runId });
    board.show({ step: 'done' });
    return { result: resultOf(tables, expired, removed), inputs: [], outputs: [] };
  });
}

async function maintainAll(
  tables: readonly MaintainedTableName[],
  run: { readonly project: string; readonly definitions: string; readonly now: string; readonly runId: string },
  board: ReturnType<typeof openProgressBoard>,
): Promise<readonly MaintainedTable[]> {
  const batches = batchIndexes(tables.length, MOST_ACTIVITIES);
  const done = await mapSettled(batches, AT_ONCE, async (indexes) => {
    const chosen = indexes.flatMap((index) => tables[index] ?? []);
    const first = `${chosen[0]?.kind} ${chosen[0]?.name}`;
    const summary = chosen.length > 1 ? `${first} and ${chosen.length - 1} more` : first;
    try {
      const maintained = await computeActivities<MaintenanceActivities>(summary).maintainTables({
        ...run,
        tables: chosen,
      });
      board.add({ done: chosen.length, rows: maintained.reduce((sum, { rows }) => sum + rows, 0) });
      return maintained;
    } catch (error) {
      board.add({ failed: chosen.length });
      throw error;
    }
  });
  return done.flat();
}

function resultOf(
  tables: readonly MaintainedTable[],
  expired: MaintainResult['expired'],
  removed: MaintainResult['removed'],
): MaintainResult {
  const sum = (pick: (table: MaintainedTable) => number): number =>
    tables.reduce((total, table) => total + pick(table), 0);
  return {
    tables: tables.length,
    changed: tables.filter(({ filesBefore, expiredRows }) => filesBefore + expiredRows > 0).slice(0, MAX_NAMED_TABLES),
    compacted: { filesBefore: sum((table) => table.filesBefore), filesAfter: sum((table) => table.filesAfter) },
    expiredRows: sum((table) => table.expiredRows),
    expired,
    removed,
  };
}
