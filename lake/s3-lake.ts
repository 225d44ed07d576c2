/** The lake on S3, or on any server that speaks its protocol and honours conditional puts. */
import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, realpath, rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { AsofError } from '../contracts/errors.ts';
import { FileCache } from './cache/file-cache.ts';
import { openProcessDirectory } from './cache/process-directory.ts';
import { fileFacts, type FileFacts } from './durable-file.ts';
import { codeOf, ifPresent, writeFailure } from './file-errors.ts';
import type { Lake } from './lake.ts';
import { currentScope, onEndOfWork, type LeaseScope } from './leases.ts';
import { requireObjectPath } from './object-path.ts';
import type { LakeSettings } from './open.ts';
import { QUARANTINE, SOURCES, VIEWS } from './paths.ts';
import { corruptFile, type RecordedFile } from './recorded-file.ts';
import { parseS3Address } from './s3/address.ts';
import { Bucket, NAME_IS_FREE, type PutCondition, type StoredObject } from './s3/bucket.ts';
import { createS3Client } from './s3/client.ts';
import { download } from './s3/download.ts';
import { Gate } from './gate.ts';
import { abortUnfinished, putInParts } from './s3/multipart.ts';
import { PATIENCE, type Patience } from './s3/retries.ts';

/** Names in these folders hold a UUID: a local copy is known by its name, without asking the server. */
const NEVER_REUSED: readonly string[] = [SOURCES, QUARANTINE, VIEWS];
/** Whole objects on their way at once; each takes a connection and little memory. */
const DOWNLOADS = 12;
const PART_BYTES = 16 * 2 ** 20;
/** A copy can be dropped between being found and being linked: not often. */
const LEASE_ATTEMPTS = 8;
/** Between looking at a name that is taken and deciding, its object can be removed. */
const PLACE_ATTEMPTS = 3;
/** An object that is published again counts as used from now on, for gc, unless it is this young anyway. */
const YOUNG_MILLIS = 3_600_000;

export interface S3LakeTuning extends Partial<Patience> {
  /** Objects above this size are uploaded in parts of this size; at least 5 MiB. */
  readonly partBytes?: number;
}

interface Leases {
  readonly directory: Promise<string>;
  readonly paths: Map<string, Promise<string>>;
}

export class S3Lake implements Lake {
  readonly url: string;
  readonly directories: readonly string[];
  readonly #bucket: Bucket;
  readonly #cache: FileCache;
  readonly #partBytes: number;
  /** Of this process: `staged`, `incoming` and `leases` below it. */
  readonly #own: string;
  readonly #downloads = new Gate(DOWNLOADS);
  readonly #fetching = new Map<string, Promise<string>>();
  readonly #leases = new WeakMap<LeaseScope, Leases>();

  private constructor(input: {
    readonly bucket: Bucket;
    readonly cache: FileCache;
    readonly root: string;
    readonly own: string;
    readonly partBytes: number;
  }) {
    const { bucket, prefix } = input.bucket.address;
    this.url = `s3://${bucket}/${prefix}`;
    this.directories = [input.root];
    this.#bucket = input.bucket;
    this.#cache = input.cache;
    this.#own = input.own;
    this.#partBytes = input.partBytes;
  }

  /** Asks nothing of the server. Throws `CONFIG_INVALID`, and `LAKE_WRITE_FAILED` when there can be no cache. */
  static async open(
    settings: LakeSettings,
    { partBytes = PART_BYTES, ...patience }: S3LakeTuning = {},
  ): Promise<S3Lake> {
    const { lake, project, s3, lakeCache } = settings;
    const { bucket, prefix } = parseS3Address(lake);
    const address = { bucket, prefix: [prefix, requireObjectPath(project)].filter((part) => part !== '').join('/') };
    const wanted = join(lakeCache.directory, cacheName(lake, s3.endpoint), project);
    try {
      await mkdir(wanted, { recursive: true });
      // the engine refuses paths that lead through a symbolic link
      const root = await realpath(wanted);
      const own = await openProcessDirectory(join(root, 'processes'));
      for (const name of ['staged', 'incoming', 'leases']) await mkdir(join(own, name));
      return new S3Lake({
        bucket: new Bucket(createS3Client(s3), address, { ...PATIENCE, ...patience }),
        cache: new FileCache(join(root, 'objects'), lakeCache.bytes),
        root,
        own,
        partBytes,
      });
    } catch (error) {
      throw localFailure(wanted, error);
    }
  }

