/** What the file system says when it refuses. */
import { FREE_SPACE, isDiskFull } from '../contracts/disk-full.ts';
import { AsofError, messageOf } from '../contracts/errors.ts';

/** `ENOENT` and its like; undefined for any other error. */
export function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code;
}

/** Undefined for what does not exist. */
export async function ifPresent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** `LAKE_WRITE_FAILED`, or `DISK_FULL` with what to do; an error of our own passes as it is. */
export function writeFailure(path: string, error: unknown, place = ''): AsofError {
  if (error instanceof AsofError) return error;
  const problem = `${place}${messageOf(error)}`;
  if (isDiskFull(error)) return new AsofError('DISK_FULL', { where: path, problem, mend: FREE_SPACE }, error);
  return new AsofError('LAKE_WRITE_FAILED', { path, problem }, error);
}
