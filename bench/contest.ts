/** Side by side in one run: each contender is a process of its own, and the rounds are interleaved. */
import { spawn } from 'node:child_process';
import { formatCount } from '../cli/table.ts';

export interface Contender {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** What a contender's process prints as its last line. */
interface Measurement {
  /** Of the work alone, without the start of the process. */
  readonly seconds: number;
  /** Of all threads; beside the seconds it tells how busy the machine was with other work. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly rows: number;
  /** Equal for equal results, within rounding. */
  readonly checksum: number;
}

export interface Standing {
  readonly name: string;
  readonly minimumSeconds: number;
  readonly medianSeconds: number;
  readonly minimumCpuSeconds: number;
  readonly peakBytes: number;
  readonly checksum: number;
  /** Set when it failed; the figures are then meaningless. */
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
      if (failures.has(contender.name)) continue;
      try {
        const measurement = await measure(contender);
        measured.set(contender.name, [...(measured.get(contender.name) ?? []), measurement]);
        report(
          `round ${round} of ${rounds}: ${contender.name} ${measurement.seconds.toFixed(2)} s, ${formatCount(measurement.rows)} rows`,
        );
      } catch (error) {
        failures.set(contender.name, String(error));
        report(`round ${round} of ${rounds}: ${contender.name} failed: ${String(error)}`);
      }
    }
  }
  return contenders.map(({ name }) => standing(name, measured.get(name) ?? [], failures.get(name) ?? null));
}

function standing(name: string, measurements: readonly Measurement[], failure: string | null): Standing {
  const seconds = measurements.map((one) => one.seconds).sort((a, b) => a - b);
  return {
    name,
    minimumSeconds: seconds[0] ?? Number.NaN,
    medianSeconds: seconds[Math.floor(seconds.length / 2)] ?? Number.NaN,
    minimumCpuSeconds: Math.min(...measurements.map(({ cpuSeconds }) => cpuSeconds)),
    peakBytes: Math.max(0, ...measurements.map(({ peakBytes }) => peakBytes)),
    checksum: measurements[0]?.checksum ?? Number.NaN,
    failure,
  };
}

async function measure({ command: [program, ...args] }: Contender): Promise<Measurement> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`exit ${code}: ${log.trim().split('\n').at(-1) ?? ''}`);
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Measurement;
}
