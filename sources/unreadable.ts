/** Failures of reading an input, named as such. */
import { isDiskFull } from '../contracts/disk-full.ts';
import { AsofError, messageOf } from '../contracts/errors.ts';

/**
 * Runs `work`, which reads the input at `path`. A failure of the engine or the file system becomes `INPUT_UNREADABLE`;
 * cancellation, memory and errors that name their place already pass through.
 */
export async function namingInput<T>(where: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw new AsofError('CANCELLED', { where }, error);
    const engineFailed = error instanceof AsofError && error.code === 'ENGINE_FAILED';
    if (!engineFailed && !isSystemError(error)) throw error;
    const problem = engineFailed ? String(error.details['problem']) : messageOf(error);
    // trouble of our own while it is read says nothing about the input
    if (isDiskFull(error) || /could not write/i.test(problem)) throw error;
    throw new AsofError('INPUT_UNREADABLE', { where, path, problem: summarize(problem) }, error);
  }
}

/** Such as `ENOENT` and `EACCES`; anything else without a code is a defect of ours. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && !(error instanceof AsofError) && 'syscall' in error;
}

/** The engine's message without its advice on options that the caller cannot set. */
function summarize(problem: string): string {
  const [facts = problem] = problem.split(/\n\s*(?:Possible (?:fixes|solution)|file = |LINE \d)/i);
  const lines = facts.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').join('; ');
}
