import { AsofError } from '../contracts/errors.ts';

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** One of `parts` equal parts of a memory limit such as `2GB`, in the engine's form. Throws `CONFIG_INVALID`. */
export function memoryShare(limit: string, parts: number): string {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(limit);
  const unit = UNITS[match?.[2]?.toUpperCase() ?? ''];
  if (!match || unit === undefined) {
    const problem = `"${limit}" is not an amount of memory such as 2GB`;
    throw new AsofError('CONFIG_INVALID', { file: 'ASOF_MEMORY_LIMIT', problem });
  }
  return `${Math.floor((Number(match[1]) * unit) / parts / 1e6)}MB`;
}
