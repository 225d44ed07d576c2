/** Tables of readings: the same rows on every machine, made by hashing the row's number, whatever memory it has. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { openEngine } from '../engine/duckdb.ts';
import type { Session } from '../engine/engine.ts';
import { literalText } from '../engine/sql.ts';
import { provideLakeProject, sourceFiles, type LakeProject } from './lake-project.ts';
import type { BenchContext } from './row.ts';

/** Raised when the same sizes give other rows. */
const GENERATOR = 2;

/** One table of readings: key, event_ts, created_ts, and the values f0, f1, … */
export interface ReadingsTable {
  readonly name: string;
  readonly rows: number;
  readonly keys: number;
  readonly values: number;
}

const DAYS = 90;
const MICROS_PER_DAY = 86_400_000_000;
/** 2024-01-01T00:00:00Z. */
const START = 1_704_067_200_000_000;
/** A larger table is several files. */
const FILE_ROWS = 10_000_000;

export const TTL_DAYS = 7;

/** A project with one view of each table, named after it, with all its values. */
export interface ReadingsProject extends LakeProject {
  readonly views: readonly ReadingsView[];
}

export interface ReadingsView {
  readonly name: string;
  readonly values: readonly string[];
  /** Globs of what was ingested, and of the lake's files of it. */
  readonly files: string;
  readonly lakeFiles: string;
}

export async function provideReadings(
  context: BenchContext,
  name: string,
  tables: readonly ReadingsTable[],
): Promise<ReadingsProject> {
  const project = await provideLakeProject(context, {
    name: `${name}-${GENERATOR}`,
    makeData: async (root) => {
      for (const [index, table] of tables.entries()) await makeReadings(path.join(root, table.name), table, index);
    },
    definitions: definitionsOf(tables),
    steps: tables.map((table) => ['ingest', table.name]),
  });
  const views = tables.map((table) => ({
    name: table.name,
    values: valuesOf(table),
    files: path.join(project.root, table.name, '*.parquet'),
    lakeFiles: sourceFiles(project, table.name),
  }));
  return { ...project, views };
}

function valuesOf({ values }: ReadingsTable): readonly string[] {
  return Array.from({ length: values }, (_, index) => `f${index}`);
}

function definitionsOf(tables: readonly ReadingsTable[]): string {
  const views = tables.map((table) => {
    const { name } = table;
    const values = valuesOf(table);
    const schema = ["key: 'int64'", "event_ts: 'timestamp'", "created_ts: 'timestamp'"];
    return `
const ${name}Source = fileSource('${name}', {
  path: '../${name}/*.parquet', timestamp: 'event_ts', created: 'created_ts',
  schema: { ${[...schema, ...values.map((value) => `${value}: 'float64'`)].join(', ')} },
});
const ${name} = featureView('${name}', {
  entities: [item], source: ${name}Source, ttl: '${TTL_DAYS}d',
  features: { ${values.map((value) => `${value}: numeric()`).join(', ')} },
});
`;
  });
  const names = tables.flatMap(({ name }) => [`${name}Source`, name]);
  return `import { entity, featureView, fileSource, numeric } from 'asof';

const item = entity('item', { keys: { key: 'int64' } });
${views.join('')}
export const definitions = [item, ${names.join(', ')}];
`;
}

async function makeReadings(folder: string, table: ReadingsTable, salt: number): Promise<void> {
  for (let file = 0; file * FILE_ROWS < table.rows; file++) {
    const from = file * FILE_ROWS;
    const to = Math.min(table.rows, from + FILE_ROWS);
    await writeOnce(path.join(folder, `${file}.parquet`), readingsSql(table, { from, to }, salt * 1000));
  }
}

function readingsSql(
  table: ReadingsTable,
  { from, to }: { readonly from: number; readonly to: number },
  salt: number,
): string {
  const list = valuesOf(table).map((name, index) => `(hash(i, ${salt + index + 10}) % 1000000) / 1000.0 AS ${name}`);
  return `SELECT (hash(i, ${salt + 1}) % ${table.keys})::BIGINT AS key, ${instant(salt + 2)} AS event_ts,
  ${instant(salt + 2)} + to_seconds((hash(i, ${salt + 3}) % 3600)::BIGINT) AS created_ts, ${list.join(', ')}
FROM range(${from}, ${to}) t(i)`;
}

/** The path of a spine of the columns key and event_timestamp, which is written unless it is there. */
export async function makeSpine(directory: string, rows: number, keys: number): Promise<string> {
  const file = path.join(directory, `spine-${rows}.parquet`);
  await writeOnce(
    file,
    `SELECT (hash(i, 4) % ${keys})::BIGINT AS key, ${instant(5)} AS event_timestamp FROM range(${rows}) t(i)`,
  );
  return file;
}

/** Writes a query of the engine to a Parquet file, unless it is there. */
export async function writeOnce(file: string, query: string): Promise<void> {
  if (existsSync(file)) return;
  await mkdir(path.dirname(file), { recursive: true });
  await withSession(path.dirname(file), (session) =>
    session.run(`COPY (${query}) TO ${literalText(`${file}.half`)} (FORMAT parquet, COMPRESSION zstd)`),
  );
  await rename(`${file}.half`, file);
}

/** A session that may use the files of one directory. */
export async function withSession<T>(directory: string, work: (session: Session) => Promise<T>): Promise<T> {
  const tempDirectory = path.join(directory, 'spill');
  const engine = await openEngine({
    memoryLimit: '2GB',
    threads: 2,
    tempDirectory,
    allowedDirectories: [directory],
  });
  try {
    return await engine.session(work);
  } finally {
    await engine.close();
    await rm(tempDirectory, { recursive: true, force: true });
  }
}

function instant(salt: number): string {
  return `make_timestamp((${START} + hash(i, ${salt}) % ${DAYS * MICROS_PER_DAY})::BIGINT)`;
}
