/** The last step of an output: whole under its final name, or not there. */
import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { writeFailure } from '../lake/file-errors.ts';

/** A rename within a file system; across two, a copy beside the target first. Throws `LAKE_WRITE_FAILED` or `DISK_FULL`. */
export async function moveInto(file: string, target: string): Promise<void> {
  const path = resolve(target);
  const beside = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  try {
    await mkdir(dirname(path), { recursive: true });
    await rename(file, beside).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EXDEV') throw error;
      await copyFile(file, beside);
    });
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw writeFailure(path, error);
  }
}
