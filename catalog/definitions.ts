/** Applied definitions: every version of a project's manifest with the code bundle it was made from. */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import type { AppliedDefinitions, DefinitionCatalog } from './catalog.ts';
import type { CatalogTransaction, Database, Queries } from './database.ts';
import { insertRows } from './insert.ts';
import type { CatalogSchema } from './schema.ts';
import { CHANNEL } from './watch.ts';
import type { DefinitionWatch } from './watch.ts';
import { AsofError } from '../contracts/errors.ts';
import type { Manifest } from '../contracts/manifest.ts';

export function definitionCatalog(database: Database, watch: DefinitionWatch): DefinitionCatalog {
  return {
    current: (project) => database.read((db) => newest(db, project)),

    withView: (project, view, fingerprint) =>
      database.read(async (db) => {
        const row = await db
          .selectFrom('definition_views as v')
          .innerJoin('definitions as d', (join) =>
            join.onRef('d.project', '=', 'v.project').onRef('d.version', '=', 'v.version'),
          )
          .selectAll('d')
          .where('v.project', '=', project)
          .where('v.view', '=', view)
          .where('v.fingerprint', '=', fingerprint)
          .orderBy('v.version', 'desc')
          .limit(1)
          .executeTakeFirst();
        return row && applied(row);
      }),

    byVersion: (project, version) =>
      database.read(async (db) => {
        const row = await db
          .selectFrom('definitions')
          .selectAll()
          .where('project', '=', project)
          .where('version', '=', version)
          .executeTakeFirst();
        return row && applied(row);
      }),

    byFingerprint: (project, fingerprint) =>
      database.read(async (db) => {
        const row = await db
          .selectFrom('definitions')
          .selectAll()
          .where('project', '=', project)
          .where('fingerprint', '=', fingerprint)
          .orderBy('version', 'desc')
          .limit(1)
          .executeTakeFirst();
        return row && applied(row);
      }),

    bundle: (hash) => database.read((db) => readBundle(db, hash)),

    apply: (input) => database.transaction((tx) => apply(tx, input)),

    watch: (changed) => watch(changed),

    projects: () =>
      database.read(async (db) => {
        const rows = await db.selectFrom('definitions').select('project').distinct().orderBy('project').execute();
        return rows.map((row) => row.project);
      }),
  };
}

async function newest(db: Queries, project: string): Promise<AppliedDefinitions | undefined> {
  const row = await db
    .selectFrom('definitions')
    .selectAll()
    .where('project', '=', project)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && applied(row);
}

function applied(row: Selectable<CatalogSchema['definitions']>): AppliedDefinitions {
  return {
    version: row.version,
    manifest: row.manifest as Manifest,
    bundleHash: row.bundle_hash,
    appliedAt: row.applied_at,
  };
}

async function apply(
  tx: CatalogTransaction,
  input: Parameters<DefinitionCatalog['apply']>[0],
): Promise<AppliedDefinitions> {
  const { project, base, manifest, bundle } = input;
  // applies of one project run one after the other, so that the second sees the first and reports a conflict
  await sql`select pg_advisory_xact_lock(hashtextextended(${`apply/${project}`}, 0))`.execute(tx);
  const current = (await newest(tx, project))?.version ?? 0;
  if (current !== base) {
    const problem = `the plan was made on definitions ${base}, and ${current} are applied by now; plan again`;
    throw new AsofError('CONFLICT', { where: project, problem });
  }
  await tx
    .insertInto('bundles')
    .values(bundle)
    .onConflict((conflict) => conflict.column('hash').doNothing())
    .execute();
  const version = base + 1;
  const row = await tx
    .insertInto('definitions')
    .values({
      project,
      version,
      fingerprint: manifest.fingerprint,
      manifest: JSON.stringify(manifest),
      bundle_hash: bundle.hash,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const views = manifest.views.map((view) => ({ project, version, view: view.name, fingerprint: view.fingerprint }));
  await insertRows(tx, 'definition_views', views);
  await sql`select pg_notify(${CHANNEL}, ${project})`.execute(tx);
  return applied(row);
}

async function readBundle(db: Queries, hash: string): Promise<string> {
  const row = await db.selectFrom('bundles').select('code').where('hash', '=', hash).executeTakeFirst();
  const path = `bundle ${hash}`;
  if (!row) throw new AsofError('LAKE_FILE_CORRUPT', { path, problem: 'the catalog does not hold it' });
  if (createHash('sha256').update(row.code).digest('hex') !== hash) {
    throw new AsofError('LAKE_FILE_CORRUPT', { path, problem: 'its code does not hash to its name' });
  }
  return row.code;
}
