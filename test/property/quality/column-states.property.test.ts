/** Statistics of parts merge to those of all rows, which are those that a plain loop over the values finds. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distinctHash } from '../../../aggregates/distinct-hash.ts';
import { DISTINCT_HASHES } from '../../../aggregates/distinct.ts';
import { bucketCode, bucketValue } from '../../../aggregates/quantile-bucket.ts';
import { compareValues } from '../../../aggregates/value-order.ts';
import type { ColumnState } from '../../../contracts/statistics.ts';
import type { StoredType } from '../../../contracts/values.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine, EngineValue } from '../../../engine/engine.ts';
import { sqlType } from '../../../engine/sql.ts';
import {
  distinctOf,
  emptyState,
  encodeHashes,
  mergeStates,
  quantileOf,
} from '../../../quality/statistics/column-state.ts';
import { keepFrequent, mergeFrequent } from '../../../quality/statistics/frequent-values.ts';
import { readStates } from '../../../quality/statistics/state-sql.ts';
import { deviationOf, meanOf } from '../../../quality/statistics/stored-moments.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({
    memoryLimit: '1GB',
    threads: 1,
    tempDirectory: join(tmpdir(), 'asof-column-states'),
    allowedDirectories: [],
  });
});
afterAll(() => engine.close());

const LEAST = -(2n ** 63n);
const GREATEST = 2n ** 63n - 1n;

const VALUES: Readonly<Partial<Record<StoredType, fc.Arbitrary<EngineValue>>>> = {
  int64: fc.oneof(
    fc.bigInt({ min: LEAST, max: GREATEST }),
    fc.constantFrom(LEAST, GREATEST, 0n),
    fc.bigInt({ min: -9n, max: 9n }),
  ),
  float64: fc.oneof(
    fc.double({ min: -1e9, max: 1e9 }),
    fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0, 1e-310, 5),
    // far from zero, close to each other
    fc.integer({ min: 0, max: 9 }).map((n) => 1e9 + n / 8),
  ),
  string: fc.oneof(fc.string({ unit: 'grapheme', maxLength: 3 }), fc.constantFrom('', 'a', 'A', '\uE000', '\u{10000}')),
  boolean: fc.boolean(),
  timestamp: fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n }),
  'string[]': fc.array(fc.string({ maxLength: 2 }), { maxLength: 2 }),
};

const columnsOf = (type: StoredType) => [{ name: 'value', type, isPersonal: false }];

/** The state of each part, as the engine reads it, and that of all parts together. */
function statesOf(
  type: StoredType,
  parts: readonly (readonly EngineValue[])[],
): Promise<{ readonly each: readonly ColumnState[]; readonly all: ColumnState }> {
  return engine.session(async (session) => {
    await session.run(`CREATE TEMP TABLE measured (part BIGINT, value ${sqlType(type)})`);
    for (const [part, values] of parts.entries()) {
      if (values.length > 0) await session.append('measured', [{ values: values.map(() => BigInt(part)) }, { values }]);
    }
    const each: ColumnState[] = [];
    for (const part of parts.keys()) {
      const [state] = await readStates(session, `(SELECT * FROM measured WHERE part = ${part})`, columnsOf(type));
      each.push(state!);
    }
    const [all] = await readStates(session, 'measured', columnsOf(type));
    return { each, all: all! };
  });
}

/** What a loop over the values says. */
function expected(type: StoredType, values: readonly EngineValue[]): Omit<ColumnState, 'moments'> {
  const present = values.filter((value) => value !== null);
  const isNumber = type === 'int64' || type === 'float64';
  const finite = isNumber ? present.filter((value) => Number.isFinite(Number(value))) : [];
  const compared = type === 'string' || type === 'timestamp' ? present : finite;
  const ordered = compared.toSorted(compareValues);
  const bound = (value: EngineValue | undefined) =>
    value === undefined
      ? null
      : typeof value === 'bigint'
        ? value.toString()
        : typeof value === 'number'
          ? value + 0
          : value;
  const buckets = countBy(finite, (value) => bucketCode(Number(value)));
  const hashes = type.endsWith(']') ? [] : [...new Set(present.map(distinctHash))].sort((a, b) => (a < b ? -1 : 1));
  const counted = type === 'string' || type === 'boolean' ? present : [];
  const top = [...countBy(counted, String)];
  return {
    type,
    rows: values.length,
    nulls: values.length - present.length,
    nan: present.filter((value) => typeof value === 'number' && Number.isNaN(value)).length,
    infinite: present.filter((value) => value === Infinity || value === -Infinity).length,
    min: bound(ordered[0]) as ColumnState['min'],
    max: bound(ordered.at(-1)) as ColumnState['max'],
    buckets: [...buckets].sort(([a], [b]) => a - b),
    hashes: encodeHashes(hashes.slice(0, DISTINCT_HASHES)),
    top: { values: top.sort(([a, m], [b, n]) => n - m || compareValues(a, b)), missed: 0 },
  };
}

