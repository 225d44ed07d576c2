import { parseByteSize } from '../contracts/byte-size.ts';
import { AsofError } from '../contracts/errors.ts';

/** The bytes of a memory limit such as `2GB`. Throws `CONFIG_INVALID`. */
export function memoryBytes(limit: string): number {
  const bytes = parseByteSize(limit);
  if (bytes === undefined) {
    const problem = `"${limit}" is not an amount of memory such as 2GB`;
    throw new AsofError('CONFIG_INVALID', { file: 'ASOF_MEMORY_LIMIT', problem });
  }
  return bytes;
}
