/**
 * What is known to be right: for each file of a local lake whose bytes were held against their checksum, what the file
 * system said of it then. A file that has not been touched since need not be read again to be trusted.
 */
import type { BigIntStats } from 'node:fs';
import { appendFile, mkdir, open, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { ifPresent } from './file-errors.ts';
import { DATASETS, QUARANTINE, SOURCES, VIEWS } from './paths.ts';

/** Below the lake's root; not an object of the lake. */
export const SEALS = '.seals';

/** Parts of a path that name its table or dataset: its files share one list. Other objects are remembered in the process. */
const SHELF_PARTS: Readonly<Record<string, number>> = { [SOURCES]: 2, [QUARANTINE]: 2, [VIEWS]: 3, [DATASETS]: 3 };
/** Beyond it all lists are forgotten, and read again when asked for. */
const MOST_REMEMBERED = 200_000;
/** A seal that another process withdrew is trusted no longer than this. */
const LOOK_AGAIN_MILLIS = 1000;
/** A list is written anew when it has this many lines more than twice its entries. */
const SLACK_LINES = 1000;

const LINE = /^([0-9a-f]{64}) (\d+ \d+ \d+ \d+)\t(.+)$/;

interface Shelf {
  /** By path: checksum and sign. */
  readonly sealed: Map<string, { readonly checksum: string; readonly sign: string }>;
  /** How far the list was read, and when it was last looked at. */
  readBytes: number;
  lookedMillis: number;
}

export class Seals {
  readonly #directory: string;
  readonly #shelves = new Map<string, Promise<Shelf>>();
  #remembered = 0;

  /** `root` is the lake's. */
  constructor(root: string) {
    this.#directory = join(root, SEALS);
  }

  /** The checksum that the file had when it was last read whole; undefined when it was touched since, or never read. */
  async checksumOf(path: string, found: BigIntStats): Promise<string | undefined> {
    const name = shelfOf(path);
    const shelf = await this.#shelf(name);
    const sign = signOf(found);
    const isFresh = Date.now() - shelf.lookedMillis < LOOK_AGAIN_MILLIS;
    // another process may have read the file meanwhile, or found it damaged
    if (!isFresh || shelf.sealed.get(path)?.sign !== sign) await this.#readOn(name, shelf);
    const known = shelf.sealed.get(path);
    return known?.sign === sign ? known.checksum : undefined;
  }

  /** Remembers that the file, when it looked like this, had these bytes. */
  async add(path: string, checksum: string, found: BigIntStats): Promise<void> {
    const name = shelfOf(path);
    const sign = signOf(found);
    this.#put(await this.#shelf(name), path, checksum, sign);
    // each line stands between breaks of its own, whatever a full disk left of the one before
    await this.#append(name, `\n${checksum} ${sign}\t${path}\n`);
  }

  /** Forgets a file whose bytes are not what they were though the file system saw no change. */
  async withdraw(path: string): Promise<void> {
    const name = shelfOf(path);
    (await this.#shelf(name)).sealed.delete(path);
    await this.#append(name, `\n${'0'.repeat(64)} 0 0 0 0\t${path}\n`);
  }

  /** A list that cannot be kept costs later processes a reading of the files, and nothing else. */
  async #append(name: string | undefined, lines: string): Promise<void> {
    if (name === undefined) return;
    const file = join(this.#directory, name);
    try {
      await mkdir(dirname(file), { recursive: true });
      await appendFile(file, lines);
    } catch {
      // no room, or a lake that may only be read
    }
  }

  #shelf(name: string | undefined): Promise<Shelf> {
    const key = name ?? '';
    const held = this.#shelves.get(key);
    if (held) return held;
    if (this.#remembered > MOST_REMEMBERED) {
      this.#shelves.clear();
      this.#remembered = 0;
    }
    const shelf: Shelf = { sealed: new Map(), readBytes: 0, lookedMillis: 0 };
    const opening = this.#readOn(name, shelf).then(() => shelf);
    this.#shelves.set(key, opening);
    return opening;
  }

  /** Takes in what was added to the list since it was read. */
  async #readOn(name: string | undefined, shelf: Shelf): Promise<void> {
    shelf.lookedMillis = Date.now();
    if (name === undefined) return;
    const file = join(this.#directory, name);
    const size = (await ifPresent(stat(file)).catch(() => undefined))?.size ?? 0;
    if (size === shelf.readBytes) return;
    // a shorter list was written anew
    const start = size < shelf.readBytes ? 0 : shelf.readBytes;
    const text = await readFrom(file, start).catch(() => '');
    // a line that is being written is left for the next time
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    shelf.readBytes = start + Buffer.byteLength(whole);
    const lines = whole.split('\n').filter((line) => line !== '');
    for (const line of lines) {
      const [, checksum, sign, path] = LINE.exec(line) ?? [];
      if (checksum !== undefined && sign !== undefined && path !== undefined) this.#put(shelf, path, checksum, sign);
    }
    if (start === 0 && lines.length > 2 * shelf.sealed.size + SLACK_LINES) await rewrite(file, shelf);
  }

  #put(shelf: Shelf, path: string, checksum: string, sign: string): void {
    if (!shelf.sealed.has(path)) this.#remembered += 1;
    shelf.sealed.set(path, { checksum, sign });
  }
}

function shelfOf(path: string): string | undefined {
  const parts = path.split('/');
  const count = SHELF_PARTS[parts[0] ?? ''];
  return count === undefined || parts.length <= count ? undefined : parts.slice(0, count).join('/');
}

/** Any change of the bytes through the file system moves one of these, a restored time of modification included. */
function signOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

async function readFrom(file: string, start: number): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.max(0, size - start));
    await handle.read(bytes, 0, bytes.length, start);
    return bytes.toString('utf8');
  } finally {
    await handle.close();
  }
}

/** The list without what later lines have replaced. What another process adds at this moment is read from its file once more. */
async function rewrite(file: string, shelf: Shelf): Promise<void> {
  const text = [...shelf.sealed].map(([path, { checksum, sign }]) => `${checksum} ${sign}\t${path}\n`).join('');
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeFile(draft, text);
    await rename(draft, file);
    shelf.readBytes = Buffer.byteLength(text);
  } catch {
    // as long as it is, the list still holds
  }
}
