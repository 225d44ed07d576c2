/** Which processes belong to a directory, by what the kernel says of them. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
}

/** Running processes that work in the directory or name it in their command line. Empty where there is no `/proc`. */
export function findProcessesOf(directory: string): readonly FoundProcess[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const command = describeProcess(name, directory);
      return command === undefined ? [] : [{ pid: Number(name), command }];
    });
}

/** Undefined for a process of someone else, and for one that has ended meanwhile. */
function describeProcess(pid: string, directory: string): string | undefined {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    const place = readlinkSync(`/proc/${pid}/cwd`);
    const isOurs = place === directory || place.startsWith(directory + path.sep) || command.includes(directory);
    return isOurs && command !== '' ? command : undefined;
  } catch {
    return undefined;
  }
}
