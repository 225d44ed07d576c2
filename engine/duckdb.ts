/** The DuckDB engine: one locked-down in-memory instance for a process. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Engine, EngineSettings, Session } from './engine.ts';
import { isAlive } from './live-process.ts';
import { DuckDBSession } from './session.ts';
import { memoryBytes } from './memory-size.ts';
import { literalText, literalTextList } from './sql.ts';

/**
 * DuckDB's part of the memory limit; the rest is for typed arrays outside it and for what DuckDB does not count: buffers of
 * readers and writers, and freed memory that the allocator keeps.
 */
const ENGINE_SHARE = 0.5;
const QUERY_MILLIS = 15 * 60_000;
const SPILL_SHARE = 0.9;

/**
 * Opens the engine. SQL run in it reads and writes files in `allowedDirectories` only, loads no extension and cannot
 * change the configuration; timestamps are UTC. Spilled data goes to a directory of its own below `tempDirectory`,
 * removed on close (or by the next engine there, when this process dies).
 */
export async function openEngine(settings: EngineSettings): Promise<Engine> {
  const limit = memoryBytes(settings.memoryLimit);
  const spillDirectory = await makeSpillDirectory(settings.tempDirectory);
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${Math.floor(limit * ENGINE_SHARE)}B`,
    threads: String(settings.threads),
    temp_directory: spillDirectory,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  await lockDown(instance, settings);
  return new DuckDBEngine(instance, spillDirectory, limit, settings.queryMillis ?? QUERY_MILLIS);
}

class DuckDBEngine implements Engine {
  readonly #instance: DuckDBInstance;
  readonly #spillDirectory: string;
  readonly #queryMillis: number;
  readonly memoryBytes: number;

  constructor(instance: DuckDBInstance, spillDirectory: string, limit: number, queryMillis: number) {
    this.#instance = instance;
    this.memoryBytes = limit;
    this.#spillDirectory = spillDirectory;
    this.#queryMillis = queryMillis;
  }

  async session<T>(work: (session: Session) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const connection = await this.#instance.connect();
    try {
      return await work(new DuckDBSession(connection, signal, this.#queryMillis));
    } finally {
      connection.closeSync();
    }
  }

  async close(): Promise<void> {
    this.#instance.closeSync();
    await rm(this.#spillDirectory, { recursive: true, force: true });
  }
}

/** The order matters: directories before external access goes, the lock last. */
async function lockDown(instance: DuckDBInstance, settings: EngineSettings): Promise<void> {
  const spillLimit = settings.spillLimit ?? `${await freeBytes(settings.tempDirectory)}B`;
  const connection = await instance.connect();
  for (const setting of [
    `SET GLOBAL TimeZone = 'UTC'`,
    // as an option of a new instance it is shown, and not kept to
    `SET GLOBAL max_temp_directory_size = ${literalText(spillLimit)}`,
    `SET GLOBAL allowed_directories = ${literalTextList(settings.allowedDirectories)}`,
    `SET GLOBAL enable_external_access = false`,
    `SET GLOBAL lock_configuration = true`,
  ]) {
    await connection.run(setting);
  }
  connection.closeSync();
}

/** What may be spilled unless told otherwise: most of what is free, so that others on the disk can go on. */
async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return Math.floor(bavail * bsize * SPILL_SHARE);
}

/** A fresh directory named after this process; those of processes that are gone are removed. */
async function makeSpillDirectory(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const owner = /^spill-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) await rm(join(parent, name), { recursive: true, force: true });
  }
  const directory = join(parent, `spill-${process.pid}-${randomUUID()}`);
  await mkdir(directory);
  return directory;
}
