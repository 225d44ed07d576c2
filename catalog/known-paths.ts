/** What garbage collection must not touch. */
import type { DatasetManifest } from './catalog.ts';
import type { Queries } from './database.ts';

/** Paths of all data files of all snapshots, of what sources of databases remember, and the addresses that dataset manifests give their files. */
export async function knownPaths(db: Queries, project: string): Promise<ReadonlySet<string>> {
  const files = await db
    .selectFrom('files as f')
    .innerJoin('tables as t', 't.id', 'f.table_id')
    .select('f.path')
    .where('t.project', '=', project)
    .execute();
  // earlier ones are needed no more
  const seen = await db
    .selectFrom('database_reads as r')
    .innerJoin('tables as t', 't.id', 'r.table_id')
    .select('r.seen_path')
    .distinctOn('r.table_id')
    .where('t.project', '=', project)
    .orderBy('r.table_id')
    .orderBy('r.snapshot', 'desc')
    .execute();
  const datasets = await db.selectFrom('datasets').select('manifest').where('project', '=', project).execute();
  const known = new Set([...files.map((file) => file.path), ...seen.map((row) => row.seen_path)]);
  for (const { manifest } of datasets) {
    const { spine, files: shards } = manifest as Pick<DatasetManifest, 'spine' | 'files'>;
    for (const { uri } of [spine, ...shards]) known.add(uri);
  }
  return known;
}
