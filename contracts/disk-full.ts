/** A disk without room: what file systems and the engine say of it, and what Asof says. */
import { AsofError, messageOf } from './errors.ts';

const CODES: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];
const WORDS = /no space left on device|disk quota exceeded|file too large|max_temp_directory_size/i;

export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return CODES.includes((error as NodeJS.ErrnoException).code) || WORDS.test(error.message);
}

/** An error of the project's own for anything that was thrown: `DISK_FULL` where that is what it says, else `INTERNAL`. */
export function knownError(error: unknown): AsofError {
  if (error instanceof AsofError) return error;
  const problem = messageOf(error);
  if (!isDiskFull(error)) return new AsofError('INTERNAL', { problem }, error);
  return new AsofError('DISK_FULL', { where: 'a file', problem, mend: FREE_SPACE }, error);
}

export const FREE_SPACE = 'free space there and run it again';
