/** What a row came to: the standings, drawn and kept, and the targets. */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { drawTable } from '../cli/table.ts';
import type { Standing } from './contest.ts';
import { isMeasured, type BenchRow, type Unit } from './row.ts';

export interface Outcome {
  readonly row: string;
  readonly title: string;
  /** Of the tables; figures of the standings are seconds. */
  readonly unit: Unit;
  readonly at: string;
  readonly cores: number;
  readonly standings: readonly Standing[];
  readonly targets: readonly { readonly column: string; readonly text: string; readonly verdict: Verdict }[];
  readonly notes: readonly string[];
}

type Verdict = 'reached' | 'missed' | 'not measured';

export function outcomeOf(row: BenchRow, standings: readonly Standing[], notes: readonly string[]): Outcome {
  const targets = row.targets.map(({ column, text, reached }) => {
    const answer = reached(standings);
    const verdict: Verdict = answer === undefined ? 'not measured' : answer ? 'reached' : 'missed';
    return { column, text, verdict };
  });
  return {
    row: row.id,
    title: row.title,
    unit: row.unit ?? 's',
    at: new Date().toISOString(),
    cores: cpus().length,
    standings,
    targets,
    notes: [...notes, ...disagreements(standings)],
  };
}

export async function keepOutcome(outcome: Outcome): Promise<void> {
  const results = path.join(import.meta.dirname, 'results');
  await mkdir(results, { recursive: true });
  await writeFile(path.join(results, `${outcome.row}.json`), `${JSON.stringify(outcome, undefined, 2)}\n`);
}

const HEADS: Readonly<Record<Unit, readonly string[]>> = {
  s: ['minimum s', 'median s', 'to Asof', 'CPU s', 'peak MiB'],
  ms: ['minimum ms', 'median ms', 'to Asof'],
  'rows/s': ['most rows/s', 'median', 'to Asof', 'rows per CPU s', 'per CPU s of the store', 'peak MiB', 'bytes a row'],
};

export function drawOutcome({ title, unit, cores, standings, targets, notes }: Outcome): string {
  const table = drawTable(
    ['who', ...HEADS[unit]],
    standings.map((one) => [one.name, ...figures(one, standings, unit)]),
  );
  const lines = [
    ...targets.map(({ column, text, verdict }) => `${verdict}: ${text} (${column})`),
    ...standings.flatMap(({ name, failure }) => (failure === null ? [] : [`${name}: ${failure}`])),
    ...notes,
  ];
  return `\n${title}, ${cores} cores\n\n${table}\n\n${lines.join('\n')}\n`;
}

/** For a page. */
export function markdownOutcome({ title, unit, standings }: Outcome): string {
  const rows = standings.map((one, index) => {
    const name = index === 0 ? `**${one.name}**` : one.name;
    return `| ${[name, ...figures(one, standings, unit)].join(' | ')} |`;
  });
  const head = HEADS[unit];
  return [`| ${[title, ...head].join(' | ')} |`, `|---${'|---'.repeat(head.length)}|`, ...rows].join('\n');
}

/** Ratios are to the first: above 1 is slower than Asof. */
function figures(one: Standing, [own]: readonly Standing[], unit: Unit): readonly string[] {
  if (one.failure !== null) return HEADS[unit].map(() => '–');
  const ratio = isMeasured(own) ? `${(one.minimumSeconds / own.minimumSeconds).toFixed(2)}×` : '–';
  if (unit === 'ms') return [millis(one.minimumSeconds), millis(one.medianSeconds), ratio];
  const mebibytes = Math.round(one.peakBytes / 2 ** 20).toLocaleString('en');
  if (unit === 'rows/s') {
    const per = (seconds = Number.NaN): string => whole(one.rows / seconds);
    return [
      ...[per(one.minimumSeconds), per(one.medianSeconds), ratio],
      ...[per(one.minimumCpuSeconds), per(one.serverCpuSeconds), mebibytes, whole(one.bytesPerRow ?? Number.NaN)],
    ];
  }
  return [
    one.minimumSeconds.toFixed(2),
    one.medianSeconds.toFixed(2),
    ratio,
    one.minimumCpuSeconds.toFixed(2),
    mebibytes,
  ];
}

function whole(value: number): string {
  return Number.isNaN(value) ? '–' : Math.round(value).toLocaleString('en');
}

function millis(seconds: number): string {
  return (seconds * 1000).toFixed(3);
}

/** A fast wrong answer is no answer. Further contenders of ours do other work. */
function disagreements([own, ...peers]: readonly Standing[]): readonly string[] {
  if (!isMeasured(own)) return [];
  return peers
    .filter((peer) => isMeasured(peer) && !peer.name.startsWith('Asof'))
    .flatMap(({ name, rows, checksum }) => {
      if (rows !== own.rows) return [`${name} gives ${rows} rows instead of ${own.rows}`];
      if (Math.abs(checksum - own.checksum) <= 1e-9 * Math.abs(own.checksum)) return [];
      return [`${name} gives another result: ${checksum} beside ${own.checksum}`];
    });
}
