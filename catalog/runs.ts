/** Records of durable runs: what was started, how it stands and how it ended. */
import type { Selectable } from 'kysely';
import type { RunCatalog, RunRecord } from './catalog.ts';
import type { Database } from './database.ts';
import type { CatalogSchema } from './schema.ts';

export function runCatalog(database: Database): RunCatalog {
  return {
    put: (run) =>
      database.read(async (db) => {
        const state = {
          state: run.state,
          started_at: run.startedAt,
          ended_at: run.endedAt,
          result: run.result && JSON.stringify(run.result),
          error: run.error && JSON.stringify(run.error),
        };
        await db
          .insertInto('runs')
          .values({
            id: run.id,
            project: run.project,
            workflow: run.workflow,
            workflow_id: run.workflowId,
            target: run.target,
            ...state,
          })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(state).where('runs.state', '=', 'running'))
          .execute();
      }),

    get: (id) =>
      database.read(async (db) => {
        const row = await db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
        return row && runRecord(row);
      }),

    list: (project, limit) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('runs')
          .selectAll()
          .where('project', '=', project)
          .orderBy('started_at', 'desc')
          .orderBy('id')
          .limit(limit)
          .execute();
        return rows.map(runRecord);
      }),
  };
}

function runRecord(row: Selectable<CatalogSchema['runs']>): RunRecord {
  return {
    id: row.id,
    project: row.project,
    workflow: row.workflow,
    workflowId: row.workflow_id,
    target: row.target,
    state: row.state,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    result: row.result,
    error: row.error,
  };
}
