/** A directory of one piece of work, for what it puts down on its way. */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFailure } from '../lake/file-errors.ts';

/** Makes a new one below `parent`, which need not exist. Throws `DISK_FULL` and `LAKE_WRITE_FAILED`. */
export async function makeWorkDirectory(parent: string, kind: string): Promise<string> {
  const directory = join(parent, `${kind}-${randomUUID()}`);
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw writeFailure(directory, error);
  }
  return directory;
}
