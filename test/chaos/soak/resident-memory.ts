/** The resident memory of processes over time, and whether it is flat. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a process may have more in the last third of its time than in the second: a share, and so many bytes. */
const MORE_SHARE = 0.1;
const MORE_BYTES = 20e6;
/** One that lived for less of the run says nothing about growth. */
const LEAST_LIFE = 0.5;

export interface MemoryOfProcess {
  readonly name: string;
  readonly pid: number;
  /** Medians of the second and the last third of its time, in bytes. */
  readonly second: number;
  readonly last: number;
  /** Null when it lived for less than half of the run. */
  readonly isFlat: boolean | null;
}

export interface MemoryWatch {
  /** Looks until it is told to stop. */
  run(intervalMillis: number, stop: AbortSignal): Promise<void>;
  verdict(): readonly MemoryOfProcess[];
}

/** `processes` answers those that are there now, by name: a process that takes the place of another has its own history. */
export function watchMemory(processes: () => ReadonlyMap<string, number>): MemoryWatch {
  const seen = new Map<number, { readonly name: string; readonly samples: number[] }>();
  let looks = 0;
  return {
    async run(intervalMillis, stop) {
      while (!stop.aborted) {
        looks += 1;
        for (const [name, pid] of processes()) {
          const bytes = await residentBytes(pid);
          if (bytes === undefined) continue;
          if (!seen.has(pid)) seen.set(pid, { name, samples: [] });
          seen.get(pid)!.samples.push(bytes);
        }
        await sleep(intervalMillis, undefined, { signal: stop }).catch(() => undefined);
      }
    },
    verdict: () =>
      [...seen].map(([pid, { name, samples }]) => {
        const third = Math.floor(samples.length / 3);
        const second = medianOf(samples.slice(third, 2 * third));
        const last = medianOf(samples.slice(2 * third));
        const isFlat = samples.length < LEAST_LIFE * looks ? null : isFlatGrowth(second, last);
        return { name, pid, second, last, isFlat };
      }),
  };
}

function isFlatGrowth(second: number, last: number): boolean {
  return last <= second * (1 + MORE_SHARE) + MORE_BYTES;
}

/** Undefined when the process is gone. */
async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

function medianOf(samples: readonly number[]): number {
  return [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? 0;
}
