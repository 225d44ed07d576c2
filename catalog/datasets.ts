/** Published training datasets: immutable manifests, numbered per name. */
import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import { addSplit, splitsOf } from './dataset-splits.ts';
import type { DatasetCatalog, DatasetManifest, NewDataset } from './catalog.ts';
import type { CatalogTransaction, Database } from './database.ts';
import { insertLineage } from './insert.ts';
import type { CatalogSchema } from './schema.ts';
import { AsofError } from '../contracts/errors.ts';

export function datasetCatalog(database: Database): DatasetCatalog {
  return {
    publish: (input) => database.transaction((tx) => publish(tx, input)),

    get: (project, name, version) =>
      database.read(async (db) => {
        const named = db
          .selectFrom('datasets')
          .selectAll()
          .where('project', '=', project)
          .where('name', '=', name)
          .orderBy('version', 'desc')
          .limit(1);
        const row = await (version === undefined ? named : named.where('version', '=', version)).executeTakeFirst();
        return row && datasetManifest(row);
      }),

    list: (project) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('datasets')
          .selectAll()
          .where('project', '=', project)
          .orderBy('name')
          .orderBy('version')
          .execute();
        return rows.map(datasetManifest);
      }),

    splits: (dataset) => database.read((db) => splitsOf(db, dataset)),

    addSplit: (dataset, split) => database.transaction((tx) => addSplit(tx, dataset, split)),
  };
}

async function publish(
  tx: CatalogTransaction,
  { idempotencyKey, manifest, lineage }: Parameters<DatasetCatalog['publish']>[0],
): Promise<DatasetManifest> {
  const { project, name } = manifest;
  // builds of one project publish one after the other: versions have no gaps, and a key is seen by its second call
  await sql`select pg_advisory_xact_lock(hashtextextended(${`publish/${project}`}, 0))`.execute(tx);
  const earlier = await tx
    .selectFrom('datasets')
    .selectAll()
    .where('project', '=', project)
    .where('idempotency_key', '=', idempotencyKey)
    .executeTakeFirst();
  if (earlier && earlier.name !== name) throw new AsofError('IDEMPOTENCY_MISMATCH', { key: idempotencyKey });
  if (earlier) return datasetManifest(earlier);

  const newest = await tx
    .selectFrom('datasets')
    .select('version')
    .where('project', '=', project)
    .where('name', '=', name)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  const row = await tx
    .insertInto('datasets')
    .values({
      project,
      name,
      version: (newest?.version ?? 0) + 1,
      idempotency_key: idempotencyKey,
      manifest: JSON.stringify(manifest),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await insertLineage(tx, project, lineage);
  return datasetManifest(row);
}

const ABSENT = { spineSource: null, plan: null, seed: 0, fits: {}, rebuiltFrom: null, statistics: [] } as const;

function datasetManifest(row: Selectable<CatalogSchema['datasets']>): DatasetManifest {
  const manifest = row.manifest as NewDataset;
  return { ...ABSENT, ...manifest, version: row.version, createdAt: row.created_at };
}
