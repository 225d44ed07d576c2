/**
 * Run as a program by the tests of the lake's cache: reads files in random order, each in a scope of its own, and fails when
 * one is not what its name says. With rounds `hold` it fetches them all, says so, and waits to be killed.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../contracts/config.ts';
import { withLeases } from '../../lake/leases.ts';
import { openLake } from '../../lake/open.ts';

const [given = '', seed = '1'] = process.argv.slice(2);
const { settings, names, rounds } = JSON.parse(given) as {
  readonly settings: Settings;
  readonly names: readonly string[];
  readonly rounds: number | 'hold';
};
const lake = await openLake(settings);
if (rounds === 'hold') {
  await Promise.all(names.map((name) => lake.localPath(name)));
  process.stdout.write('holding\n');
  await sleep(600_000);
} else {
  let state = Number(seed);
  for (let round = 0; round < rounds; round += 1) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    const chosen = [0, 7, 21].map((step) => names[(state + step) % names.length]!);
    await withLeases(async () => {
      for (const file of await Promise.all(chosen.map((name) => lake.localPath(name)))) await readFile(file);
      for (const name of chosen) {
        const text = await readFile(await lake.localPath(name), 'utf8');
        if (!text.startsWith(name)) throw new Error(`${name} holds ${text.slice(0, 40)}`);
      }
    });
  }
  process.stdout.write(`read ${rounds}\n`);
}
