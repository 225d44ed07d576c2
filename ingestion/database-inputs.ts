/**
 * Rows of a database as inputs of an ingestion. The plan reads them, in one transaction, and keeps those that are new as files of
 * the run: what is staged later, however often, is what was read once.
 */
import { randomUUID } from 'node:crypto';
import { AsofError } from '../contracts/errors.ts';
import type { DatabasePosition, TableKey } from '../contracts/lake.ts';
import type { DatabaseSourceManifest } from '../contracts/manifest.ts';
import type { Session } from '../engine/engine.ts';
import { literalText, quoteIdentifier } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { stagingFilePath } from '../lake/paths.ts';
import { PARQUET } from '../lake/tables.ts';
import { requireColumns } from '../sources/databases/column-fit.ts';
import type { CursorRange, DatabaseColumn, DatabaseConnection } from '../sources/databases/connection.ts';
import { cursorText } from '../sources/databases/cursor-text.ts';
import { fetchRows, selectedColumns } from '../sources/databases/fetched-rows.ts';
import { databasePath, openDatabase } from '../sources/databases/open.ts';
import { parquetRelation } from '../sources/parquet-relation.ts';
import { planReading } from '../sources/reading.ts';
import { ROW_COLUMN } from '../sources/source.ts';
import { FRESH_ROWS, judgeRows, KNOWN_ROWS, positionAfter, type ReadRows } from './database-novelty.ts';
import { countDays } from './day-counts.ts';
import type { IngestionDependencies, StepOptions } from './dependencies.ts';
import type { DatabaseReading, PlannedInput } from './ingestion-plan.ts';
import type { StagedInput } from './staged-table.ts';

/** One file, and so one activity at most, takes so many. */
const FILE_ROWS = 500_000;

export interface PlannedDatabase {
  readonly inputs: readonly PlannedInput[];
  readonly database: DatabaseReading;
}

/**
 * Reads from where the table ends. Throws what `openDatabase` and `requireColumns` throw, and `CONFLICT` for a source that was read by
 * another cursor before.
 */
export async function planDatabase(
  { catalog, lake, engine }: IngestionDependencies,
  {
    source,
    table,
    runId,
  }: { readonly source: DatabaseSourceManifest; readonly table: TableKey; readonly runId: string },
  { signal, progress }: StepOptions,
): Promise<PlannedDatabase> {
  const reached = await catalog.tables.databasePosition(table);
  return engine.session(async (session) => {
    const read = await readRows(session, source, reached, { ...(signal && { signal }), ...(progress && { progress }) });
    await judgeRows(session, lake, read);
    const known = `(SELECT read.* FROM (${read.reading.sql}) AS read SEMI JOIN ${KNOWN_ROWS} USING (${ROW_COLUMN}))`;
    const deduplicated = await countDays(session, known, source.timestamp);
    const files = await keepRows(session, lake, read, runId);
    const rows = files.reduce((sum, file) => sum + file.rows, 0);
    // without new rows there is no commit, and the position stays
    if (rows === 0) return { inputs: [], database: { after: reached?.snapshot ?? 0, position: null, deduplicated } };
    const position = await positionAfter(session, lake, read);
    // never the same block twice: another attempt of the plan may have read other rows
    const key = `database ${source.name} ${randomUUID()}`;
    const sequenceStart = await catalog.tables.reserveSequences({ table, key, count: BigInt(rows) });
    return {
      inputs: inputsOf(source, files, sequenceStart),
      database: { after: reached?.snapshot ?? 0, position, deduplicated },
    };
  }, signal);
}

/** Plans the staging of files that the plan kept. */
export async function openKeptRows(
  lake: Lake,
  session: Session,
  source: DatabaseSourceManifest,
  planned: readonly PlannedInput[],
): Promise<readonly StagedInput[]> {
  const inputs: StagedInput[] = [];
  for (const { path, kept, sequenceStart, take, skip } of planned) {
    if (kept === undefined) continue;
    const raw = await parquetRelation(session, await lake.checkedPath(kept.file));
    inputs.push({ reading: { ...planReading(source, path, raw), firstRow: kept.firstRow }, sequenceStart, take, skip });
  }
  return inputs;
}

