/** What the engine says, as the project's own errors. */
import { FREE_SPACE, isDiskFull } from '../contracts/disk-full.ts';
import { AsofError, messageOf } from '../contracts/errors.ts';

/** `where` is what was run. An error of our own passes as it is. */
export function engineError(error: unknown, where: string, signal: AbortSignal | undefined): AsofError {
  if (error instanceof AsofError) return error;
  if (signal?.aborted) return new AsofError('CANCELLED', { where }, error);
  const problem = messageOf(error);
  const isMemory = /^out of memory/i.test(problem);
  if (isDiskFull(error)) {
    const mend = isMemory
      ? 'free space on the disk that the engine spills to, or raise ASOF_SPILL_LIMIT or ASOF_MEMORY_LIMIT, and run it again'
      : FREE_SPACE;
    return new AsofError('DISK_FULL', { where, problem: withoutAdvice(problem), mend }, error);
  }
  if (isMemory) return new AsofError('ENGINE_OUT_OF_MEMORY', { where, problem: withoutAdvice(problem) }, error);
  return new AsofError('ENGINE_FAILED', { where, problem }, error);
}

/** The engine's advice is on options that its caller cannot set. */
function withoutAdvice(problem: string): string {
  const [facts = problem] = problem.split(/\n\s*(?:Possible solution|This limit was set|See also)/i);
  return facts.trim().replace(/[.;]$/, '');
}