function countBy<Key>(values: readonly EngineValue[], keyOf: (value: EngineValue) => Key): ReadonlyMap<Key, number> {
  const counts = new Map<Key, number>();
  for (const key of values.map(keyOf)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function expectMoments({ moments }: ColumnState, values: readonly EngineValue[]): void {
  const numbers = values.filter((value) => value !== null).map(Number);
  const finite = numbers.filter((value) => Number.isFinite(value));
  expect(moments.count).toBe(finite.length);
  if (finite.length === 0) {
    expect([meanOf(moments), deviationOf(moments)]).toEqual([null, null]);
    return;
  }
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
  const scale = Math.max(1, ...finite.map(Math.abs));
  expect(Math.abs(meanOf(moments)! - mean)).toBeLessThanOrEqual(1e-12 * scale);
  const squares = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  if (finite.length < 2) expect(deviationOf(moments)).toBeNull();
  else {
    const deviation = Math.sqrt(squares / (finite.length - 1));
    expect(Math.abs(deviationOf(moments)! - deviation)).toBeLessThanOrEqual(1e-9 * deviation + 1e-12 * scale);
  }
}

describe('the state of a column', () => {
  it.each(Object.keys(VALUES) as StoredType[])(
    'of parts merges to that of all rows, which the values give: %s',
    async (type) => {
      const value = fc.option(VALUES[type]!, { nil: null, freq: 6 });
      const part = fc.oneof(
        fc.constant([]),
        fc.array(value, { maxLength: 60 }),
        fc.array(fc.constant(null), { maxLength: 3 }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 5 }), async (parts) => {
          const values = parts.flat();
          const { each, all } = await statesOf(type, parts);
          const merged = each.reduce(mergeStates, emptyState(type));
          const { moments, ...rest } = merged;
          expect(rest).toEqual(expected(type, values));
          expect({ ...all, moments }).toEqual(merged);
          expect(each.toReversed().reduce(mergeStates)).toMatchObject(rest);
          expect(JSON.parse(JSON.stringify(merged))).toEqual(merged);
          if (type !== 'int64' && type !== 'float64') return;
          expectMoments(merged, values);
          expectMoments(all, values);
        }),
        { numRuns: 15 },
      );
    },
  );

  it('holds a bounded number of hashes, of which the estimate is within a few of its standard errors', async () => {
    const parts = [0, 1, 2].map((part) => Array.from({ length: 3000 }, (_, index) => BigInt(part * 2000 + index)));
    const { each, all } = await statesOf('int64', parts);
    const merged = each.reduce(mergeStates);
    expect(merged.hashes).toBe(all.hashes);
    expect(merged.hashes).toBe(expected('int64', parts.flat()).hashes);
    expect(Math.abs(distinctOf(merged) / 7000 - 1)).toBeLessThan(0.15);
    expect(quantileOf(merged, 0.5)).toBe(bucketValue(bucketCode(3499)));
  });

  it('has no mean and no deviation that a double cannot hold, and merges on', async () => {
    const { each, all } = await statesOf('float64', [[1e308, 1e308, 1e308], [-1e200, 1], []]);
    for (const state of [each.reduce(mergeStates), all]) {
      expect(deviationOf(state.moments)).toBeNull();
      expect(state).toMatchObject({ rows: 5, min: -1e200, max: 1e308, moments: { count: 5 } });
    }
  });

  it('keeps no personal value', async () => {
    await engine.session(async (session) => {
      await session.run(`CREATE TEMP TABLE people AS SELECT 'secret' AS name, 7::BIGINT AS age`);
      const columns = [
        { name: 'name', type: 'string', isPersonal: true },
        { name: 'age', type: 'int64', isPersonal: true },
      ] as const;
      const states = await readStates(session, 'people', columns);
      expect(JSON.stringify(states)).not.toContain('secret');
      expect(states.map(({ rows, min, max, top }) => ({ rows, min, max, top }))).toEqual(
        columns.map(() => ({ rows: 1, min: null, max: null, top: { values: [], missed: 0 } })),
      );
    });
  });
});

it('frequent values are exact up to the limit, and never further off than they say', () => {
  const counts = fc.array(fc.tuple(fc.constantFrom(...'abcdefgh'), fc.integer({ min: 1, max: 20 })), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(counts, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 9 }), (parts, limit) => {
      const unique = parts.map((part) => [...new Map(part)]);
      const truth = new Map<string, number>();
      for (const [value, rows] of unique.flat()) truth.set(value, (truth.get(value) ?? 0) + rows);
      const { values, missed } = unique
        .map((part) => keepFrequent(part, limit))
        .reduce((a, b) => mergeFrequent(a, b, limit));
      expect(values.length).toBeLessThanOrEqual(limit);
      const listed = new Map(values);
      for (const [value, rows] of truth) {
        expect(rows).toBeGreaterThanOrEqual(listed.get(value) ?? 0);
        expect(rows).toBeLessThanOrEqual((listed.get(value) ?? 0) + missed);
      }
      if (truth.size <= limit) expect([missed, listed]).toEqual([0, truth]);
    }),
    { numRuns: 500 },
  );
});
