/** Side by side in one run: each contender is a process of its own, and the rounds are interleaved. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { formatCount } from '../cli/table.ts';

export interface Contender {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
  /** It takes part in so many rounds at most. For contenders that take minutes. */
  readonly mostRounds?: number;
  /** It takes minutes: only where its group or itself is asked for. */
  readonly slow?: boolean;
  /** What it needs of the machine's free memory, measured before; without it the contender is left out. */
  readonly needsBytes?: number;
}

/** What a contender's process prints as its last line. */
export interface Measurement {
  /** Of the work alone, without the start of the process. */
  readonly seconds: number;
  /** Of all threads; beside the seconds it tells how busy the machine was with other work. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly rows: number;
  /** Equal for equal results, within rounding. */
  readonly checksum: number;
  /** Of the store that was filled: the CPU seconds of its process, and the memory that a row takes there. */
  readonly serverCpuSeconds?: number;
  readonly bytesPerRow?: number;
}

export interface Standing {
  readonly name: string;
  readonly rounds: number;
  readonly minimumSeconds: number;
  readonly medianSeconds: number;
  readonly minimumCpuSeconds: number;
  readonly peakBytes: number;
  readonly rows: number;
  readonly checksum: number;
  readonly serverCpuSeconds?: number;
  readonly bytesPerRow?: number;
  /** Why there are no figures. */
  readonly failure: string | null;
}

export async function runContest(
  contenders: readonly Contender[],
  rounds: number,
  report: (line: string) => void,
): Promise<readonly Standing[]> {
  const measured = new Map<string, Measurement[]>();
  const failures = new Map<string, string>();
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders) {
      const { name, mostRounds = rounds } = contender;
      if (failures.has(name) || round > mostRounds) continue;
      try {
        const one = await measure(contender);
        measured.set(name, [...(measured.get(name) ?? []), one]);
        report(
          `round ${round} of ${Math.min(rounds, mostRounds)}: ${name} ${one.seconds.toPrecision(3)} s, ${formatCount(one.rows)} rows`,
        );
      } catch (error) {
        failures.set(name, error instanceof Error ? error.message : String(error));
        report(`round ${round}: ${name}: ${failures.get(name)}`);
      }
    }
  }
  return contenders.map(({ name }) => standing(name, measured.get(name) ?? [], failures.get(name) ?? null));
}

function standing(name: string, measurements: readonly Measurement[], failure: string | null): Standing {
  const seconds = measurements.map((one) => one.seconds).sort((a, b) => a - b);
  return {
    name,
    rounds: measurements.length,
    minimumSeconds: seconds[0] ?? Number.NaN,
    medianSeconds: seconds[Math.floor(seconds.length / 2)] ?? Number.NaN,
    minimumCpuSeconds: Math.min(...measurements.map(({ cpuSeconds }) => cpuSeconds)),
    peakBytes: Math.max(0, ...measurements.map(({ peakBytes }) => peakBytes)),
    rows: measurements[0]?.rows ?? 0,
    checksum: measurements[0]?.checksum ?? Number.NaN,
    ...(measurements[0]?.serverCpuSeconds !== undefined && {
      serverCpuSeconds: Math.min(...measurements.map(({ serverCpuSeconds = Infinity }) => serverCpuSeconds)),
    }),
    ...(measurements[0]?.bytesPerRow !== undefined && {
      bytesPerRow: Math.max(...measurements.map(({ bytesPerRow = 0 }) => bytesPerRow)),
    }),
    failure,
  };
}

async function measure(contender: Contender): Promise<Measurement> {
  const [program, ...args] = contender.command;
  const { needsBytes = 0 } = contender;
  const free = availableBytes();
  if (free < needsBytes) {
    throw new Error(`left out: it needs ${gibibytes(needsBytes)} of memory and ${gibibytes(free)} are free`);
  }
  const environment = { ...process.env, ...contender.environment };
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  let output = '';
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const [code, signal] = await new Promise<readonly [number | null, string | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...end) => resolve(end));
  });
  if (code !== 0) throw new Error(`ended with ${code ?? signal}: ${log.trim().split('\n').at(-1) ?? ''}`);
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Measurement;
}

/** What the system can give without swapping; no bound where it does not say. */
function availableBytes(): number {
  try {
    const found = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    return found ? Number(found[1]) * 1024 : Infinity;
  } catch {
    return Infinity;
  }
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
