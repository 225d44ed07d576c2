/** Small files of a view's table made large ones: what backfills of short intervals leave, bucket by bucket. */
import type { TableCatalog } from '../catalog/catalog.ts';
import type { CommittedFile, DataFile } from '../contracts/lake.ts';
import type { FeatureViewManifest } from '../contracts/manifest.ts';
import type { Micros } from '../contracts/time.ts';
import type { Engine, Session } from '../engine/engine.ts';
import { identifierList, literalText, literalTextList } from '../engine/sql.ts';
import { COMPACTION_LIMITS, type CompactionLimits } from '../lake/compaction-plan.ts';
import { compactTable, type CompactionReport } from '../lake/compaction.ts';
import type { Lake } from '../lake/lake.ts';
import { newViewFilePath } from '../lake/paths.ts';
import { PARQUET, publishDataFile } from '../lake/tables.ts';
import { relationKeys } from './event-relation.ts';
import { viewTable } from './view-coverage.ts';

export interface CompactViewRequest {
  readonly project: string;
  /** The version of the view whose table it is. */
  readonly view: FeatureViewManifest;
  readonly runId: string;
  readonly limits?: CompactionLimits;
}

/** See `compactTable`. Rows stay sorted by key and order; which intervals they belong to is the ledger's to say. */
export async function compactView(
  { tables, lake, engine }: { readonly tables: TableCatalog; readonly lake: Lake; readonly engine: Engine },
  { project, view, runId, limits = COMPACTION_LIMITS }: CompactViewRequest,
  options: { readonly signal?: AbortSignal; readonly progress?: (report: CompactionReport) => void } = {},
): Promise<CompactionReport> {
  return compactTable({
    tables,
    engine,
    table: viewTable(project, view),
    runId,
    limits,
    async rewrite(session, files) {
      const paths = await Promise.all(files.map((file) => lake.checkedPath(file)));
      const relation = `read_parquet(${literalTextList(paths)}, union_by_name = true)`;
      const columns = files.flatMap((file) => file.columns);
      const { bucket } = files[0]!;
      return [await writeViewFile({ lake, session }, view, relation, { bucket, from: firstEvent(files), columns })];
    },
    ...options,
  });
}

/** Writes and publishes rows of a view's table, `relation`, as one file in the order of the table. */
export async function writeViewFile(
  { lake, session }: { readonly lake: Lake; readonly session: Session },
  view: FeatureViewManifest,
  relation: string,
  { bucket, from, columns }: { readonly bucket: number | null; readonly from: Micros } & Pick<DataFile, 'columns'>,
): Promise<DataFile> {
  const { name, fingerprint } = view;
  const file = newViewFilePath({ view: name, fingerprint, bucket: bucket ?? 0, from });
  const order = `${identifierList(relationKeys(view))}, __event, __created NULLS FIRST, __seq`;
  const path = literalText(await lake.stagingPath(file.path));
  await session.run(`COPY (SELECT * FROM ${relation} ORDER BY ${order})
TO ${path} ${PARQUET}`);
  const vectors = columns.filter(({ type }) => type.startsWith('float32['));
  return publishDataFile(lake, session, file, {
    eventColumn: '__event',
    createdColumn: '__created',
    vectors: Object.fromEntries(vectors.map((column) => [column.name, column.type])),
    ...(bucket !== null && { bucket }),
  });
}

function firstEvent(files: readonly CommittedFile[]): bigint {
  return files.flatMap(({ minEvent }) => minEvent ?? []).reduce((least, event) => (event < least ? event : least));
}
