import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bucketCode, bucketValue } from '../../../aggregates/quantile-bucket.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import { bucketValueSql } from '../../../aggregates/quantile-bucket-sql.ts';

const EDGES = [0, -0, 127, 128.5, 255, 1e-310, 2 ** -1022, Number.MAX_VALUE, -Number.MAX_VALUE, Infinity, NaN];

it('a double is rounded to its bucket in SQL as the quantile sketch rounds it, and null stays null', async () => {
  const engine = await openEngine({
    memoryLimit: '1GB',
    threads: 1,
    tempDirectory: join(tmpdir(), 'asof-bucket-value'),
    allowedDirectories: [],
  });
  try {
    const value = fc.option(fc.oneof(fc.double(), fc.constantFrom(...EDGES)), { nil: null });
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 200, maxLength: 400 }), async (values) => {
        const rows = await engine.session(async (session) => {
          await session.run('CREATE TEMP TABLE numbers (x DOUBLE)');
          await session.append('numbers', [{ values }]);
          return session.rows(`SELECT ${bucketValueSql('x')} AS y FROM numbers ORDER BY rowid`);
        });
        expect(rows.map(({ y }) => y)).toEqual(values.map((x) => (x === null ? null : bucketValue(bucketCode(x)))));
      }),
      { numRuns: 20 },
    );
  } finally {
    await engine.close();
  }
});
