/** A project with a real catalog, lake and engine, whose source tables are filled by SQL. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { Manifest, StoredSourceManifest } from '../../../contracts/manifest.ts';
import type { DefinitionRuntime, FeatureRequest } from '../../../contracts/plan.ts';
import { collectDefinitions } from '../../../definitions/normalization/definition-set.ts';
import { normalizeDefinitions } from '../../../definitions/normalization/manifest.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import { createRuntime } from '../../../definitions/runtime.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine, EngineRow } from '../../../engine/engine.ts';
import { literalText, quoteIdentifier, sqlType } from '../../../engine/sql.ts';
import { storedType } from '../../../contracts/values.ts';
import type { Lake } from '../../../lake/lake.ts';
import { openLake } from '../../../lake/open.ts';
import { newSourceFilePath } from '../../../lake/paths.ts';
import { publishDataFile } from '../../../lake/tables.ts';
import {
  retrieveHistorical,
  type RetrievalDependencies,
  type Retrieved,
  type RetrievalRequest,
} from '../../../offline/retrieval.ts';
import { newCommit } from '../../support/commits.ts';
import { settingsFor } from '../../support/settings.ts';
import { createDatabase, temporaryDirectory, uniqueName } from '../../support/stack.ts';

export interface OfflineFixture {
  readonly project: string;
  readonly directory: string;
  readonly catalog: Catalog;
  readonly catalogUrl: string;
  readonly lake: Lake;
  readonly engine: Engine;
  readonly manifest: Manifest;
  readonly runtime: DefinitionRuntime;
  close(): Promise<void>;
}

/** @param definitions what a definitions file exports */
export async function openFixture(definitions: Readonly<Record<string, unknown>>): Promise<OfflineFixture> {
  const directory = temporaryDirectory();
  const database = await createDatabase();
  const project = uniqueName('offline');
  const lake = await openLake(settingsFor(directory.path, { project }));
  const catalog = await openCatalog({ url: database.url, poolSize: 2 });
  const engine = await openEngine({
    memoryLimit: '1GB',
    threads: 2,
    tempDirectory: join(directory.path, 'spill'),
    allowedDirectories: [...lake.directories, directory.path],
  });
  const set = collectDefinitions([{ file: 'definitions.ts', exports: definitions }]);
  return {
    project,
    directory: directory.path,
    catalog,
    catalogUrl: database.url,
    lake,
    engine,
    manifest: normalizeDefinitions(set, { project, projectDirectory: directory.path, functionHash: () => 'function' }),
    runtime: createRuntime(set),
    async close() {
      await engine.close();
      await catalog.close();
      await database.drop();
      directory.remove();
    },
  };
}

export function storedSource(fixture: OfflineFixture, name: string): StoredSourceManifest {
  const source = fixture.manifest.sources.find((candidate) => candidate.name === name);
  if (!source || source.kind === 'request') throw new Error(`no stored source ${name}`);
  return source;
}

/**
 * Appends one file to a source's table. `rows` are VALUES lists in the order of the declared columns; text casts to
 * their types.
 * @returns the new snapshot
 */
export function ingest(
  fixture: OfflineFixture,
  name: string,
  rows: readonly string[],
  firstSequence: number,
): Promise<number> {
  const columns = storedSource(fixture, name).columns.map((column) => quoteIdentifier(column.name));
  const values = `SELECT * FROM (VALUES ${rows.map((row) => `(${row})`).join(', ')}) t (${columns.join(', ')})`;
  return ingestQuery(fixture, name, values, firstSequence);
}

/** As `ingest`, with the rows of a query that names the declared columns. */
export async function ingestQuery(
  fixture: OfflineFixture,
  name: string,
  query: string,
  firstSequence: number,
): Promise<number> {
  const { catalog, lake, engine, project } = fixture;
  const source = storedSource(fixture, name);
  const table = { project, kind: 'source', name, version: '' } as const;
  const typed = source.columns.map(
    (column) =>
      `${quoteIdentifier(column.name)}::${sqlType(storedType(column.type))} AS ${quoteIdentifier(column.name)}`,
  );
  const select = `SELECT ${typed.join(', ')}, (row_number() OVER () - 1 + ${firstSequence})::BIGINT AS __seq
FROM (${query})`;
  const file = newSourceFilePath(name, 0n);
  const staged = await lake.stagingPath(file.path);
  const added = await engine.session(async (session) => {
    await session.run(`COPY (${select}) TO ${literalText(staged)} (FORMAT parquet)`);
    return publishDataFile(lake, session, file, { eventColumn: source.timestamp, createdColumn: source.created });
  });
  const { snapshot } = await catalog.tables.commit(
    newCommit({ table, base: await catalog.tables.head(table), add: [added] }),
  );
  return snapshot;
}

/** Writes a spine file of this text. */
export function writeText(fixture: OfflineFixture, name: string, text: string): string {
  const path = join(fixture.directory, name);
  writeFileSync(path, text);
  return path;
}

/** Writes a Parquet file from a query. */
export async function writeParquet(fixture: OfflineFixture, name: string, select: string): Promise<string> {
  const path = join(fixture.directory, name);
  await fixture.engine.session((session) => session.run(`COPY (${select}) TO ${literalText(path)} (FORMAT parquet)`));
  return path;
}

let sparkOfTests: RetrievalDependencies['spark'];

/** Sends every view of later retrievals to Spark: so tests that are written for one engine hold for the other. */
export function retrieveBySpark(spark: NonNullable<RetrievalDependencies['spark']>): void {
  sparkOfTests = spark;
}

export interface Asked {
  readonly spine: string | RetrievalRequest['spine'];
  readonly request: FeatureRequest;
  /** Name of the output file in the fixture's directory. */
  readonly output: string;
  readonly options?: Partial<RetrievalRequest>;
  /** Whether view tables may be read. */
  readonly viewTables?: boolean;
}

export async function retrieve(fixture: OfflineFixture, asked: Asked): Promise<Retrieved & { readonly path: string }> {
  const { engine, lake, catalog, project, manifest, runtime, directory } = fixture;
  const path = join(directory, asked.output);
  const retrieved = await retrieveHistorical(
    {
      engine,
      lake,
      tables: catalog.tables,
      intervals: asked.viewTables ? catalog.intervals : undefined,
      workDirectory: join(directory, 'work'),
      spark: sparkOfTests,
    },
    {
      project,
      plan: resolveFeatures(manifest, asked.request),
      runtime,
      spine: typeof asked.spine === 'string' ? { kind: 'spine', path: asked.spine } : asked.spine,
      asKnown: false,
      shortNames: false,
      output: path,
      ...(sparkOfTests && { engine: 'spark' }),
      ...asked.options,
    },
  );
  return { ...retrieved, path };
}

/** Retrieves to a text file, and gives its lines. */
export async function retrieveLines(fixture: OfflineFixture, asked: Asked): Promise<readonly string[]> {
  const { path } = await retrieve(fixture, asked);
  return readFileSync(path, 'utf8').trimEnd().split('\n');
}

/** The rows of a Parquet file. */
export function readParquet(fixture: OfflineFixture, path: string): Promise<readonly EngineRow[]> {
  return fixture.engine.session((session) => session.rows(`SELECT * FROM read_parquet(${literalText(path)})`));
}
