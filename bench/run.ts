/**
 * `npm run bench`: Asof and its peers side by side, with the ratio of their times.
 *
 *   npm run bench                       the point-in-time join at 1M/100k
 *   npm run bench -- --size 10m         … at 10M/1M
 *   npm run bench -- --rounds 3         fewer rounds
 *   npm run bench -- --peers polars     beside Asof only contenders with such words in their names
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, homedir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { drawTable } from '../cli/table.ts';
import { AS_OF_SIZES, prepareAsOf } from './as-of.ts';
import { runContest, type Contender, type Standing } from './contest.ts';
import { providePeers } from './peers.ts';

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '1m' },
    rounds: { type: 'string', default: '5' },
    peers: { type: 'string' },
  },
  allowPositionals: true,
});

const report = (line: string): void => console.error(line);

async function main(): Promise<void> {
  const size = options.size as keyof typeof AS_OF_SIZES;
  if (!Object.hasOwn(AS_OF_SIZES, size)) throw new Error(`--size is one of ${Object.keys(AS_OF_SIZES).join(', ')}`);
  const cache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'asof', 'bench');
  await mkdir(cache, { recursive: true });
  const prepared = await prepareAsOf(cache, providePeers(cache, report), size, report);
  const contenders = choosePeers(prepared, options.peers ?? AS_OF_SIZES[size].peers);
  const standings = await runContest(contenders, Number(options.rounds), report);
  console.log(
    `\nPoint-in-time join, ${AS_OF_SIZES[size].name}, ${cpus().length} cores\n\n${drawStandings(standings)}\n`,
  );
  const results = path.join(import.meta.dirname, 'results');
  await mkdir(results, { recursive: true });
  const document = {
    benchmark: `as-of-${size}`,
    at: new Date().toISOString(),
    rounds: Number(options.rounds),
    standings,
  };
  await writeFile(path.join(results, `as-of-${size}.json`), `${JSON.stringify(document, undefined, 2)}\n`);
  checkAgreement(standings);
}

/** Asof, and the contenders whose names have one of the words. */
function choosePeers([own, ...peers]: readonly Contender[], words: string): readonly Contender[] {
  const wanted = words.toLowerCase().split(',');
  const chosen = peers.filter(({ name }) => wanted.some((word) => name.toLowerCase().includes(word)));
  return own === undefined ? [] : [own, ...chosen];
}

/** Ratios are to the first: above 1 is slower than Asof. */
function drawStandings(standings: readonly Standing[]): string {
  const [own] = standings;
  return drawTable(
    ['who', 'minimum s', 'median s', 'ratio of minima', 'CPU s', 'peak MiB'],
    standings.map((one) =>
      one.failure === null
        ? [
            one.name,
            one.minimumSeconds.toFixed(2),
            one.medianSeconds.toFixed(2),
            `${(one.minimumSeconds / (own?.minimumSeconds ?? Number.NaN)).toFixed(2)}×`,
            one.minimumCpuSeconds.toFixed(2),
            Math.round(one.peakBytes / 2 ** 20),
          ]
        : [one.name, 'failed', '', '', '', ''],
    ),
  );
}

/** A fast wrong answer is no answer. */
function checkAgreement(standings: readonly Standing[]): void {
  const [own, ...peers] = standings;
  for (const peer of peers) {
    if (peer.failure !== null || own === undefined) continue;
    if (Math.abs(peer.checksum - own.checksum) <= 1e-9 * Math.abs(own.checksum)) continue;
    console.log(`${peer.name} gives another result: ${peer.checksum} beside ${own.checksum}`);
  }
}

await main();
