/** The log of served vectors, bounded in number and in time, and the reports of its checks. */
import type { Selectable } from 'kysely';
import type { ConsistencyLog, LoggedSample } from '../contracts/consistency.ts';
import { clockNow, MICROS_PER_DAY } from '../contracts/time.ts';
import type { CatalogTransaction, Database } from './database.ts';
import { insertRows } from './insert.ts';
import type { CatalogSchema } from './schema.ts';

/** Of each project. Keys of entities are in them: they are kept for as long as somebody may look into a difference. */
export const SAMPLE_BOUNDS = { samples: 10_000, micros: BigInt(7 * MICROS_PER_DAY) } as const;
export const KEPT_REPORTS = 100;

export function consistencyLog(database: Database): ConsistencyLog {
  return {
    addSamples: (project, samples) =>
      database.transaction(async (tx) => {
        await insertRows(
          tx,
          'served_samples',
          samples.map(({ servedAt, sample }) => ({ project, served_at: servedAt, sample: JSON.stringify(sample) })),
        );
        await forgetOld(tx, project);
        await keepNewest(tx, 'served_samples', project, SAMPLE_BOUNDS.samples);
      }),

    samples: (project, { since, until, limit }) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('served_samples')
          .select(['id', 'served_at', 'sample'])
          .where('project', '=', project)
          .where('served_at', '>=', since)
          .where('served_at', '<', until)
          .orderBy('served_at', 'desc')
          .orderBy('id', 'desc')
          .limit(limit)
          .execute();
        return rows.map(loggedSample);
      }),

    samplesById: (project, ids) =>
      database.read(async (db) => {
        if (ids.length === 0) return [];
        const rows = await db
          .selectFrom('served_samples')
          .select(['id', 'served_at', 'sample'])
          .where('project', '=', project)
          .where('id', 'in', [...ids])
          .orderBy('id')
          .execute();
        return rows.map(loggedSample);
      }),

    addReport: (project, runId, report) =>
      database.transaction(async (tx) => {
        await tx
          .insertInto('consistency_reports')
          .values({ project, run_id: runId, report: JSON.stringify(report) })
          // a run that is tried again has looked again
          .onConflict((conflict) =>
            conflict.columns(['project', 'run_id']).doUpdateSet({ report: JSON.stringify(report) }),
          )
          .execute();
        await keepNewest(tx, 'consistency_reports', project, KEPT_REPORTS);
        // also where nothing is served any more
        await forgetOld(tx, project);
      }),

    newestReport: (project) =>
      database.read(async (db) => {
        const row = await db
          .selectFrom('consistency_reports')
          .select('report')
          .where('project', '=', project)
          .orderBy('id', 'desc')
          .limit(1)
          .executeTakeFirst();
        return row?.report;
      }),
  };
}

async function forgetOld(tx: CatalogTransaction, project: string): Promise<void> {
  await tx
    .deleteFrom('served_samples')
    .where('project', '=', project)
    .where('served_at', '<', clockNow() - SAMPLE_BOUNDS.micros)
    .execute();
}

async function keepNewest(
  tx: CatalogTransaction,
  table: 'served_samples' | 'consistency_reports',
  project: string,
  count: number,
): Promise<void> {
  await tx
    .deleteFrom(table)
    .where('project', '=', project)
    .where('id', '<=', (eb) =>
      eb.selectFrom(table).select('id').where('project', '=', project).orderBy('id', 'desc').offset(count).limit(1),
    )
    .execute();
}

function loggedSample({
  id,
  served_at: servedAt,
  sample,
}: Pick<Selectable<CatalogSchema['served_samples']>, 'id' | 'served_at' | 'sample'>): LoggedSample {
  return { id, servedAt, sample };
}
