/** Fits of transforms: immutable, numbered by view; and which of them each service holds. */
import { sql, type Selectable } from 'kysely';
import type { FitCatalog, NewFit } from './catalog.ts';
import type { CatalogTransaction, Database, Queries } from './database.ts';
import type { CatalogSchema } from './schema.ts';
import { CHANNEL } from './watch.ts';
import { AsofError } from '../contracts/errors.ts';
import type { FittedParameters, FitVersion } from '../contracts/fits.ts';

export function fitCatalog(database: Database): FitCatalog {
  return {
    current: (project) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('fits as f')
          .selectAll('f')
          .where('f.project', '=', project)
          .where((eb) =>
            eb.or([
              eb.not(
                eb.exists(
                  eb
                    .selectFrom('fits as later')
                    .select('later.version')
                    .whereRef('later.project', '=', 'f.project')
                    .whereRef('later.view', '=', 'f.view')
                    .whereRef('later.fingerprint', '=', 'f.fingerprint')
                    .whereRef('later.version', '>', 'f.version'),
                ),
              ),
              eb.exists(
                eb
                  .selectFrom('service_fits as held')
                  .select('held.version')
                  .whereRef('held.project', '=', 'f.project')
                  .whereRef('held.view', '=', 'f.view')
                  .whereRef('held.version', '=', 'f.version'),
              ),
            ]),
          )
          .orderBy('f.view')
          .orderBy('f.version')
          .execute();
        const services = await db
          .selectFrom('service_fits')
          .select(['service', 'view', 'fingerprint', 'version'])
          .where('project', '=', project)
          .orderBy('service')
          .orderBy('view')
          .execute();
        return { versions: rows.map(fitVersion), services };
      }),

    list: (project, view) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('fits')
          .selectAll()
          .where('project', '=', project)
          .where('view', '=', view)
          .orderBy('version')
          .execute();
        return rows.map(fitVersion);
      }),

    add: (input) => database.transaction((tx) => add(tx, input)),
    hold: (input) => database.transaction((tx) => hold(tx, input)),
  };
}

async function add(tx: CatalogTransaction, { project, fit, services, moved }: NewFit): Promise<FitVersion> {
  await queue(tx, project);
  const { view, fingerprint } = fit;
  const newest = await newestVersion(tx, project, view);
  const served = await newestVersion(tx, project, view, fingerprint);
  const row = await tx
    .insertInto('fits')
    .values({
      project,
      view,
      version: newest + 1,
      fingerprint,
      features: JSON.stringify(fit.features),
      range_from: fit.from,
      range_until: fit.until,
      snapshot: fit.snapshot,
      rows: BigInt(fit.rows),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  // a service that holds none has been answered with the newest until now, and goes on with that one
  const held = { project, view, fingerprint, version: served === 0 ? row.version : served };
  for (const service of services) {
    await tx
      .insertInto('service_fits')
      .values({ ...held, service })
      .onConflict((conflict) => conflict.columns(['project', 'service', 'view', 'fingerprint']).doNothing())
      .execute();
  }
  await move(tx, { project, view, fingerprint, version: row.version, services: moved });
  await announce(tx, project);
  return fitVersion(row);
}

async function hold(tx: CatalogTransaction, input: Parameters<FitCatalog['hold']>[0]): Promise<void> {
  await queue(tx, input.project);
  const fit = await tx
    .selectFrom('fits')
    .select('fingerprint')
    .where('project', '=', input.project)
    .where('view', '=', input.view)
    .where('version', '=', input.version)
    .executeTakeFirst();
  if (fit?.fingerprint !== input.fingerprint) {
    const problem = `there is no fit ${input.version} of this version of the view`;
    throw new AsofError('INVALID_VALUE', { where: `view ${input.view}`, problem });
  }
  await move(tx, input);
  await announce(tx, input.project);
}

async function move(tx: CatalogTransaction, { services, ...held }: Parameters<FitCatalog['hold']>[0]): Promise<void> {
  for (const service of services) {
    await tx
      .insertInto('service_fits')
      .values({ ...held, service })
      .onConflict((conflict) =>
        conflict.columns(['project', 'service', 'view', 'fingerprint']).doUpdateSet({ version: held.version }),
      )
      .execute();
  }
}

/** Fits of one project are written one after the other: their numbers have no gaps. */
async function queue(tx: CatalogTransaction, project: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`fit/${project}`}, 0))`.execute(tx);
}

async function announce(tx: CatalogTransaction, project: string): Promise<void> {
  await tx
    .insertInto('fit_changes')
    .values({ project, changes: 1n })
    .onConflict((conflict) =>
      conflict.column('project').doUpdateSet((eb) => ({ changes: eb('fit_changes.changes', '+', 1n) })),
    )
    .execute();
  await sql`select pg_notify(${CHANNEL}, ${project})`.execute(tx);
}

/** 0 without one. */
async function newestVersion(db: Queries, project: string, view: string, fingerprint?: string): Promise<number> {
  const named = db
    .selectFrom('fits')
    .select((eb) => eb.fn.max('version').as('version'))
    .where('project', '=', project)
    .where('view', '=', view);
  const found = fingerprint === undefined ? named : named.where('fingerprint', '=', fingerprint);
  return (await found.executeTakeFirst())?.version ?? 0;
}

function fitVersion(row: Selectable<CatalogSchema['fits']>): FitVersion {
  return {
    view: row.view,
    fingerprint: row.fingerprint,
    version: row.version,
    features: row.features as FittedParameters,
    from: row.range_from,
    until: row.range_until,
    snapshot: row.snapshot,
    rows: Number(row.rows),
    createdAt: row.created_at,
  };
}
