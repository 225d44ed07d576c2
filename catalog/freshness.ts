/** The log of freshness: changes only, so that a look that finds nothing new leaves one instant behind. */
import type { Selectable } from 'kysely';
import type { FreshnessChange, FreshnessLog } from '../contracts/freshness.ts';
import type { Database, Queries } from './database.ts';
import type { CatalogSchema } from './schema.ts';

export function freshnessLog(database: Database): FreshnessLog {
  return {
    record: (project, at, views) =>
      database.transaction(async (tx) => {
        // looks of one project stand in line behind this row
        const isNews = await tx
          .insertInto('freshness_looks')
          .values({ project, looked_at: at })
          .onConflict((conflict) =>
            conflict.column('project').doUpdateSet({ looked_at: at }).where('freshness_looks.looked_at', '<', at),
          )
          .returning('project')
          .executeTakeFirst();
        if (isNews === undefined) return [];
        const last = new Map((await newestOfViews(tx, project)).map((change) => [change.view, change]));
        const changes = views.flatMap((view): readonly FreshnessChange[] => {
          const before = last.get(view.view);
          if (before?.state === view.state) return [];
          const since = before !== undefined && view.since < before.since ? before.since : view.since;
          return [{ ...view, since, before: before?.state ?? null, noticedAt: at }];
        });
        if (changes.length > 0) {
          await tx
            .insertInto('freshness_changes')
            .values(
              changes.map(({ noticedAt, targetMicros, ...change }) => ({
                ...{ ...change, project, noticed_at: noticedAt, target_micros: BigInt(targetMicros) },
              })),
            )
            .execute();
        }
        return changes;
      }),

    changes: (project, limit) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('freshness_changes')
          .selectAll()
          .where('project', '=', project)
          .orderBy('id', 'desc')
          .limit(limit)
          .execute();
        return rows.map(freshnessChange);
      }),

    states: (project) => database.read((db) => newestOfViews(db, project)),

    lastLook: (project) =>
      database.read(async (db) => {
        const row = await db
          .selectFrom('freshness_looks')
          .select('looked_at')
          .where('project', '=', project)
          .executeTakeFirst();
        return row?.looked_at;
      }),
  };
}

async function newestOfViews(db: Queries, project: string): Promise<readonly FreshnessChange[]> {
  const rows = await db
    .selectFrom('freshness_changes')
    .selectAll()
    .distinctOn('view')
    .where('project', '=', project)
    .orderBy('view')
    .orderBy('id', 'desc')
    .execute();
  return rows.map(freshnessChange);
}

function freshnessChange(row: Selectable<CatalogSchema['freshness_changes']>): FreshnessChange {
  const { view, state, before, since, noticed_at: noticedAt } = row;
  return { view, state, before, since, noticedAt, targetMicros: Number(row.target_micros) };
}
