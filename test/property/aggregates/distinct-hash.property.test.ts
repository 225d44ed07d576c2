import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distinctHash, distinctHashSql } from '../../../aggregates/distinct-hash.ts';
import type { StoredType } from '../../../contracts/values.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine, EngineValue } from '../../../engine/engine.ts';
import { sqlType } from '../../../engine/sql.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({
    memoryLimit: '1GB',
    threads: 1,
    tempDirectory: join(tmpdir(), 'asof-distinct-hash'),
    allowedDirectories: [],
  });
});
afterAll(() => engine.close());

const VALUES: Readonly<Record<string, fc.Arbitrary<EngineValue>>> = {
  string: fc.string({ unit: 'grapheme' }),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  // multiples of an eighth near 2^52 have 18 digits and end in 5: ties of the 17th
  float64: fc.oneof(
    fc.double(),
    fc.integer({ min: 0, max: 2 ** 40 }).map((n) => 562_949_953_421_312 + n / 8),
  ),
  boolean: fc.boolean(),
  timestamp: fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n }),
};

describe('the hash of the distinct sketch', () => {
  it.each(Object.keys(VALUES) as StoredType[])('is the same in SQL and in TypeScript for %s', async (type) => {
    await fc.assert(
      fc.asyncProperty(fc.array(VALUES[type]!, { minLength: 500, maxLength: 600 }), async (values) => {
        expect(await hashesInSql(values, type)).toEqual(values.map((value) => distinctHash(value) - 2n ** 63n));
      }),
      { numRuns: 4 },
    );
  });
});

function hashesInSql(values: readonly EngineValue[], type: StoredType): Promise<readonly EngineValue[]> {
  return engine.session(async (session) => {
    await session.run(`CREATE TEMP TABLE hashed (place BIGINT, value ${sqlType(type)})`);
    await session.append('hashed', [{ values: values.map((_, place) => BigInt(place)) }, { values }]);
    const rows = await session.rows(`SELECT ${distinctHashSql('value', type)} AS hash FROM hashed ORDER BY place`);
    return rows.map(({ hash }) => hash!);
  });
}
