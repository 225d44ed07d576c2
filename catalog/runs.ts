/** Records of durable runs: what was started, how it stands and how it ended. */
import type { Selectable } from 'kysely';
import type { LineageEvent, RunCatalog, RunQuery, RunRecord } from './catalog.ts';
import type { CatalogTransaction, Database } from './database.ts';
import { insertLineage } from './insert.ts';
import type { CatalogSchema } from './schema.ts';

export function runCatalog(database: Database): RunCatalog {
  return {
    put: (run, lineage = []) =>
      database.transaction(async (tx) => {
        const state = {
          state: run.state,
          ended_at: run.endedAt,
          result: run.result && JSON.stringify(run.result),
          error: run.error && JSON.stringify(run.error),
        };
        // it began once: who records it first says when, and its place in the list stays
        const began = { project: run.project, started_at: run.startedAt };
        const changed = await tx
          .insertInto('runs')
          .values({
            id: run.id,
            workflow: run.workflow,
            workflow_id: run.workflowId,
            target: run.target,
            ...began,
            ...state,
          })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(state).where('runs.state', '=', 'running'))
          .returning('id')
          .executeTakeFirst();
        if (changed) await insertLineage(tx, run.project, await withoutSecondEnd(tx, lineage));
      }),

    get: (id) =>
      database.read(async (db) => {
        const row = await db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
        return row && runRecord(row);
      }),

    list: (project, limit) => page(database, project, { limit }),

    page: (project, query) => page(database, project, query),

    count: (project) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('runs')
          .select(['workflow', 'state', (eb) => eb.fn.countAll<bigint>().as('runs')])
          .where('project', '=', project)
          .groupBy(['workflow', 'state'])
          .orderBy('workflow')
          .orderBy('state')
          .execute();
        return rows.map(({ runs, ...row }) => ({ ...row, runs: Number(runs) }));
      }),
  };
}

async function page(
  database: Database,
  project: string,
  { workflow, state, target, after, limit }: RunQuery,
): Promise<readonly RunRecord[]> {
  return database.read(async (db) => {
    let query = db.selectFrom('runs').selectAll().where('project', '=', project);
    if (workflow !== undefined) query = query.where('workflow', '=', workflow);
    if (state !== undefined) query = query.where('state', '=', state);
    if (target !== undefined) query = query.where('target', '=', target);
    if (after !== undefined) {
      // by place and not by number: runs that start between two pages move nothing
      const { startedAt, id } = after;
      query = query.where((eb) =>
        eb.or([eb('started_at', '<', startedAt), eb.and([eb('started_at', '=', startedAt), eb('id', '>', id)])]),
      );
    }
    const rows = await query.orderBy('started_at', 'desc').orderBy('id').limit(limit).execute();
    return rows.map(runRecord);
  });
}

/** A run's commit may have written its terminal event; a run ends once. */
async function withoutSecondEnd(
  tx: CatalogTransaction,
  events: readonly LineageEvent[],
): Promise<readonly LineageEvent[]> {
  const ending = events.filter(({ type }) => type !== 'START').map(({ runId }) => runId);
  if (ending.length === 0) return events;
  const ended = await tx
    .selectFrom('lineage_outbox')
    .select('run_id')
    .where('run_id', 'in', ending)
    .where('type', '<>', 'START')
    .execute();
  const runs = new Set(ended.map((row) => row.run_id));
  return events.filter(({ type, runId }) => type === 'START' || !runs.has(runId));
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
