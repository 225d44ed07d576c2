import { memoryBytes } from '../engine/memory-size.ts';

/** One of `parts` equal parts of a memory limit such as `2GB`, in the engine's form. Throws `CONFIG_INVALID`. */
export function memoryShare(limit: string, parts: number): string {
  return `${Math.floor(memoryBytes(limit) / parts / 1e6)}MB`;
}
