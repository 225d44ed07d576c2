/**
 * Ten thousand random small worlds, packed as keys of a few runs, from files over ingestion and the lake to the joined file:
 * every value and every count of leaks is what the brute-force oracle says. `ASOF_TEST_SEED` repeats a run.
 */
import { expect, test } from 'vitest';
import { drawPack } from '../../world/packed/pack.ts';
import { PACK_KINDS } from '../../world/packed/pack-definitions.ts';
import { reduceMistake } from './packed-reduction.ts';
import { checkPack } from './packed-run.ts';

const WORLDS = 10_000;
const SEED = Number(process.env['ASOF_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

test.each(PACK_KINDS.map((kind, index) => ({ ...kind, index })))(
  `packed worlds, $name, seed ${SEED}`,
  async ({ index, ...kind }) => {
    const pack = drawPack(kind, WORLDS / PACK_KINDS.length, SEED + index);
    const middle = { from: kind.base, to: kind.base + 2_000_000n };
    // odd packs read the views' own tables for a part of their rows
    const backfilled = index % 2 === 1 ? [middle] : [];
    const [mistake] = await checkPack(pack, backfilled);
    expect(mistake && (await reduceMistake(pack, mistake, backfilled))).toBeUndefined();
  },
  300_000,
);
