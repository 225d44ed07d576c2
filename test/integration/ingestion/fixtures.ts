/** Sources, input files and a small engine that may read them. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import type {
  DatabaseSourceManifest,
  ExpectationManifest,
  FileFormat,
  FileSourceManifest,
  KafkaSourceManifest,
} from '../../../contracts/manifest.ts';
import type { ColumnType } from '../../../contracts/values.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine } from '../../../engine/engine.ts';

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

/** Messages of a topic: `ts`, a key, a number. */
export function topicSourceOf(topic: string, options: Partial<KafkaSourceManifest> = {}): KafkaSourceManifest {
  const { path: _path, format: _format, ...rest } = sourceOf('a.jsonl', { ts: 'timestamp', key: 'string', n: 'int64' });
  return { ...rest, kind: 'kafka', topic, contract: { columns: 'evolve', types: 'quarantine' }, ...options };
}

/** Rows of `table`, whose address stands in the environment variable `DATABASE_OF_TEST`: `id`, `ts`, `updated_at`, a number. */
export function databaseSourceOf(options: Partial<DatabaseSourceManifest> = {}): DatabaseSourceManifest {
  const {
    path: _path,
    format: _format,
    ...rest
  } = sourceOf('a.jsonl', {
    ...{ id: 'int64', ts: 'timestamp', updated_at: 'timestamp', n: 'int64' },
  });
  return {
    ...rest,
    ...{ kind: 'database', url: 'env:DATABASE_OF_TEST', table: 'public.orders', query: null },
    ...{ cursor: 'updated_at', lagMicros: 0, primaryKey: ['id'] },
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
