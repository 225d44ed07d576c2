/** All files below a directory, in byte order of their paths. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifPresent } from './file-errors.ts';
import { SEALS } from './seals.ts';

export interface WalkedFile {
  /** Relative to the root, with `/` between the parts. */
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMillis: number;
}

/** Files whose path starts with `prefix`; what vanishes meanwhile is left out. */
export async function* walkFiles(root: string, prefix: string): AsyncGenerator<WalkedFile> {
  yield* walk(root, '', prefix);
}

async function* walk(root: string, directory: string, prefix: string): AsyncGenerator<WalkedFile> {
  for (const entry of await sortedEntries(join(root, directory))) {
    const path = directory + entry.name;
    if (path === SEALS) continue;
    if (entry.isDirectory()) {
      const below = `${path}/`;
      if (below.startsWith(prefix) || prefix.startsWith(below)) yield* walk(root, below, prefix);
    } else if (entry.isFile() && path.startsWith(prefix)) {
      const found = await ifPresent(stat(join(root, path)));
      if (found) yield { path, bytes: found.size, modifiedMillis: found.mtimeMs };
    }
  }
}

/** A directory sorts as its name with `/` behind it, as it does inside the paths of its files. */
async function sortedEntries(directory: string): Promise<readonly Dirent[]> {
  const entries = (await ifPresent(readdir(directory, { withFileTypes: true }))) ?? [];
  const keyed = entries.map((entry) => ({
    entry,
    key: Buffer.from(entry.isDirectory() ? `${entry.name}/` : entry.name),
  }));
  return keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ entry }) => entry);
}
