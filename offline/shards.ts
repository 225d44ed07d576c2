/** How many shards a retrieval is split into when nobody says. */
import type { TableCatalog } from '../catalog/catalog.ts';
import type { FeaturePlan } from '../contracts/plan.ts';
import { sourceTable } from './view-coverage.ts';

/** Rows that one shard handles within a gigabyte or two. Only windows hold events; as-of rows stream past. */
const SPINE_ROWS = 2_000_000;
const EVENT_ROWS = 25_000_000;
const MOST_SHARDS = 64;

/** By the spine's rows and those of the largest source of a windowed view, at the pinned snapshots. */
export async function chooseShards(
  tables: TableCatalog,
  project: string,
  plan: FeaturePlan,
  snapshots: Readonly<Record<string, number>>,
  spineRows: number,
): Promise<number> {
  const windowed = plan.views.filter(({ view }) => view.mode === 'aggregate');
  const sources = new Map(windowed.map(({ source }) => [source.name, source]));
  const counts = await Promise.all(
    [...sources.values()].map(async (source) => {
      const { files } = await tables.files(sourceTable(project, source), snapshots[source.name]);
      return files.reduce((total, { rows }) => total + rows, 0);
    }),
  );
  const wanted = Math.max(spineRows / SPINE_ROWS, ...counts.map((rows) => rows / EVENT_ROWS));
  return Math.min(Math.max(Math.ceil(wanted), 1), MOST_SHARDS);
}
