/** The lake on a local disk, or on any mounted file system that has hard links. */
import { createHash, randomUUID } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { link, mkdir, open, readFile, realpath, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fileFacts, syncDirectory } from './durable-file.ts';
import type { FileFacts } from './durable-file.ts';
import { codeOf, writeFailure } from './file-errors.ts';
import { walkFiles } from './file-walk.ts';
import type { Lake } from './lake.ts';
import { Gate } from './gate.ts';
import { onEndOfWork } from './leases.ts';
import { requireObjectPath } from './object-path.ts';
import { STAGING } from './paths.ts';
import { corruptFile, type RecordedFile } from './recorded-file.ts';
import { Seals } from './seals.ts';
import { AsofError, messageOf } from '../contracts/errors.ts';

/** What the engine is writing and what is not yet linked to its name; below `staging`, so that gc removes leftovers. */
const INCOMING = `${STAGING}/incoming`;
/** A directory may vanish when its last object is removed by another process; making it again succeeds. */
const LINK_ATTEMPTS = 5;
/** Files whose bytes are read at once: a disk gains nothing from more. */
const READINGS = 4;

export class LocalLake implements Lake {
  readonly url: string;
  readonly directories: readonly string[];
  readonly #root: string;
  /** Another process that stages an object of the same name must not write to the same file. */
  readonly #writer = randomUUID();
  readonly #seals: Seals;
  readonly #readings = new Gate(READINGS);

  private constructor(root: string) {
    this.#root = root;
    this.url = pathToFileURL(root).href;
    this.directories = [root];
    this.#seals = new Seals(root);
  }

  static async open(directory: string, project: string): Promise<LocalLake> {
    const root = join(directory, requireObjectPath(project));
    await writing(root, () => mkdir(join(root, INCOMING), { recursive: true }));
    // the engine refuses paths that lead through a symbolic link
    return new LocalLake(await realpath(root));
  }

  async localPath(path: string): Promise<string> {
    const file = this.#file(path);
    if (!(await this.stat(path))) throw missing(path);
    return file;
  }

