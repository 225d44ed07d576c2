/** A real catalog, lake and engine, and the steps of an ingestion over them. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { TableKey, TimeRange } from '../../../contracts/lake.ts';
import type { FeatureViewManifest, Manifest, StoredSourceManifest } from '../../../contracts/manifest.ts';
import type { IngestResult } from '../../../contracts/runs.ts';
import type { Engine, EngineRow } from '../../../engine/engine.ts';
import { literalTextList } from '../../../engine/sql.ts';
import { auditIngestion } from '../../../ingestion/audit-ingestion.ts';
import { planIngestion, sourceTable } from '../../../ingestion/plan-ingestion.ts';
import { publishIngestion } from '../../../ingestion/publish-ingestion.ts';
import { stageGroup } from '../../../ingestion/stage-group.ts';
import type { Lake } from '../../../lake/lake.ts';
import { LocalLake } from '../../../lake/local-lake.ts';
import type { TopicReader } from '../../../sources/topic-reader.ts';
import { createCatalogDatabase } from '../../support/catalog.ts';
import { uniqueName } from '../../support/stack.ts';
import { openFolder, openTestEngine, type Folder } from './fixtures.ts';

/** One project of a catalog that a test file shares. */
export interface World extends AsyncDisposable {
  readonly project: string;
  readonly table: TableKey;
  readonly folder: Folder;
  readonly catalog: Catalog;
  readonly lake: Lake;
  readonly engine: Engine;
  /** All rows of the source's newest snapshot by sequence, without the sequence. */
  rows(): Promise<readonly EngineRow[]>;
  quarantine(): Promise<readonly EngineRow[]>;
  /** All four steps of one run. */
  ingest(source: StoredSourceManifest, options?: IngestOptions): Promise<IngestResult>;
}

export interface IngestOptions {
  readonly range?: TimeRange;
  readonly runId?: string;
  readonly views?: Manifest['views'];
  /** In place of the world's own: one in which something happens meanwhile. */
  readonly catalog?: Catalog;
  /** For a source of Kafka. */
  readonly topics?: TopicReader;
  readonly signal?: AbortSignal;
}

export interface TestCatalog extends AsyncDisposable {
  readonly catalog: Catalog;
}

export async function openTestCatalog(): Promise<TestCatalog> {
  const database = await createCatalogDatabase();
  const catalog = await openCatalog({ url: database.url, poolSize: 2 });
  return {
    catalog,
    [Symbol.asyncDispose]: async () => {
      await catalog.close();
      await database.drop();
    },
  };
}

/** Gives every test of a file a world of its own, in a catalog that they share. */
export function eachInWorld(enter: (world: World) => void): void {
  let shared: TestCatalog;
  let world: World;
  beforeAll(async () => {
    shared = await openTestCatalog();
  });
  afterAll(() => shared[Symbol.asyncDispose]());
  beforeEach(async () => {
    world = await openWorld(shared);
    enter(world);
  });
  afterEach(() => world[Symbol.asyncDispose]());
}

/** A project of its own with a lake, an engine and a folder for inputs. */
export async function openWorld({ catalog }: Pick<TestCatalog, 'catalog'>): Promise<World> {
  const project = uniqueName();
  const folder = await openFolder();
  const lake = await LocalLake.open(join(folder.path, 'lake'), project);
  const engine = await openTestEngine(folder);
  const dependencies = { catalog, lake, engine };
  const read = async (kind: 'source' | 'quarantine'): Promise<readonly EngineRow[]> => {
    const { files } = await catalog.tables.files({ project, kind, name: 'events', version: '' });
    if (files.length === 0) return [];
    const paths = await Promise.all(files.map(({ path }) => lake.localPath(path)));
    const relation = `read_parquet(${literalTextList(paths)}, union_by_name = true)`;
    return engine.session((session) => session.rows(`SELECT * FROM ${relation} ORDER BY __seq`));
  };
  return {
    project,
    table: sourceTable(project, 'events'),
    folder,
    ...dependencies,
    rows: async () => (await read('source')).map(({ __seq, ...row }) => row),
    quarantine: () => read('quarantine'),
    ingest: async (
      source,
      { range, runId = randomUUID(), views = [], catalog: other = catalog, topics, signal } = {},
    ) => {
      const dependencies = { catalog: other, lake, engine, topics };
      const manifest = manifestOf(project, source, views);
      const request = { manifest, source: source.name, range, runId };
      const { planUri, groups } = await planIngestion(dependencies, request, signal && { signal });
      for (let group = 0; group < groups; group++) await stageGroup(dependencies, { planUri, group });
      await auditIngestion(dependencies, { planUri });
      return publishIngestion(dependencies, { planUri });
    },
    [Symbol.asyncDispose]: async () => {
      await engine.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export function manifestOf(project: string, source: StoredSourceManifest, views: Manifest['views'] = []): Manifest {
  const rest = { entities: [], aliases: [], services: [] };
  return { format: 1, project, fingerprint: 'm', sources: [source], views, ...rest };
}

/** What `dirty` entries need to know of a view of the source. */
export function viewOf(name: string, fingerprint: string): FeatureViewManifest {
  return {
    kind: 'feature',
    name,
    fingerprint,
    entities: [],
    keys: [],
    source: 'events',
    mode: 'asof',
    ttlMicros: null,
    delayMicros: 0,
    asKnown: false,
    online: false,
    offline: true,
    features: [],
    options: { freshnessMicros: null, schedule: null, engine: 'auto', cacheMicros: null, expectations: [] },
  };
}
