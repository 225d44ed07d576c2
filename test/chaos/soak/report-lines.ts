/** What a soak prints. */
import type { SoakReport } from './soak-run.ts';

export function linesOf(report: SoakReport): readonly string[] {
  const { capacity, rate, took, requests, failed, lost, writer } = report;
  const { millis } = report.length;
  const at = (quantile: number): string =>
    `${took[Math.min(took.length - 1, Math.floor(took.length * quantile))]?.toFixed(1)} ms`;
  return [
    `seed ${report.seed}: ${(millis / 60_000).toFixed(1)} min at ${rate.toFixed(0)} reads/s of 10 keys, half of ${capacity.toFixed(0)}`,
    `faults: ${[...report.faults].map(([name, times]) => `${name} ${times}`).join(', ')}`,
    `reads: ${requests}; p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)} from when they were due`,
    `failed at the first try: ${shareText(failed, requests)}`,
    `failed after one more try where the connection broke: ${shareText(lost, requests)}`,
    `wrong values: ${report.wrong}`,
    ...report.examples.map((example) => `  ${example}`),
    `pushes: ${writer.pushes} acknowledged, ${writer.repeated} sent again`,
    ...report.memory.map(
      ({ name, pid, second, last, isFlat }) =>
        `memory of ${name} (${pid}): ${megabytes(second)} in the second third of its time, ${megabytes(last)} in the last: ${
          isFlat === null ? 'too short to judge' : isFlat ? 'flat' : 'NOT FLAT'
        }`,
    ),
  ];
}

export function shareOf(counts: ReadonlyMap<string, number>, requests: number): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0) / requests;
}

function shareText(counts: ReadonlyMap<string, number>, requests: number): string {
  const kinds = [...counts].map(([what, count]) => `${what} ${count}`).join(', ');
  return `${(100 * shareOf(counts, requests)).toFixed(4)} %${kinds && ` (${kinds})`}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
