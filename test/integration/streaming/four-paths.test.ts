/**
 * One definition, four paths: random worlds as keys of a few runs over a real broker, a real Redis and a lake. What
 * the historical engine, a materialization, a stream from the beginning and a stream that goes on from a backfill say is what
 * the brute-force oracle says. `ASOF_TEST_SEED` repeats a run, `ASOF_TEST_WORLDS` makes it larger.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Micros } from '../../../contracts/time.ts';
import { startKafka, type KafkaBroker } from '../../support/kafka.ts';
import { PACK_SOURCES } from '../../world/packed/pack-definitions.ts';
import { drawStream } from '../../world/packed/pack-stream.ts';
import { comparePaths } from './four-paths-check.ts';
import { runFourPaths } from './four-paths-run.ts';

const WORLDS = Number(process.env['ASOF_TEST_WORLDS'] ?? 2100);
const SEED = Number(process.env['ASOF_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;
/** Rows stand at half seconds around the base, a microsecond off or not: windows begin and ttls end at them. */
const INSTANTS: readonly (readonly bigint[])[] = [
  [4n * SECOND + 2n, 5n * SECOND + 500_000n, 6n * SECOND, HOUR + 2n * SECOND],
  [5n * SECOND, 6n * SECOND - 1n, 7n * SECOND, MINUTE + SECOND],
  [5n * SECOND + 2n, 5n * SECOND + 500_001n, 6n * SECOND + 1n, DAY + HOUR],
];
const BASES: readonly Micros[] = [0n, -719_100n * DAY, 19_813n * DAY];
/** Values as known are asked of every pack, by views of their own. */
const KINDS = PACK_SOURCES.map((source, index) => ({
  name: source,
  source,
  base: BASES[index]!,
  asKnown: false,
  index,
}));

let broker: KafkaBroker;
beforeAll(async () => {
  broker = await startKafka();
}, 600_000);
afterAll(() => broker?.close());

test.each(KINDS)(
  `four paths are one, $name, seed ${SEED}`,
  async ({ index, ...kind }) => {
    const pack = drawStream(kind, WORLDS / KINDS.length, SEED + index);
    const instants = INSTANTS[(SEED + index) % INSTANTS.length]!.map((after) => kind.base + after);
    const { differences, values } = comparePaths(pack, instants, await runFourPaths(broker, pack, instants));
    process.stderr.write(
      `${kind.name}: ${pack.worlds} worlds, ${pack.before.length + pack.after.length} messages, values ${JSON.stringify(values)}\n`,
    );
    expect(differences.slice(0, 1)).toEqual([]);
    // what is left to the lake is the smaller part
    for (const compared of Object.values(values)) expect(compared).toBeGreaterThan(values['historical']! / 2);
  },
  1_800_000,
);
