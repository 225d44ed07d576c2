import { parseByteSize } from '../contracts/byte-size.ts';
import { AsofError } from '../contracts/errors.ts';

/** One of `parts` equal parts of a memory limit such as `2GB`, in the engine's form. Throws `CONFIG_INVALID`. */
export function memoryShare(limit: string, parts: number): string {
  const bytes = parseByteSize(limit);
  if (bytes === undefined) {
    const problem = `"${limit}" is not an amount of memory such as 2GB`;
    throw new AsofError('CONFIG_INVALID', { file: 'ASOF_MEMORY_LIMIT', problem });
  }
  return `${Math.floor(bytes / parts / 1e6)}MB`;
}
