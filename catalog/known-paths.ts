/** What garbage collection must not touch. */
import type { DatasetManifest } from './catalog.ts';
import type { Queries } from './database.ts';

/** Paths of all data files of all snapshots, and the addresses that dataset manifests give their files. */
export async function knownPaths(db: Queries, project: string): Promise<ReadonlySet<string>> {
  const files = await db
    .selectFrom('files as f')
    .innerJoin('tables as t', 't.id', 'f.table_id')
    .select('f.path')
    .where('t.project', '=', project)
    .execute();
  const datasets = await db.selectFrom('datasets').select('manifest').where('project', '=', project).execute();
  const known = new Set(files.map((file) => file.path));
  for (const { manifest } of datasets) {
    const { spine, files: shards } = manifest as Pick<DatasetManifest, 'spine' | 'files'>;
    for (const { uri } of [spine, ...shards]) known.add(uri);
  }
  return known;
}
