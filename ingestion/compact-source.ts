/** Small files of a source's table made large ones: the same rows under the same sequences, in the layout of ingestion. */
import { SEQUENCE_COLUMN, type CommittedFile } from '../contracts/lake.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import { literalTextList } from '../engine/sql.ts';
import { COMPACTION_LIMITS, type CompactionLimits } from '../lake/compaction-plan.ts';
import { compactTable, type CompactionReport } from '../lake/compaction.ts';
import type { IngestionDependencies } from './dependencies.ts';
import { sourceTable } from './plan-ingestion.ts';
import { writeSourceFiles } from './source-files.ts';

export interface CompactSourceRequest {
  readonly project: string;
  readonly source: StoredSourceManifest;
  readonly runId: string;
  readonly limits?: CompactionLimits;
}

/** See `compactTable`. Files that lack the source's event time, from before a change of definitions, are left alone. */
export async function compactSource(
  { catalog, lake, engine }: IngestionDependencies,
  { project, source, runId, limits = COMPACTION_LIMITS }: CompactSourceRequest,
  options: { readonly signal?: AbortSignal; readonly progress?: (report: CompactionReport) => void } = {},
): Promise<CompactionReport> {
  return compactTable({
    tables: catalog.tables,
    engine,
    table: sourceTable(project, source.name),
    runId,
    limits,
    chooses: (file) => hasColumn(file, source.timestamp),
    async rewrite(session, files) {
      const paths = await Promise.all(files.map((file) => lake.checkedPath(file)));
      const columns = new Map(files.flatMap((file) => file.columns.map((column) => [column.name, column] as const)));
      columns.delete(SEQUENCE_COLUMN);
      const created = source.created !== null && columns.has(source.created) ? source.created : null;
      const relation = `read_parquet(${literalTextList(paths)}, union_by_name = true)`;
      const layout = { name: source.name, timestamp: source.timestamp, created };
      return (await writeSourceFiles(lake, session, layout, relation, [...columns.values()])).files;
    },
    ...options,
  });
}

function hasColumn(file: CommittedFile, name: string): boolean {
  return file.columns.some((column) => column.name === name && column.type === 'timestamp');
}
