/** Sources, input files, and a real catalog, lake and engine to ingest them with. */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { TableKey, TimeRange } from '../../../contracts/lake.ts';
import type {
  ExpectationManifest,
  FeatureViewManifest,
  FileFormat,
  FileSourceManifest,
  Manifest,
} from '../../../contracts/manifest.ts';
import type { IngestResult } from '../../../contracts/runs.ts';
import type { ColumnType } from '../../../contracts/values.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine, EngineRow } from '../../../engine/engine.ts';
import { literalTextList } from '../../../engine/sql.ts';
import { auditIngestion } from '../../../ingestion/audit-ingestion.ts';
import { planIngestion } from '../../../ingestion/plan-ingestion.ts';
import { publishIngestion } from '../../../ingestion/publish-ingestion.ts';
import { stageGroup } from '../../../ingestion/stage-group.ts';
import type { Lake } from '../../../lake/lake.ts';
import { LocalLake } from '../../../lake/local-lake.ts';
import { createCatalogDatabase } from '../../support/catalog.ts';

export interface Folder extends AsyncDisposable {
  readonly path: string;
  write(name: string, content: string | Uint8Array): Promise<string>;
}

export async function openFolder(): Promise<Folder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'asof-ingestion-')));
  return {
    path,
    write: async (name, content) => {
      const file = join(path, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
      return file;
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

export function openTestEngine(folder: Folder): Promise<Engine> {
  return openEngine({
    memoryLimit: '512MB',
    threads: 2,
    tempDirectory: join(folder.path, '.spill'),
    allowedDirectories: [folder.path],
  });
}

type SourceOptions = Partial<Omit<FileSourceManifest, 'columns' | 'path'>> & {
  readonly rename?: Readonly<Record<string, string>>;
};

export function sourceOf(
  path: string,
  schema: Readonly<Record<string, ColumnType>>,
  { rename = {}, ...options }: SourceOptions = {},
): FileSourceManifest {
  return {
    kind: 'file',
    name: 'events',
    fingerprint: 'f',
    path,
    format: extname(path).slice(1) as FileFormat,
    columns: Object.entries(schema).map(([name, type]) => ({ name, type, from: rename[name] ?? name })),
    timestamp: 'ts',
    created: null,
    eventId: null,
    operation: null,
    primaryKey: [],
    timezone: null,
    allowedLatenessMicros: null,
    schedule: null,
    contract: { columns: 'evolve', types: 'freeze' },
    expectations: [],
    ...options,
  };
}

export function expectationOf(
  type: string,
  args: Readonly<Record<string, unknown>>,
  options: Partial<ExpectationManifest> = {},
): ExpectationManifest {
  return { type, level: 'row', arguments: args, severity: 'critical', onFailure: 'fail', ...options };
}

export interface World extends AsyncDisposable {
  readonly folder: Folder;
  readonly catalog: Catalog;
  readonly lake: Lake;
  readonly engine: Engine;
  /** All rows of the source's newest snapshot by sequence, without the sequence. */
  rows(): Promise<readonly EngineRow[]>;
  quarantine(): Promise<readonly EngineRow[]>;
  /** All four steps of one run. */
  ingest(source: FileSourceManifest, options?: IngestOptions): Promise<IngestResult>;
}

export interface IngestOptions {
  readonly range?: TimeRange;
  readonly runId?: string;
  readonly views?: Manifest['views'];
}

/** A real catalog, lake and engine. */
export async function openWorld(): Promise<World> {
  const folder = await openFolder();
  const database = await createCatalogDatabase();
  const catalog = await openCatalog({ url: database.url, poolSize: 2 });
  const lake = await LocalLake.open(join(folder.path, 'lake'), PROJECT);
  const engine = await openTestEngine(folder);
  const dependencies = { catalog, lake, engine };
  const read = async (kind: 'source' | 'quarantine'): Promise<readonly EngineRow[]> => {
    const { files } = await catalog.tables.files({ project: PROJECT, kind, name: 'events', version: '' });
    if (files.length === 0) return [];
    const paths = await Promise.all(files.map(({ path }) => lake.localPath(path)));
    const relation = `read_parquet(${literalTextList(paths)}, union_by_name = true)`;
    return engine.session((session) => session.rows(`SELECT * FROM ${relation} ORDER BY __seq`));
  };
  return {
    folder,
    ...dependencies,
    rows: async () => (await read('source')).map(({ __seq, ...row }) => row),
    quarantine: () => read('quarantine'),
    ingest: async (source, { range, runId = randomUUID(), views = [] } = {}) => {
      const manifest = manifestOf(source, views);
      const { planUri, groups } = await planIngestion(dependencies, { manifest, source: source.name, range, runId });
      for (let group = 0; group < groups; group++) await stageGroup(dependencies, { planUri, group });
      await auditIngestion(dependencies, { planUri });
      return publishIngestion(dependencies, { planUri });
    },
    [Symbol.asyncDispose]: async () => {
      await engine.close();
      await catalog.close();
      await database.drop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export const PROJECT = 'demo';
export const EVENTS_TABLE: TableKey = { project: PROJECT, kind: 'source', name: 'events', version: '' };

export function manifestOf(source: FileSourceManifest, views: Manifest['views'] = []): Manifest {
  const rest = { entities: [], aliases: [], services: [] };
  return { format: 1, project: PROJECT, fingerprint: 'm', sources: [source], views, ...rest };
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
