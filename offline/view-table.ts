/**
 * The view's own table: the projection that the view reads, cut by interval and hash bucket of the key, sorted by key and
 * order. It saves later reads the search through the source's days; it never changes an answer.
 */
import type { TableCatalog } from '../catalog/catalog.ts';
import { isTileFile, type CommittedFile, type DataFile, type TimeRange } from '../contracts/lake.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { DefinitionRuntime } from '../contracts/plan.ts';
import type { Session } from '../engine/engine.ts';
import { identifierList, literalText, literalTimestamp } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { newViewFilePath, type NewFile } from '../lake/paths.ts';
import { PARQUET, publishDataFile } from '../lake/tables.ts';
import { columnType, eventRelation, relationKeys, usedColumns, type EventFile } from './event-relation.ts';
import { openSourceRows } from './made-rows/made-relation.ts';
import { tiledRange, writeTileFile } from './tiles/tile-file.ts';
import { planTiles } from './tiles/tile-plan.ts';
import { sourceTable, viewTable } from './view-coverage.ts';

/** Of a view's version, for good: a key's rows are in the same bucket of every interval. */
const VIEW_BUCKETS = 8;
/** An interval with fewer rows is one file, in bucket 0: files of a few rows cost more than they save. */
const LEAST_BUCKETED_ROWS = 200_000;

export interface ViewTableDependencies {
  readonly session: Session;
  readonly lake: Lake;
  readonly tables: TableCatalog;
}

export interface ViewIntervalInput {
  readonly project: string;
  readonly view: FeatureViewManifest;
  /** As the view sees it. */
  readonly source: StoredSourceManifest;
  /** The source itself, for a view that makes rows. */
  readonly base?: StoredSourceManifest | undefined;
  /** Needed for a view with a `map`. */
  readonly runtime?: DefinitionRuntime | undefined;
  /** Of the source. */
  readonly snapshot: number;
  readonly range: TimeRange;
  /** Rows that a tile must have on average for tiles to be written. @default 2 */
  readonly rowsPerTile?: number;
}

/** What to commit to the view's table, from `base` on. */
export interface ViewInterval {
  readonly base: number;
  readonly add: readonly DataFile[];
  /** Files of an earlier run of the interval. */
  readonly remove: readonly string[];
  /** Rows read from the source. */
  readonly rows: number;
}

/** Source columns that the view's table keeps: what its features and the identity of its events need. */
function viewColumns(view: FeatureViewManifest, source: StoredSourceManifest): readonly string[] {
  const identity = view.mode === 'aggregate' && source.eventId !== null ? [source.eventId] : [];
  return [...new Set([...usedColumns(view), ...identity])];
}

/**
 * Writes and publishes the files of one interval. A file of the view's head that also holds other times is replaced: its
 * rows outside the interval are written again beside the new ones.
 */
export async function writeViewInterval(
  { session, lake, tables }: ViewTableDependencies,
  input: ViewIntervalInput,
): Promise<ViewInterval> {
  const { view, source, range } = input;
  const table = viewTable(input.project, view);
  const { snapshot: base, files: replaced } = await tables.files(table, undefined, range);
  // an interval that was never written has no tiles either, so a long backfill never lists them all
  const everyFile = replaced.length === 0 ? [] : (await tables.files(table, base)).files;
  const stale = everyFile.filter((file) => isTileFile(file) && overlaps(file, input));
  const { files: sourceFiles } = await tables.files(sourceTable(input.project, source), input.snapshot, range);
  const atHand = (from: readonly CommittedFile[]): Promise<readonly EventFile[]> =>
    Promise.all(from.map(async (file) => ({ localPath: await lake.checkedPath(file), columns: file.columns })));
  const columns = viewColumns(view, source);
  const inside = `__event >= ${literalTimestamp(range.from)} AND __event < ${literalTimestamp(range.to)}`;
  const fresh = await openSourceRows(
    { session, runtime: input.runtime },
    { view, source, base: input.base, files: await atHand(sourceFiles) },
  );
  await session.run(
    `CREATE OR REPLACE TEMP TABLE view_interval AS SELECT *, true AS __fresh FROM (${fresh(columns)}) WHERE ${inside}`,
  );
  const rows = await countRows(session, '__fresh');
  if (replaced.length > 0) {
    // what is rewritten whole is not read: so it may be damaged
    const partly = replaced.filter((file) => !isInside(file, range));
    const kept = eventRelation({ table: 'view', view, source, files: await atHand(partly), columns });
    await session.run(
      `INSERT INTO view_interval BY NAME SELECT *, false AS __fresh FROM (${kept}) WHERE NOT (${inside})`,
    );
  }
  const add: DataFile[] = [];
  const total = await countRows(session, 'true');
  const buckets = total < LEAST_BUCKETED_ROWS ? 1 : VIEW_BUCKETS;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const file = newViewFilePath({ view: view.name, fingerprint: view.fingerprint, bucket, from: range.from });
    const written = await writeBucket({ session, lake }, view, source, file, { bucket, buckets });
    if (written) add.push(written);
  }
  const events = 'SELECT * EXCLUDE (__fresh) FROM view_interval WHERE __fresh';
  const tiles = await writeTileFile(session, lake, { ...input, events, rows });
  await session.run('DROP TABLE view_interval');
  return { base, add: tiles ? [...add, tiles] : add, remove: [...replaced, ...stale].map(({ id }) => id), rows };
}

function isInside({ minEvent, maxEvent }: CommittedFile, { from, to }: TimeRange): boolean {
  return minEvent !== null && maxEvent !== null && minEvent >= from && maxEvent < to;
}

/** Whether a file of tiles stands for a part of the interval. What it says of other times goes with it. */
function overlaps(file: CommittedFile, { view, source, range }: ViewIntervalInput): boolean {
  const plan = planTiles(view, source);
  const tiled = plan && tiledRange(file, plan.micros);
  return tiled === undefined || (tiled.from < range.to && tiled.to > range.from);
}

async function writeBucket(
  { session, lake }: Pick<ViewTableDependencies, 'session' | 'lake'>,
  view: FeatureViewManifest,
  source: StoredSourceManifest,
  file: NewFile,
  { bucket, buckets }: { readonly bucket: number; readonly buckets: number },
): Promise<DataFile | undefined> {
  const keys = identifierList(relationKeys(view));
  const chosen = buckets === 1 ? 'true' : `hash(${keys}) % ${buckets} = ${bucket}`;
  if ((await countRows(session, chosen)) === 0) return undefined;
  const path = literalText(await lake.stagingPath(file.path));
  await session.run(`COPY (
  SELECT * EXCLUDE (__fresh) FROM view_interval WHERE ${chosen}
  ORDER BY ${keys}, __event, __created NULLS FIRST, __seq
) TO ${path} ${PARQUET}`);
  const types = viewColumns(view, source).map((name) => [name, columnType(source, name)] as const);
  return publishDataFile(lake, session, file, {
    eventColumn: '__event',
    createdColumn: '__created',
    vectors: Object.fromEntries(types.filter(([, type]) => type.startsWith('float32['))),
    bucket,
  });
}

async function countRows(session: Session, condition: string): Promise<number> {
  const [row] = await session.rows(`SELECT count(*) AS n FROM view_interval WHERE ${condition}`);
  return Number(row!['n']);
}