  async checkedPath(file: RecordedFile): Promise<string> {
    const { path, bytes, checksum } = file;
    const local = this.#file(path);
    const found = await this.#look(path, local);
    if (found.size !== BigInt(bytes)) throw corruptFile(path, `it has ${found.size} bytes instead of ${bytes}`);
    if ((await this.#seals.checksumOf(path, found)) === checksum) return local;
    const actual = await this.#readings.through(() => this.#measure(path, local));
    if (actual.checksum === checksum && actual.bytes === bytes) return local;
    throw corruptFile(path, 'its bytes do not match its checksum');
  }

  async check(file: RecordedFile): Promise<void> {
    await this.checkedPath(file);
  }

  async stagingPath(path: string): Promise<string> {
    const staged = this.#staged(path);
    await writing(path, () => rm(staged, { force: true }));
    // what failed half-way must not keep a full disk full
    onEndOfWork(() => rm(staged, { force: true }));
    return staged;
  }

  async publish(path: string): Promise<FileFacts> {
    const staged = this.#staged(path);
    return writing(path, async () => {
      if (await isFile(staged)) return this.#place(staged, path);
      // an earlier call may have published it and not lived to tell
      if (await isFile(this.#file(path))) return this.#measure(path, this.#file(path));
      throw new AsofError('LAKE_WRITE_FAILED', { path, problem: 'nothing was staged under this name' });
    });
  }

  async write(path: string, bytes: Uint8Array): Promise<FileFacts> {
    this.#file(path);
    const staged = join(this.#root, INCOMING, randomUUID());
    return writing(path, async () => {
      try {
        await writeFile(staged, bytes);
        return await this.#place(staged, path);
      } finally {
        await rm(staged, { force: true });
      }
    });
  }

  async read(path: string): Promise<Uint8Array> {
    const file = this.#file(path);
    try {
      return await readFile(file);
    } catch (error) {
      throw codeOf(error) === 'ENOENT' ? missing(path) : unreadable(path, error);
    }
  }

  async facts(path: string): Promise<FileFacts> {
    return this.#measure(path, await this.localPath(path));
  }

  async stat(path: string): Promise<{ readonly bytes: number; readonly modifiedMillis: number } | undefined> {
    const file = this.#file(path);
    try {
      const found = await stat(file);
      return found.isFile() ? { bytes: found.size, modifiedMillis: found.mtimeMs } : undefined;
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
      throw unreadable(path, error);
    }
  }

  list(prefix: string): ReturnType<Lake['list']> {
    return walkFiles(this.#root, prefix);
  }

  async remove(path: string): Promise<void> {
    const file = this.#file(path);
    await writing(path, async () => {
      await rm(file, { force: true });
      await this.#removeEmptyParents(file);
    });
  }

  /** Unfinished writes are files below `staging` here. */
  removeUnfinished(): Promise<number> {
    return Promise.resolve(0);
  }

  #file(path: string): string {
    return join(this.#root, requireObjectPath(path));
  }

  #staged(path: string): string {
    const name = createHash('sha256').update(requireObjectPath(path)).digest('hex');
    return join(this.#root, INCOMING, `${this.#writer}-${name}${extname(path)}`);
  }

  async #look(path: string, local: string): Promise<BigIntStats> {
    try {
      return await stat(local, { bigint: true });
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') throw missing(path);
      throw unreadable(path, error);
    }
  }

  /** Reads a file whole, and remembers what was found. */
  async #measure(path: string, local: string): Promise<FileFacts> {
    const before = await this.#look(path, local);
    let facts: FileFacts;
    try {
      facts = await fileFacts(local);
    } catch (error) {
      throw codeOf(error) === 'ENOENT' ? missing(path) : unreadable(path, error);
    }
    const sealed = await this.#seals.checksumOf(path, before);
    // a medium that lost a bit did not tell the file system
    if (sealed !== undefined && sealed !== facts.checksum) await this.#seals.withdraw(path);
    else if (sealed === undefined) await this.#seals.add(path, facts.checksum, before);
    return facts;
  }

  /**
   * Gives a staged file its final name. `link` refuses a name that is taken, so of two writers one wins, and no reader
   * ever sees a part of a file.
   */
  async #place(staged: string, path: string): Promise<FileFacts> {
    const facts = await fileFacts(staged, { sync: true });
    const target = this.#file(path);
    try {
      await linkInto(staged, target);
      await syncDirectory(dirname(target));
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      if ((await fileFacts(target)).checksum !== facts.checksum) {
        throw new AsofError('CONFLICT', { where: path, problem: 'the lake holds other bytes under this name' }, error);
      }
      // the object is in use again: its age counts from now on, for gc
      await utimes(target, new Date(), new Date());
    } finally {
      await rm(staged, { force: true });
    }
    // the names that came and went have moved the time of the file's last change
    await this.#seals.add(path, facts.checksum, await stat(target, { bigint: true }));
    return facts;
  }

  async #removeEmptyParents(file: string): Promise<void> {
    const keep = [this.#root, join(this.#root, INCOMING)];
    for (let parent = dirname(file); !keep.includes(parent); parent = dirname(parent)) {
      try {
        await rmdir(parent);
      } catch {
        return; // not empty, or gone already
      }
    }
  }
}

async function linkInto(staged: string, target: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await makeDirectory(dirname(target));
    try {
      await link(staged, target);
      return;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempt === LINK_ATTEMPTS) throw error;
    }
  }
}

/** Creates a directory and makes the names of all new ones durable. */
async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true });
  if (first === undefined) return;
  for (let made = directory; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
}

async function isFile(file: string): Promise<boolean> {
  try {
    const handle = await open(file);
    await handle.close();
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Turns a failure of the file system (disk full, no permission) into the project's own error. */
async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw writeFailure(path, error);
  }
}

function missing(path: string): AsofError {
  return corruptFile(path, 'the lake does not hold it');
}

function unreadable(path: string, error: unknown): AsofError {
  return corruptFile(path, messageOf(error), error);
}
