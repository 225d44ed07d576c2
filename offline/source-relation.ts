/** The rows of a source at a pinned snapshot, as a query of a user sees them: its declared columns under its names. */
import type { TableCatalog } from '../catalog/catalog.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import { storedType } from '../contracts/values.ts';
import { literalTextList, quoteIdentifier, sqlType } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { pruneFiles, type EventRange } from './event-relation.ts';
import { sourceTable } from './view-coverage.ts';

export interface SourceDependencies {
  readonly lake: Lake;
  readonly tables: TableCatalog;
}

export interface SourceRelation {
  /** A SELECT. Its files are at hand. */
  readonly sql: string;
  readonly snapshot: number;
  /** Of its files. */
  readonly rows: number;
}

/** Files without a row in `range` are left out; the others are whole. */
export async function openSource(
  { lake, tables }: SourceDependencies,
  input: {
    readonly project: string;
    readonly source: StoredSourceManifest;
    /** By source; the newest when the source is not named. */
    readonly snapshots: Readonly<Record<string, number>>;
    readonly range?: EventRange;
  },
): Promise<SourceRelation> {
  const { source, range = {} } = input;
  const { snapshot, files } = await tables.files(sourceTable(input.project, source), input.snapshots[source.name]);
  const needed = pruneFiles(files, range);
  const known = new Set(needed.flatMap(({ columns }) => columns.map(({ name }) => name)));
  const list = source.columns.map(({ name, type }) => {
    const target = sqlType(storedType(type));
    return `${known.has(name) ? quoteIdentifier(name) : 'NULL'}::${target} AS ${quoteIdentifier(name)}`;
  });
  const rows = needed.reduce((sum, file) => sum + file.rows, 0);
  if (needed.length === 0) return { snapshot, rows, sql: `SELECT ${list.join(', ')} WHERE false` };
  const paths = literalTextList(await Promise.all(needed.map((file) => lake.checkedPath(file))));
  return { snapshot, rows, sql: `SELECT ${list.join(', ')} FROM read_parquet(${paths}, union_by_name = true)` };
}
