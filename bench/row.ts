/** A row of the benchmarks: what is measured, who takes part, and what Asof has to reach. One file each, listed in `rows.ts`. */
import type { Contender, Standing } from './contest.ts';

export interface BenchContext {
  /** Data and lakes that are made once. */
  readonly cache: string;
  /** The path of a Python that can import every peer; it installs them when they are missing. */
  readonly python: () => Promise<string>;
  readonly report: (line: string) => void;
}

export type Unit = 's' | 'ms' | 'rows/s';

export interface BenchRow {
  /** Names the result file. */
  readonly id: string;
  readonly group: 'offline' | 'orchestration' | 'materialization' | 'online' | 'streaming';
  readonly title: string;
  /** Of the table. With milliseconds CPU and memory are left out: they are those of a whole run. @default s */
  readonly unit?: Unit;
  /** Whether it fits, with the others that do, into a quarter of an hour. */
  readonly quick: boolean;
  /** Unless others are asked for. */
  readonly rounds: number;
  /** Makes what is missing and names who runs. Asof comes first: ratios are to it. */
  readonly prepare: (context: BenchContext) => Promise<readonly Contender[]>;
  readonly targets: readonly Target[];
  /** Checks what the contenders wrote, once all have run. Throws when Asof's result is wrong. Returns what to report. */
  readonly verify?: (context: BenchContext, standings: readonly Standing[]) => Promise<readonly string[]>;
}

export interface Target {
  /** Of the table of targets: what has to be reached, and what is attempted. */
  readonly column: 'first' | 'then';
  readonly text: string;
  /** Undefined when a contender that it needs did not run. */
  readonly reached: (standings: readonly Standing[]) => boolean | undefined;
}

/** Reached when the peer's least time is at least `factor` of Asof's. */
export function timesFaster(column: Target['column'], peer: string, factor: number): Target {
  return {
    column,
    text: factor === 1 ? `faster than ${peer}` : `${Number(factor.toFixed(2))}× as fast as ${peer}`,
    reached: ([own, ...peers]) => {
      const found = peers.find(({ name }) => name === peer);
      if (!isMeasured(own) || !isMeasured(found)) return undefined;
      return found.minimumSeconds >= factor * own.minimumSeconds;
    },
  };
}

/** Of Asof's own standing. */
export function within(
  column: Target['column'],
  limits: { readonly seconds?: number; readonly mebibytes?: number },
  contender?: string,
): Target {
  const { seconds = Infinity, mebibytes = Infinity } = limits;
  const parts = [
    ...(seconds < Infinity ? [`within ${seconds} s`] : []),
    ...(mebibytes < Infinity ? [`within ${mebibytes.toLocaleString('en')} MiB`] : []),
  ];
  return {
    column,
    text: `${contender === undefined ? '' : `${contender}: `}${parts.join(' and ')}`,
    reached: (standings) => {
      const own = contender === undefined ? standings[0] : standings.find(({ name }) => name === contender);
      if (!isMeasured(own)) return undefined;
      return own.minimumSeconds <= seconds && own.peakBytes <= mebibytes * 2 ** 20;
    },
  };
}

export function isMeasured(standing: Standing | undefined): standing is Standing {
  return standing !== undefined && standing.failure === null;
}
