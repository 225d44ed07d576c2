/**
 * Two hundred random small worlds by Spark, packed as keys of a few runs, from files over ingestion and the lake to the joined
 * file: every value and every count of leaks is what the brute-force oracle says. `ASOF_TEST_SEED` repeats a run.
 */
import { beforeAll, expect, inject, test } from 'vitest';
import { openSpark } from '../../../engine/spark/thrift-spark.ts';
import { drawPack } from '../../world/packed/pack.ts';
import { PACK_KINDS } from '../../world/packed/pack-definitions.ts';
import { retrieveBySpark } from '../offline/offline-fixture.ts';
import { checkPack } from '../offline/packed-run.ts';

const WORLDS = 200;
const SEED = Number(process.env['ASOF_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

beforeAll(() => retrieveBySpark({ spark: openSpark(inject('sparkUrl')), autoAboveBytes: 0 }));

test.each(PACK_KINDS.map((kind, index) => ({ ...kind, index })))(
  `are what the oracle answers: $name, seed ${SEED}`,
  async ({ index, ...kind }) => {
    expect(await checkPack(drawPack(kind, WORLDS / PACK_KINDS.length, SEED + index))).toEqual([]);
  },
  900_000,
);