  async localPath(path: string): Promise<string> {
    return this.#leased(path);
  }

  async checkedPath({ path, checksum }: RecordedFile): Promise<string> {
    return this.#leased(path, checksum);
  }

  async check({ path, bytes, checksum }: RecordedFile): Promise<void> {
    const found = await this.#bucket.head(requireObjectPath(path));
    if (found === undefined) throw corruptFile(path, 'the lake does not hold it');
    if (found.bytes !== bytes) throw corruptFile(path, `it has ${found.bytes} bytes instead of ${bytes}`);
    if (found.checksum === undefined || found.checksum === checksum) return;
    throw corruptFile(path, 'its bytes do not match its checksum');
  }

  #leased(path: string, checksum?: string): Promise<string> {
    const leases = this.#leasesOf(currentScope());
    const key = checksum === undefined ? requireObjectPath(path) : `${requireObjectPath(path)} ${checksum}`;
    const held = leases.paths.get(key);
    if (held) return held;
    const leasing = leases.directory.then((directory) =>
      this.#lease(path, checksum, join(directory, localName(key, path))),
    );
    leases.paths.set(key, leasing);
    leasing.catch(() => leases.paths.delete(key));
    return leasing;
  }

  async stagingPath(path: string): Promise<string> {
    const staged = this.#staged(path);
    await local(path, () => rm(staged, { force: true }));
    onEndOfWork(() => rm(staged, { force: true }));
    return staged;
  }

  async publish(path: string): Promise<FileFacts> {
    const staged = this.#staged(path);
    const facts = await local(path, () => ifPresent(fileFacts(staged)));
    // an earlier call may have published it and not lived to tell
    if (facts === undefined) return this.#published(path);
    await this.#place(path, facts, async (condition) =>
      facts.bytes > this.#partBytes
        ? putInParts(this.#bucket, path, staged, facts, { partBytes: this.#partBytes, condition })
        : this.#bucket.put(path, await local(path, () => readFile(staged)), facts, condition),
    );
    // who writes an object is likely to read it next
    await local(path, () => this.#cache.insert(path, facts, staged));
    await local(path, () => rm(staged, { force: true }));
    return facts;
  }

  async write(path: string, bytes: Uint8Array): Promise<FileFacts> {
    requireObjectPath(path);
    const facts = { bytes: bytes.length, checksum: createHash('sha256').update(bytes).digest('hex') };
    await this.#place(path, facts, (condition) => this.#bucket.put(path, bytes, facts, condition));
    return facts;
  }

  async read(path: string): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    await download(this.#bucket, requireObjectPath(path), async (chunk) => chunks.push(chunk));
    return Buffer.concat(chunks);
  }

  async facts(path: string): Promise<FileFacts> {
    return this.#downloads.through(() =>
      download(this.#bucket, requireObjectPath(path), async () => undefined, { verify: false }),
    );
  }

  async stat(path: string): Promise<{ readonly bytes: number; readonly modifiedMillis: number } | undefined> {
    const found = await this.#bucket.head(requireObjectPath(path));
    return found && { bytes: found.bytes, modifiedMillis: found.modifiedMillis };
  }

  list(prefix: string): ReturnType<Lake['list']> {
    return this.#bucket.list(prefix);
  }

  async remove(path: string): Promise<void> {
    await this.#bucket.remove(requireObjectPath(path));
    await local(path, () => this.#cache.forget(path));
  }

  removeUnfinished(beforeMillis: number): Promise<number> {
    return abortUnfinished(this.#bucket, beforeMillis);
  }

  #staged(path: string): string {
    return join(this.#own, 'staged', localName(requireObjectPath(path)));
  }

  /** The facts of an object that is there already. */
  async #published(path: string): Promise<FileFacts> {
    const found = await this.#bucket.head(path);
    if (found === undefined) {
      throw new AsofError('LAKE_WRITE_FAILED', { path, problem: 'nothing was staged under this name' });
    }
    return found.checksum === undefined ? this.facts(path) : { bytes: found.bytes, checksum: found.checksum };
  }

  /**
   * Gives bytes a name that may be taken: by the same bytes when an attempt succeeded without its answer arriving, or when
   * the work is done again. Throws `CONFLICT` for other bytes.
   */
  async #place(path: string, facts: FileFacts, put: (condition: PutCondition) => Promise<boolean>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      if (await put(NAME_IS_FREE)) return;
      const found = await this.#bucket.head(path);
      if (found === undefined) {
        if (attempt < PLACE_ATTEMPTS) continue;
        throw new AsofError('LAKE_UNAVAILABLE', { place: path, problem: 'the name is taken, yet nothing is there' });
      }
      if (!(await this.#holds(path, found, facts))) {
        throw new AsofError('CONFLICT', { where: path, problem: 'the lake holds other bytes under this name' });
      }
      if (Date.now() - found.modifiedMillis < YOUNG_MILLIS) return;
      // the object is in use again: its age counts from now on, for gc
      if (await put({ IfMatch: found.etag })) return;
      // the bytes are there, only not younger
      if (attempt >= PLACE_ATTEMPTS) return;
    }
  }

  async #holds(path: string, found: StoredObject, facts: FileFacts): Promise<boolean> {
    if (found.bytes !== facts.bytes) return false;
    return (found.checksum ?? (await this.facts(path)).checksum) === facts.checksum;
  }

  #leasesOf(scope: LeaseScope): Leases {
    const held = this.#leases.get(scope);
    if (held) return held;
    const directory = join(this.#own, 'leases', randomUUID());
    const leases = { directory: mkdir(directory).then(() => directory), paths: new Map<string, Promise<string>>() };
    this.#leases.set(scope, leases);
    scope.onEnd(async () => {
      // a fetch that nobody waits for any more must not bring the directory back
      await Promise.allSettled(leases.paths.values());
      await rm(directory, { recursive: true, force: true });
    });
    return leases;
  }

  /** A link of this scope's own to the local copy, which is fetched first where there is none. */
  async #lease(path: string, recorded: string | undefined, target: string): Promise<string> {
    const isKnownByName = recorded !== undefined || NEVER_REUSED.includes(path.split('/', 1)[0] ?? '');
    const stored = isKnownByName ? undefined : await this.#bucket.head(path);
    if (!isKnownByName && stored === undefined) throw corruptFile(path, 'the lake does not hold it');
    const checksum = recorded ?? stored?.checksum;
    const isKnown = isKnownByName || checksum !== undefined;
    for (let attempt = 1; attempt <= LEASE_ATTEMPTS; attempt += 1) {
      const cached = isKnown ? await local(path, () => this.#cache.find(path, checksum)) : undefined;
      const file = cached ?? (await this.#fetch(path, recorded));
      try {
        await link(file, target);
        return target;
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw localFailure(path, error);
      }
    }
    const problem = 'the local cache drops files faster than they are read; raise ASOF_LAKE_CACHE_SIZE';
    throw new AsofError('LAKE_WRITE_FAILED', { path, problem });
  }

  /** Downloads into the cache, once for all who ask meanwhile. Only bytes that are what is recorded come in. */
  #fetch(path: string, recorded: string | undefined): Promise<string> {
    const key = `${path} ${recorded ?? ''}`;
    const running = this.#fetching.get(key);
    if (running) return running;
    const fetching = this.#downloads
      .through(() => this.#download(path, recorded))
      .finally(() => this.#fetching.delete(key));
    this.#fetching.set(key, fetching);
    return fetching;
  }

  async #download(path: string, recorded: string | undefined): Promise<string> {
    const incoming = join(this.#own, 'incoming', randomUUID());
    try {
      const handle = await local(path, () => open(incoming, 'wx'));
      let facts: FileFacts;
      try {
        facts = await download(this.#bucket, path, (chunk) => local(path, () => handle.writeFile(chunk)));
      } finally {
        await handle.close();
      }
      if (recorded !== undefined && facts.checksum !== recorded) {
        throw corruptFile(path, 'its bytes do not match its checksum');
      }
      return await local(path, () => this.#cache.insert(path, facts, incoming));
    } finally {
      await rm(incoming, { force: true });
    }
  }
}

/** Lakes that differ in their server or address share no copies. */
function cacheName(lake: string, endpoint: string | null): string {
  return createHash('sha256')
    .update(`${endpoint ?? ''} ${lake}`)
    .digest('hex')
    .slice(0, 16);
}

function localName(key: string, path = key): string {
  return `${createHash('sha256').update(key).digest('hex')}${extname(path)}`;
}

/** Turns a failure of the local file system (disk full, no permission) into the project's own error. */
async function local<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw localFailure(path, error);
  }
}

function localFailure(path: string, error: unknown): AsofError {
  return writeFailure(path, error, 'in the local cache: ');
}
