/** The snapshot of each source that one retrieval reads throughout. */
import type { TableCatalog } from '../catalog/catalog.ts';
import type { FeaturePlan } from '../contracts/plan.ts';
import { sourceTable } from './view-coverage.ts';

/** Source name to snapshot: the chosen one, else the newest. */
export async function pinSnapshots(
  tables: TableCatalog,
  project: string,
  plan: FeaturePlan,
  chosen: Readonly<Record<string, number>> = {},
): Promise<Readonly<Record<string, number>>> {
  const sources = new Map(plan.views.map(({ source }) => [source.name, source]));
  const pinned = [...sources].map(
    async ([name, source]) => [name, chosen[name] ?? (await tables.head(sourceTable(project, source)))] as const,
  );
  return Object.fromEntries(await Promise.all(pinned));
}
