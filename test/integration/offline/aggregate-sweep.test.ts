import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AggregateFeatureManifest, AggregateFunction, WindowManifest } from '../../../contracts/manifest.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine, EngineRow, Session } from '../../../engine/engine.ts';
import { computeAggregates } from '../../../offline/sweep/sweep.ts';
import { aggregateValue } from '../../world/oracle-aggregate.ts';
import { aggregateFeature, planView, type ValueColumn } from '../../world/world.ts';

const ALL: WindowManifest = { kind: 'all' };
const HUNDRED: WindowManifest = { kind: 'duration', micros: 100, resolutionMicros: null };

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({
    memoryLimit: '1GB',
    threads: 1,
    tempDirectory: join(tmpdir(), 'asof-sweep-at-size'),
    allowedDirectories: [],
  });
});
afterAll(() => engine.close());

describe('the aggregate sweep at size', () => {
  it('equals a join and filter in SQL over several blocks, skewed keys and late rows', async () => {
    await engine.session(async (session) => {
      // key 0 has more events than a block; one event in three is created long after it happened
      await session.run(`CREATE TEMP TABLE events AS
SELECT 'k' AS name, CASE WHEN i % 2 = 0 THEN 0 ELSE i % 97 END AS code, make_timestamp(i // 3) AS __event,
  make_timestamp(i // 3 + CASE WHEN i % 3 = 0 THEN hash(i) % 90000 ELSE 0 END::BIGINT) AS __created, i AS __seq,
  i % 1009 - 500 AS amount, (i % 1009) / 8 AS price FROM range(180000) t(i)`);
      await session.run(`CREATE TEMP TABLE requests AS SELECT i AS __row, 'k' AS name, i % 101 AS code,
  make_timestamp((i * 7919 % 61000)::BIGINT) AS __at FROM range(600) t(i)`);
      const features = [
        feature('count', null, HUNDRED),
        feature('sum', 'amount', ALL),
        feature('max', 'price', HUNDRED),
      ];
      const progress: number[] = [];
      const swept = await sweep(session, features, { asKnown: true, onProgress: (rows) => progress.push(rows) });
      const joined = await session.rows(`SELECT r.__row,
  count(e.__seq) FILTER (e.__event >= r.__at - to_microseconds(100)) AS count,
  sum(e.amount)::BIGINT AS sum,
  max(e.price) FILTER (e.__event >= r.__at - to_microseconds(100)) AS max
FROM requests r LEFT JOIN events e ON e.code = r.code AND e.__event < r.__at AND e.__created <= r.__at
GROUP BY r.__row ORDER BY r.__row`);
      expect(swept.map(({ __row, count, sum, max }) => ({ __row, count, sum, max }))).toEqual(joined);
      expect(progress.at(-1)).toBe(600);
    });
  });

  it('counts thousands of distinct values as one sketch of them does', async () => {
    await engine.session(async (session) => {
      await session.run(`CREATE TEMP TABLE events AS SELECT 'k' AS name, 0::BIGINT AS code, make_timestamp(i) AS __event,
  NULL::TIMESTAMP AS __created, i AS __seq, i * i % 7001 AS amount FROM range(9000) t(i)`);
      await session.run(`CREATE TEMP TABLE requests AS
SELECT i AS __row, 'k' AS name, 0::BIGINT AS code, make_timestamp(i * 1000) AS __at FROM range(10) t(i)`);
      const window: WindowManifest = { kind: 'duration', micros: 5000, resolutionMicros: null };
      const rows = await sweep(session, [feature('approxCountDistinct', 'amount', window)], { asKnown: false });
      const expected = Array.from({ length: 10 }, (_, request) => {
        const values = Array.from({ length: 9000 }, (_, row) => BigInt((row * row) % 7001));
        return aggregateValue(
          { function: 'approxCountDistinct' },
          values.slice(Math.max(0, request * 1000 - 5000), request * 1000),
        ).value;
      });
      expect(rows.map((row) => row['approxCountDistinct'])).toEqual(expected);
    });
  });

  it('sums int64 exactly, and refuses a sum that does not fit', async () => {
    await engine.session(async (session) => {
      await session.run(`CREATE TEMP TABLE events AS SELECT 'k' AS name, i // 4 AS code, make_timestamp(i) AS __event,
  NULL::TIMESTAMP AS __created, i AS __seq, 3074457345618258603 AS amount FROM range(8) t(i)`);
      await session.run(`CREATE TEMP TABLE requests AS
SELECT i AS __row, 'k' AS name, 0::BIGINT AS code, make_timestamp(i) AS __at FROM range(3) t(i)`);
      const sum = feature('sum', 'amount', ALL);
      const rows = await sweep(session, [sum], { asKnown: false });
      expect(rows.map((row) => row['sum'])).toEqual([null, 3_074_457_345_618_258_603n, 6_148_914_691_236_517_206n]);

      await session.run(`INSERT INTO requests SELECT 3, 'k', 0, make_timestamp(100)`);
      await session.run('DROP TABLE answers');
      await expect(sweep(session, [sum], { asKnown: false })).rejects.toMatchObject({
        code: 'INTEGER_OVERFLOW',
        details: { where: 'world:sum', column: 'amount' },
      });
    });
  });
});

function feature(
  name: AggregateFunction,
  column: ValueColumn | null,
  window: WindowManifest,
): AggregateFeatureManifest {
  return aggregateFeature(name, { function: name, column, window, where: [] });
}

/** The result by row, over the tables `events` and `requests`. */
async function sweep(
  session: Session,
  features: readonly AggregateFeatureManifest[],
  options: { readonly asKnown: boolean; readonly onProgress?: (rows: number) => void },
): Promise<readonly EngineRow[]> {
  const view = planView({ mode: 'aggregate', ttlMicros: null, delayMicros: 0, hasCreated: true, features });
  await computeAggregates(session, {
    view,
    events: 'SELECT * FROM events',
    requests: 'SELECT * FROM requests',
    resultTable: 'answers',
    ...options,
  });
  return session.rows('SELECT * FROM answers ORDER BY __row');
}
