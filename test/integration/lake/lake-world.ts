/** Real catalog, lake and engine for tests of files and their upkeep: each test has a project of its own in them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Catalog, Commit, CommitResult } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { DataFile, TableKey } from '../../../contracts/lake.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine } from '../../../engine/engine.ts';
import { literalText } from '../../../engine/sql.ts';
import { checkLake, type LakeReport } from '../../../lake/fsck.ts';
import type { Lake } from '../../../lake/lake.ts';
import { openLake } from '../../../lake/open.ts';
import { newQuarantineFilePath, newSourceFilePath, type NewFile } from '../../../lake/paths.ts';
import { publishDataFile } from '../../../lake/tables.ts';
import { createCatalogDatabase } from '../../support/catalog.ts';
import { newCommit, SOURCE, VIEW } from '../../support/commits.ts';
import { settingsFor } from '../../support/settings.ts';

/** Of one test file. */
export interface LakeStores extends AsyncDisposable {
  readonly catalog: Catalog;
  readonly engine: Engine;
  /** A project with nothing in it. */
  newWorld(): Promise<LakeWorld>;
}

/** One project. */
export interface LakeWorld {
  readonly project: string;
  readonly catalog: Catalog;
  readonly engine: Engine;
  readonly lake: Lake;
  readonly source: TableKey;
  readonly view: TableKey;
  /** A commit to the source, unless another table is named. */
  commit(overrides: Partial<Commit>): Promise<CommitResult>;
  /** Publishes the rows of a SELECT. */
  publishRows(file: NewFile, select: string, bucket?: number): Promise<DataFile>;
  /** A published file with `rowsSelect(from, rows)`. */
  sourceFile(from: number, rows: number): Promise<DataFile>;
  /** A source commit of `rows` good rows and one bad one, with its account. */
  ingest(from: number, rows: number): Promise<DataFile>;
  check(deep?: boolean): Promise<LakeReport>;
  overwrite(path: string, change: (bytes: Buffer) => Buffer): Promise<void>;
  makeOld(path: string): Promise<void>;
}

/** Gives every test of a file a project of its own, in stores that they share. */
export function eachInLakeWorld(enter: (world: LakeWorld) => void): void {
  let stores: LakeStores;
  beforeAll(async () => {
    stores = await openLakeStores();
  });
  afterAll(() => stores[Symbol.asyncDispose]());
  beforeEach(async () => enter(await stores.newWorld()));
}

async function openLakeStores(): Promise<LakeStores> {
  const root = mkdtempSync(join(tmpdir(), 'asof-lake-'));
  const database = await createCatalogDatabase();
  const catalog = await openCatalog({ url: database.url });
  const engine = await openEngine({
    ...{ memoryLimit: '256MB', threads: 2, tempDirectory: join(root, 'spill'), allowedDirectories: [root] },
  });
  let projects = 0;
  return {
    catalog,
    engine,
    async newWorld() {
      const project = `lake_${++projects}`;
      return lakeWorld({ project, catalog, engine, lake: await openLake(settingsFor(root, { project })) });
    },
    async [Symbol.asyncDispose]() {
      await engine.close();
      await catalog.close();
      await database.drop();
      rmSync(root, { recursive: true });
    },
  };
}

function lakeWorld(stores: Pick<LakeWorld, 'project' | 'catalog' | 'engine' | 'lake'>): LakeWorld {
  const { project, catalog, engine, lake } = stores;
  const world: LakeWorld = {
    ...stores,
    source: { ...SOURCE, project },
    view: { ...VIEW, project },
    commit: (overrides) => catalog.tables.commit(newCommit({ table: world.source, ...overrides })),
    publishRows: (file, select, bucket) =>
      engine.session(async (session) => {
        const staged = literalText(await lake.stagingPath(file.path));
        await session.run(`COPY (${select}) TO ${staged} (FORMAT parquet)`);
        const quarantine = file.path.startsWith('quarantine/');
        return publishDataFile(lake, session, file, {
          eventColumn: quarantine ? null : 'at',
          createdColumn: quarantine ? null : 'loaded',
          ...(bucket === undefined ? {} : { bucket }),
        });
      }),
    sourceFile: (from, rows) => world.publishRows(newSourceFilePath('flights', BigInt(from)), rowsSelect(from, rows)),
    async ingest(from, rows) {
      const file = await world.sourceFile(from, rows);
      const bad = await world.publishRows(newQuarantineFilePath('flights'), `SELECT 'x' AS raw`);
      await world.commit({
        add: [file],
        quarantine: [bad],
        conservation: [
          { range: { from: 0n, to: 10n }, rowsIn: rows + 1, committed: rows, quarantined: 1, deduplicated: 0 },
        ],
      });
      return file;
    },
    check: (deep = false) => checkLake({ catalog, lake, engine, project, deep }),
    async overwrite(path, change) {
      const local = await lake.localPath(path);
      await writeFile(local, change(await readFile(local)));
    },
    makeOld: async (path) => utimes(await lake.localPath(path), 1, 1),
  };
  return world;
}

/** Rows whose sequence and event time in microseconds is `from`, `from + 1`, … */
export function rowsSelect(from: number, rows: number): string {
  return `SELECT make_timestamp(i) AS at, NULL::TIMESTAMP AS loaded, i * 0.5::DOUBLE AS value, i AS __seq
    FROM range(${from}::BIGINT, ${from + rows}::BIGINT) t(i)`;
}