/** Whether another run has read on from where the plan begins. */
export async function isDatabaseOvertaken(
  { catalog }: Pick<IngestionDependencies, 'catalog'>,
  table: TableKey,
  after: number,
): Promise<boolean> {
  return ((await catalog.tables.databasePosition(table))?.snapshot ?? 0) !== after;
}

async function readRows(
  session: Session,
  source: DatabaseSourceManifest,
  before: DatabasePosition | undefined,
  { signal, progress }: StepOptions,
): Promise<ReadRows> {
  await using connection = await openDatabase(source, signal);
  const path = databasePath(source);
  const columns = await connection.columns();
  requireColumns(source, path, columns);
  const cursor = await cursorRange(connection, source, columns, before);
  const selected = selectedColumns(source, columns);
  const fetched = await fetchRows(session, connection, { columns: selected, cursor }, progress);
  return { source, fetched, reading: planReading(source, path, fetched.relation), before };
}

async function cursorRange(
  connection: DatabaseConnection,
  source: DatabaseSourceManifest,
  columns: readonly DatabaseColumn[],
  before: DatabasePosition | undefined,
): Promise<CursorRange | null> {
  const declared = source.columns.find(({ name }) => name === source.cursor);
  // a source that was read as a whole has seen all its rows, so a cursor may begin anywhere
  if (before !== undefined && before.cursor !== null && before.cursor !== declared?.from) {
    const problem =
      `it was read by the cursor "${before.cursor}" so far, and what another one would find again cannot be told from what is new; ` +
      'keep that cursor, or give the source another name';
    throw new AsofError('CONFLICT', { where: `source ${source.name}`, problem });
  }
  const column = columns.find(({ name }) => name === declared?.from);
  if (declared === undefined || column === undefined) return null;
  const to =
    source.lagMicros === 0
      ? null
      : cursorText(source, declared.type, column, (await connection.now()) - BigInt(source.lagMicros));
  return { column, from: before?.value ?? null, to };
}

interface KeptFile {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  readonly checksum: string;
}

/** The new rows under the names of the database, in the order in which they came. */
async function keepRows(
  session: Session,
  lake: Lake,
  { fetched: { relation } }: ReadRows,
  runId: string,
): Promise<readonly KeptFile[]> {
  await session.run(
    `CREATE TEMP TABLE kept AS SELECT ${ROW_COLUMN}, row_number() OVER (ORDER BY ${ROW_COLUMN}) - 1 AS place FROM ${FRESH_ROWS}`,
  );
  const [counted] = await session.rows('SELECT count(*) AS n FROM kept');
  const total = Number(counted?.['n']);
  const columns = relation.columns.map(({ name, alias }) => `${alias} AS ${quoteIdentifier(name)}`).join(', ');
  const files: KeptFile[] = [];
  for (let from = 0; from < total; from += FILE_ROWS) {
    const rows = Math.min(FILE_ROWS, total - from);
    const path = stagingFilePath(runId, `rows-${randomUUID()}.parquet`);
    await session.run(
      `COPY (SELECT ${columns} FROM (${relation.sql}) JOIN kept USING (${ROW_COLUMN})
       WHERE place >= ${from} AND place < ${from + rows} ORDER BY place) TO ${literalText(await lake.stagingPath(path))} ${PARQUET}`,
    );
    files.push({ path, rows, ...(await lake.publish(path)) });
  }
  return files;
}

function inputsOf(
  source: DatabaseSourceManifest,
  files: readonly KeptFile[],
  sequenceStart: bigint,
): readonly PlannedInput[] {
  let first = 0n;
  return files.map((file) => {
    const before = first;
    first += BigInt(file.rows);
    return {
      ...{
        path: databasePath(source),
        checksum: file.checksum,
        bytes: file.bytes,
        modifiedNanos: '0',
        rows: file.rows,
      },
      sequenceStart: sequenceStart + before,
      ...{ take: null, skip: [], replaces: [] },
      kept: { file, firstRow: before + 1n },
    };
  });
}
