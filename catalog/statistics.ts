/** Statistics of columns by stretches of rows, and the baselines of drift: both can be measured again, and are bounded. */
import { sql } from 'kysely';
import type { StatisticsLog, StatisticsTarget } from '../contracts/statistics.ts';
import { clockNow, MICROS_PER_DAY } from '../contracts/time.ts';
import type { CatalogTransaction, Database } from './database.ts';
import { insertRows } from './insert.ts';

const STATISTICS_MICROS = BigInt(90 * MICROS_PER_DAY);
/** Of each project. */
export const KEPT_BASELINES = 50;

export function statisticsLog(database: Database): StatisticsLog {
  return {
    keepStates: (target, states) =>
      database.transaction(async (tx) => {
        await queue(tx, target);
        const ranges = new Set(states.map(({ range }) => range.from));
        const columns = new Set(states.map(({ column }) => column));
        await tx
          .deleteFrom('column_statistics')
          .where((eb) => eb.and({ ...target }))
          .where('range_from', 'in', [...ranges])
          .where('column_name', 'in', [...columns])
          .execute();
        await insertRows(
          tx,
          'column_statistics',
          states.map(({ column, range, basis, state }) => ({
            ...target,
            column_name: column,
            range_from: range.from,
            range_to: range.to,
            ...basis,
            state: JSON.stringify(state),
          })),
        );
        await tx
          .deleteFrom('column_statistics')
          .where('project', '=', target.project)
          .where('measured_at', '<', clockNow() - STATISTICS_MICROS)
          .execute();
      }),

    states: (target, { from, to }) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('column_statistics')
          .selectAll()
          .where((eb) => eb.and({ ...target }))
          .where('range_from', '>=', from)
          .where('range_to', '<=', to)
          .orderBy('range_from')
          .orderBy('range_to')
          .orderBy('column_name')
          .execute();
        return rows.map((row) => ({
          column: row.column_name,
          range: { from: row.range_from, to: row.range_to },
          basis: { snapshot: row.snapshot, fit: row.fit },
          state: row.state,
        }));
      }),

    keepBaseline: (target, name, baseline) =>
      database.transaction(async (tx) => {
        await queue(tx, target);
        const named = { ...target, name };
        // a new row, so that it is the newest
        await tx
          .deleteFrom('drift_baselines')
          .where((eb) => eb.and(named))
          .execute();
        await tx
          .insertInto('drift_baselines')
          .values({ ...named, baseline: JSON.stringify(baseline) })
          .execute();
        await forgetBaselines(tx, target.project);
      }),

    baseline: (target, name) =>
      database.read(async (db) => {
        const row = await db
          .selectFrom('drift_baselines')
          .select('baseline')
          .where((eb) => eb.and({ ...target, name }))
          .executeTakeFirst();
        return row?.baseline;
      }),
  };
}

/** Of one project one after the other: what two measure at once is the same, and would be there twice. */
async function queue(tx: CatalogTransaction, { project }: StatisticsTarget): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`statistics/${project}`}, 0))`.execute(tx);
}

async function forgetBaselines(tx: CatalogTransaction, project: string): Promise<void> {
  await tx
    .deleteFrom('drift_baselines')
    .where('project', '=', project)
    .where('id', '<=', (eb) =>
      eb
        .selectFrom('drift_baselines')
        .select('id')
        .where('project', '=', project)
        .orderBy('id', 'desc')
        .offset(KEPT_BASELINES)
        .limit(1),
    )
    .execute();
}
