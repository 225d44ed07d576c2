/** What `asof describe` says of a source: its account, and what its table takes. */
import type { Catalog } from '../catalog/catalog.ts';
import type { CommittedFile, DatabasePosition, TableKey } from '../contracts/lake.ts';
import type { DatabaseSourceManifest, SourceManifest } from '../contracts/manifest.ts';
import { plainBytes, tableSize, type TableSize } from '../lake/table-size.ts';
import type { OfflineStores } from './offline-stores.ts';
import { drawTable, formatCount } from './table.ts';

export interface Description {
  readonly document: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}

/** With `stores` the overhead is measured, by writing the table's rows once more. */
export async function describeSource(
  catalog: Catalog,
  project: string,
  source: SourceManifest,
  stores?: OfflineStores,
): Promise<Description> {
  const table: TableKey = { project, kind: 'source', name: source.name, version: '' };
  const { snapshot, files } = await catalog.tables.files(table);
  const size = tableSize(files, await catalog.tables.everyFile(table));
  const overhead = stores && (await measureOverhead(stores, files));
  const conservation = await accountOf(catalog, table);
  const topic = source.kind === 'kafka' ? await topicOf(catalog, table, source.topic) : undefined;
  const database = source.kind === 'database' ? await catalog.tables.databasePosition(table) : undefined;
  return {
    document: {
      kind: `${source.kind} source`,
      definition: source,
      snapshot,
      ...size,
      ...(overhead !== undefined && { overhead }),
      conservation,
      ...(topic !== undefined && { topic }),
      ...(database !== undefined && { database: { cursor: database.cursor, value: database.value } }),
    },
    lines: [
      `${source.kind} source ${source.name}: snapshot ${snapshot}, ${formatCount(size.rows)} rows in ${formatCount(size.files)} files`,
      ...describeSize(size, overhead),
      `rows in ${formatCount(conservation.rowsIn)} = committed ${formatCount(conservation.committed)}` +
        ` + quarantined ${formatCount(conservation.quarantined)} + deduplicated ${formatCount(conservation.deduplicated)}`,
      ...(conservation.expired !== undefined ? [`${formatCount(conservation.expired)} of them expired since`] : []),
      ...(topic === undefined ? [] : describeTopic(topic)),
      ...(source.kind === 'database' ? [describeReach(source, database)] : []),
      '',
      drawTable(
        ['column', 'type'],
        source.columns.map((column) => [column.name, column.type]),
      ),
    ],
  };
}

function describeReach(source: DatabaseSourceManifest, reached: DatabasePosition | undefined): string {
  const object = source.table === null ? 'query' : `table ${source.table}`;
  if (reached === undefined) return `${object}: not ingested yet`;
  return reached.value === null
    ? `${object}: read as a whole each time`
    : `${object}: read up to ${reached.cursor} ${reached.value}`;
}

interface TopicAccount {
  readonly name: string;
  /** The offset of the first message that is not ingested yet, by partition. Offsets are decimal text. */
  readonly positions: Readonly<Record<string, string>>;
  /** What was gone before it was read: `from` (inclusive) to `to` (exclusive). */
  readonly lost: readonly { readonly partition: number; readonly from: string; readonly to: string }[];
}

async function topicOf(catalog: Catalog, table: TableKey, name: string): Promise<TopicAccount> {
  const positions = await catalog.tables.topicPositions(table, name);
  const lost = (await catalog.tables.lostRanges(table)).filter(({ topic }) => topic === name);
  return {
    name,
    positions: Object.fromEntries([...positions].map(([partition, next]) => [partition, String(next)])),
    lost: lost.map(({ partition, from, to }) => ({ partition, from: String(from), to: String(to) })),
  };
}

function describeTopic({ name, positions, lost }: TopicAccount): readonly string[] {
  const reached = Object.entries(positions).map(([partition, next]) => `partition ${partition} up to offset ${next}`);
  return [
    `topic ${name}: ${reached.length === 0 ? 'not ingested yet' : reached.join(', ')}`,
    ...lost.map(
      ({ partition, from, to }) =>
        `gone before they were read: partition ${partition}, offsets ${from} to ${BigInt(to) - 1n}`,
    ),
  ];
}

/** By how much the table is larger than its rows as one file of DuckDB: 0.08 for 8 %. 0 for an empty table. */
async function measureOverhead(
  { engine, lake, workDirectory }: OfflineStores,
  files: readonly CommittedFile[],
): Promise<number> {
  const plain = await engine.session((session) => plainBytes({ lake, session, directory: workDirectory }, files));
  return plain === 0 ? 0 : files.reduce((sum, { bytes }) => sum + bytes, 0) / plain - 1;
}

function describeSize({ bytes, smallFiles, history }: TableSize, overhead: number | undefined): readonly string[] {
  const measured =
    overhead === undefined
      ? ' (by how much more than a plain file, says --measure)'
      : `, ${(overhead * 100).toFixed(1)} % more than as one file written by DuckDB with zstd`;
  return [
    `${formatCount(bytes)} bytes${measured}`,
    ...(smallFiles > 0 ? [`${formatCount(smallFiles)} small files: \`asof maintain\` makes them fewer`] : []),
    ...(history.files > 0
      ? [`${formatCount(history.bytes)} bytes more in ${formatCount(history.files)} files of earlier snapshots`]
      : []),
  ];
}

async function accountOf(catalog: Catalog, table: TableKey) {
  const intervals = await catalog.tables.conservation(table);
  const sum = (pick: (interval: (typeof intervals)[number]) => number): number =>
    intervals.reduce((total, interval) => total + pick(interval), 0);
  const expired = sum((interval) => interval.expired ?? 0);
  return {
    rowsIn: sum(({ rowsIn }) => rowsIn),
    committed: sum(({ committed }) => committed),
    quarantined: sum(({ quarantined }) => quarantined),
    deduplicated: sum(({ deduplicated }) => deduplicated),
    ...(expired > 0 && { expired }),
  };
}
