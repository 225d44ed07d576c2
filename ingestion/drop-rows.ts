/** Gives up rows that were set aside: they stay in the quarantine's files, and are replayed no more. */
import type { Catalog } from '../catalog/catalog.ts';
import type { SequenceRange } from '../contracts/lake.ts';
import type { Engine } from '../engine/engine.ts';
import type { Lake } from '../lake/lake.ts';
import { sourceTable } from './plan-ingestion.ts';
import { openQuarantine, quarantineCondition, type QuarantineFilter } from './quarantined-rows.ts';

/** Answers how many of the open rows were dropped. Throws `COMMIT_CONFLICT` when one of them was replayed meanwhile; then none is. */
export async function dropRows(
  {
    catalog,
    lake,
    engine,
  }: { readonly catalog: Pick<Catalog, 'tables'>; readonly lake: Lake; readonly engine: Engine },
  request: {
    readonly project: string;
    readonly source: string;
    readonly filter: Omit<QuarantineFilter, 'status'>;
    readonly runId: string;
  },
): Promise<number> {
  const { project, source, filter, runId } = request;
  const ranges = await engine.session(async (session): Promise<readonly SequenceRange[]> => {
    const relation = await openQuarantine({ catalog, lake }, session, { project, name: source });
    if (relation === undefined) return [];
    const chosen = quarantineCondition({ ...filter, status: 'open' });
    const rows = await session.rows(`SELECT id FROM ${relation} WHERE ${chosen} ORDER BY id`);
    return rows.map((row) => ({ start: row['id'] as bigint, end: (row['id'] as bigint) + 1n }));
  });
  await catalog.tables.dropQuarantined({ source: sourceTable(project, source), ranges, runId });
  return ranges.length;
}
