/**
 * Local copies of immutable objects, up to a size. Several processes share the directory without locks: an entry appears by
 * a rename, is used through a hard link, and is dropped by an unlink, which takes nothing from those who linked it.
 */
import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, readdir, rename, rm, rmdir, stat, utimes } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileFacts, type FileFacts } from '../durable-file.ts';
import { codeOf, ifPresent } from '../file-errors.ts';

/** A sweep after this share of the limit has come in: the cache may be larger than the limit by as much. */
const SWEEP_SHARE = 0.05;
/** A sweep leaves this share, so that the next one is not due at once. */
const KEPT_SHARE = 0.9;

/** Of files known to be sound; beyond it all are looked at again. */
const MOST_REMEMBERED = 100_000;
/** The directory of an entry may be dropped by another process; making it again succeeds. */
const LINK_ATTEMPTS = 5;

interface Entry {
  readonly directory: string;
  readonly usedMillis: number;
  readonly bytes: number;
  /** A hard link besides the cache's own: some session reads it. */
  readonly inUse: boolean;
}

export class FileCache {
  readonly #root: string;
  readonly #limit: number;
  /** Files whose bytes this process has held against their checksum, and what they were then. */
  readonly #verified = new Map<string, string>();
  #sinceSweep: number;
  #sweeping: Promise<void> | undefined;

  /** `root` need not exist. */
  constructor(root: string, limitBytes: number) {
    this.#root = root;
    this.#limit = limitBytes;
    // the first insertion looks at what earlier processes left
    this.#sinceSweep = limitBytes;
  }

  /**
   * The copy of an object, by its path and, when the name alone does not say which object it is, its SHA-256. A copy that is
   * not what it was is dropped. The file may be gone in a moment: link it, and ask again when that fails.
   */
  async find(path: string, checksum?: string): Promise<string | undefined> {
    const directory = this.#directory(path);
    for (const name of await namesIn(directory)) {
      const [stored] = name.split('.', 1);
      if (name.startsWith('.') || (checksum !== undefined && stored !== checksum)) continue;
      const file = join(directory, name);
      if (await this.#isSound(file, stored!)) {
        const now = new Date();
        await utimes(directory, now, now).catch(() => undefined);
        return file;
      }
      await rm(file, { force: true });
    }
    return undefined;
  }

  /** Keeps a link to a complete file as the copy of an object, in place of any other. Returns the copy's path. */
  async insert(path: string, { checksum, bytes }: FileFacts, from: string): Promise<string> {
    const directory = this.#directory(path);
    const file = join(directory, `${checksum}${extname(path)}`);
    await linkInto(directory, file, from);
    await this.#remember(file);
    for (const name of await namesIn(directory)) {
      if (!name.startsWith('.') && join(directory, name) !== file) await rm(join(directory, name), { force: true });
    }
    this.#sinceSweep += bytes;
    if (this.#sinceSweep > this.#limit * SWEEP_SHARE) await this.sweep();
    return file;
  }

  async forget(path: string): Promise<void> {
    await rm(this.#directory(path), { recursive: true, force: true });
  }

  /** Drops what was not used for the longest time until the limit is kept, but nothing that is in use. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  async #sweep(): Promise<void> {
    this.#sinceSweep = 0;
    const entries = await this.#entries();
    let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total <= this.#limit) return;
    for (const { directory, bytes, inUse } of entries.toSorted((a, b) => a.usedMillis - b.usedMillis)) {
      if (total <= this.#limit * KEPT_SHARE) return;
      if (inUse) continue;
      // another process may put something into it at this moment
      await rm(directory, { recursive: true, force: true }).catch(() => undefined);
      total -= bytes;
    }
  }

  async #entries(): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    for (const shelf of await namesIn(this.#root)) {
      const directories = await namesIn(join(this.#root, shelf));
      const found = await Promise.all(directories.map((name) => readEntry(join(this.#root, shelf, name))));
      entries.push(...found.filter((entry) => entry !== undefined));
    }
    return entries;
  }

  async #isSound(file: string, checksum: string): Promise<boolean> {
    try {
      const found = signOf(await stat(file));
      if (this.#verified.get(file) === found) return true;
      if ((await fileFacts(file)).checksum !== checksum) return false;
      await this.#remember(file);
      return true;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    }
  }

  async #remember(file: string): Promise<void> {
    if (this.#verified.size >= MOST_REMEMBERED) this.#verified.clear();
    const found = await stat(file).catch(() => undefined);
    if (found) this.#verified.set(file, signOf(found));
  }

  #directory(path: string): string {
    const name = createHash('sha256').update(path).digest('hex');
    return join(this.#root, name.slice(0, 2), name);
  }
}

async function linkInto(directory: string, file: string, from: string): Promise<void> {
  const draft = join(directory, `.${randomUUID()}`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(directory, { recursive: true });
      await link(from, draft);
      await rename(draft, file);
      // two links to one file are one already: then a rename does nothing
      await rm(draft, { force: true });
      return;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempt === LINK_ATTEMPTS) throw error;
    }
  }
}

/** A change of the bytes through the file system moves one of these. */
function signOf({ ino, size, mtimeMs }: { readonly ino: number; readonly size: number; readonly mtimeMs: number }) {
  return `${ino} ${size} ${mtimeMs}`;
}

async function readEntry(directory: string): Promise<Entry | undefined> {
  const names = await namesIn(directory);
  try {
    const { mtimeMs } = await stat(directory);
    const files = await Promise.all(names.map((name) => stat(join(directory, name))));
    if (files.length === 0) {
      await rmdir(directory);
      return undefined;
    }
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    return { directory, usedMillis: mtimeMs, bytes, inUse: files.some(({ nlink }) => nlink > 1) };
  } catch {
    // another process is at work on it
    return undefined;
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return (await ifPresent(readdir(directory))) ?? [];
}
