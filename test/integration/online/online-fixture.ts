/** A project with a real catalog, lake, engine and Redis, whose source tables are filled row by row. */
import { randomUUID } from 'node:crypto';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { Catalog } from '../../../catalog/catalog.ts';
import { MANIFEST_FORMAT, type Manifest } from '../../../contracts/manifest.ts';
import type { DefinitionRuntime, FeaturePlan, PlannedView } from '../../../contracts/plan.ts';
import type { Micros } from '../../../contracts/time.ts';
import type { Engine } from '../../../engine/engine.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import { literalText, sqlType } from '../../../engine/sql.ts';
import type { Lake } from '../../../lake/lake.ts';
import { openLake } from '../../../lake/open.ts';
import { newSourceFilePath } from '../../../lake/paths.ts';
import { publishDataFile } from '../../../lake/tables.ts';
import { createLakeReader } from '../../../online/lake-reader.ts';
import {
  materializeView,
  type Materialization,
  type MaterializationDependencies,
} from '../../../online/materialization.ts';
import type { OnlineReadDependencies } from '../../../online/read-dependencies.ts';
import { createRecordedPositions } from '../../../online/recorded-positions.ts';
import { openRedisClient, type RedisClient } from '../../../online/redis-client.ts';
import { newCommit } from '../../support/commits.ts';
import { settingsFor } from '../../support/settings.ts';
import { createDatabase, temporaryDirectory, testStack, uniqueName } from '../../support/stack.ts';
import { KEY_COLUMNS, VALUE_COLUMNS, type ValueColumn, type WorldRow } from '../../world/world.ts';

export interface OnlineFixture {
  readonly project: string;
  readonly catalog: Catalog;
  readonly lake: Lake;
  readonly engine: Engine;
  readonly redis: RedisClient;
  close(): Promise<void>;
}

const COLUMNS = { ...KEY_COLUMNS, happened: 'timestamp', loaded: 'timestamp', ...VALUE_COLUMNS } as const;

export async function openFixture(redisUrl?: string): Promise<OnlineFixture> {
  const directory = temporaryDirectory();
  const database = await createDatabase();
  const project = uniqueName('online');
  const settings = settingsFor(directory.path, { project });
  const lake = await openLake(settings);
  const catalog = await openCatalog({ url: database.url, poolSize: 2 });
  const engine = await openEngine({
    memoryLimit: '1GB',
    threads: 2,
    tempDirectory: `${directory.path}/spill`,
    allowedDirectories: lake.directories,
  });
  const redis = openRedisClient({ url: redisUrl ?? testStack().redisUrl, readDeadlineMillis: 2000 });
  return {
    project,
    catalog,
    lake,
    engine,
    redis,
    async close() {
      await redis.close();
      await engine.close();
      await catalog.close();
      await database.drop();
      directory.remove();
    },
  };
}

/** Appends a file with these rows to the source, in place of the rows of `removed` sequences. */
export async function commitRows(
  fixture: OnlineFixture,
  { source }: PlannedView,
  rows: readonly WorldRow[],
  kept: { readonly rows: readonly WorldRow[]; readonly removed: readonly bigint[] } = { rows: [], removed: [] },
): Promise<void> {
  const { catalog, project } = fixture;
  const table = { project, kind: 'source', name: source.name, version: '' } as const;
  const before = await catalog.tables.files(table);
  const replaced = kept.removed.length > 0 ? before.files : [];
  const written = replaced.length > 0 ? [...kept.rows, ...rows] : rows;
  const add = written.length === 0 ? [] : [await writeFile(fixture, source, written)];
  await catalog.tables.commit(
    newCommit({
      table,
      operation: replaced.length > 0 ? 'replace' : 'append',
      base: before.snapshot,
      add,
      remove: replaced.map(({ id }) => id),
      removedSequences: kept.removed.map((start) => ({ start, end: start + 1n })),
    }),
  );
}

async function writeFile({ engine, lake }: OnlineFixture, source: PlannedView['source'], rows: readonly WorldRow[]) {
  const first = rows.reduce((least, { event }) => (event < least ? event : least), rows[0]!.event);
  const file = newSourceFilePath(source.name, first);
  const staged = await lake.stagingPath(file.path);
  return engine.session(async (session) => {
    const columns = Object.entries(COLUMNS).map(([name, type]) => `"${name}" ${sqlType(type)}`);
    await session.run(`CREATE TEMP TABLE written (${columns.join(', ')}, __seq BIGINT)`);
    await session.append('written', [
      ...rows[0]!.keys.map((_, index) => ({ values: rows.map(({ keys }) => keys[index]!) })),
      { values: rows.map(({ event }) => event) },
      { values: rows.map(({ created }) => created) },
      ...Object.keys(VALUE_COLUMNS).map((name) => ({ values: rows.map(({ values }) => values[name as ValueColumn]) })),
      { values: rows.map(({ sequence }) => sequence) },
    ]);
    await session.run(`COPY (SELECT * FROM written) TO ${literalText(staged)} (FORMAT parquet)`);
    return publishDataFile(lake, session, file, {
      eventColumn: source.timestamp,
      createdColumn: source.created,
      vectors: { vector: 'float32[2]' },
    });
  });
}

/** Materializes the planned view under the fixture's project. */
export async function materialize(
  fixture: OnlineFixture & Pick<MaterializationDependencies, 'landedOffsets'>,
  planned: PlannedView,
  to: Micros,
  options: { readonly signal?: AbortSignal; readonly rebuild?: boolean } = {},
): Promise<Materialization> {
  const manifest: Manifest = {
    format: MANIFEST_FORMAT,
    project: fixture.project,
    fingerprint: 'manifest',
    entities: [],
    sources: [planned.source],
    views: [{ ...planned.view, online: true }],
    aliases: [],
    services: [],
  };
  return materializeView(fixture, {
    manifest,
    view: planned.view.name,
    to,
    runId: randomUUID(),
    ...options,
  });
}

/** Fresh for each call, so that no position is remembered from before a materialization. */
export function readDependencies(fixture: OnlineFixture): OnlineReadDependencies {
  const { project, redis, catalog } = fixture;
  return {
    project,
    redis,
    positions: createRecordedPositions(catalog.intervals),
    lake: createLakeReader(fixture),
  };
}

/** A plan that reads one view. */
export function planOf(planned: PlannedView): FeaturePlan {
  return {
    views: [planned],
    derived: [],
    requestColumns: [],
    keyColumns: planned.view.keys.map(({ name, type }, index) => ({
      column: planned.spineColumns[index]!,
      type,
      entity: 'thing',
      key: name,
    })),
    columns: planned.features.map((feature) => ({ name: `${planned.as}__${feature.name}`, as: planned.as, feature })),
  };
}

/** For plans without derived views. */
export const NO_RUNTIME: DefinitionRuntime = {
  compute: (view) => {
    throw new TypeError(`no view ${view} is computed here`);
  },
  map: (view) => {
    throw new TypeError(`no view ${view} makes rows here`);
  },
};
