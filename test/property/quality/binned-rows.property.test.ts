/** Rows in bins beside a plain count of the values, and Kolmogorov-Smirnov of bins beside that of the values themselves. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BinnedRows, ColumnBaseline } from '../../../contracts/drift.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine } from '../../../engine/engine.ts';
import { readBaselines } from '../../../quality/drift/baseline.ts';
import { countBinned, MOST_EDGES } from '../../../quality/drift/bins-sql.ts';
import { placesOf } from '../../../quality/drift/bins.ts';
import { measureDrift } from '../../../quality/drift/measure-drift.ts';
import { wassersteinDistance } from '../../../quality/drift/wasserstein.ts';

const COLUMN = { name: 'rows', type: 'float64', isPersonal: false } as const;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({
    memoryLimit: '512MB',
    threads: 1,
    tempDirectory: join(tmpdir(), 'asof-binned-rows'),
    allowedDirectories: [],
  });
});
afterAll(() => engine.close());

type Values = readonly (number | null)[];

function binsOf(baseline: Values, current: Values): Promise<{ kept: ColumnBaseline; binned: BinnedRows }> {
  return engine.session(async (session) => {
    for (const [table, values] of Object.entries({ baseline, current })) {
      await session.run(`CREATE TEMP TABLE "${table}" ("rows" DOUBLE)`);
      await session.append(table, [{ values }]);
    }
    const { columns } = await readBaselines(session, 'baseline', [COLUMN]);
    const kept = columns[0]!.baseline!;
    const [binned] = await countBinned(session, 'current', [{ column: COLUMN, bins: kept.bins }]);
    return { kept, binned: binned! };
  });
}

const edgesOf = ({ bins }: ColumnBaseline): readonly number[] => (bins.kind === 'number' ? bins.edges : []);
const numbersIn = (values: Values): readonly number[] =>
  values.filter((value): value is number => value !== null && !Number.isNaN(value));

/** The greatest difference of the shares at or below any of the values. */
function gapOf(a: readonly number[], b: readonly number[]): number {
  const atOrBelow = (values: readonly number[], x: number) =>
    values.filter((value) => value <= x).length / values.length;
  return Math.max(...[...a, ...b].map((x) => Math.abs(atOrBelow(a, x) - atOrBelow(b, x))));
}

const someValues = fc.array(
  fc.option(
    fc.oneof(
      fc.integer({ min: -3, max: 6 }),
      fc.double({ min: -1e3, max: 1e3, noNaN: true }),
      fc.constantFrom(Infinity, -Infinity, Number.NaN, -0, 1e308, -1e308, 5e-324),
    ),
    { nil: null, freq: 8 },
  ),
  { minLength: 1, maxLength: 60 },
);

it('every row is in its cell, and KS of whole baselines is that of the values', async () => {
  await fc.assert(
    fc.asyncProperty(someValues, someValues, async (baseline, current) => {
      const { kept, binned } = await binsOf(baseline, current);
      const edges = edgesOf(kept);
      const finite = [
        ...new Set(
          numbersIn(baseline)
            .filter(Number.isFinite)
            .map((value) => value + 0),
        ),
      ];
      expect(edges).toEqual(finite.sort((a, b) => a - b));
      for (const [values, counted] of [
        [baseline, kept.binned],
        [current, binned],
      ] as const) {
        const numbers = numbersIn(values);
        const cells = Array.from({ length: 2 * edges.length + 1 }, (_, cell) => {
          const [low, high] = [edges[Math.ceil(cell / 2) - 1] ?? -Infinity, edges[Math.floor(cell / 2)] ?? Infinity];
          if (cell % 2 === 1) return numbers.filter((value) => value === low).length;
          const [first, last] = [cell === 0, cell === 2 * edges.length];
          return numbers.filter((value) => (first || value > low) && (last || value < high)).length;
        });
        expect(counted).toMatchObject({ rows: values.length, missing: values.length - numbers.length, cells });
      }
      const { ks } = measureDrift(kept, binned)!;
      const [a, b] = [numbersIn(baseline), numbersIn(current)];
      if (a.length === 0 || b.length === 0) expect(ks).toBeNull();
      else {
        expect(ks!.isExact).toBe(a.every(Number.isFinite));
        if (ks!.isExact) expect(Math.abs(ks!.statistic - gapOf(a, b))).toBeLessThan(1e-12);
        else expect(ks!.statistic).toBeLessThanOrEqual(gapOf(a, b) + 1e-12);
      }
    }),
    { numRuns: 50 },
  );
});

it('of more values than there are edges, KS is at most a 500th below that of the values, and never above it', async () => {
  const seeds = fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: 0.5, max: 2, noNaN: true }));
  await fc.assert(
    fc.asyncProperty(seeds, async ([shift, scale]) => {
      const wave = (index: number) => Math.tan(Math.PI * (((index * 0.618_033_988_75) % 1) - 0.5));
      const a = Array.from({ length: 1500 }, (_, index) => wave(index + 1));
      const b = Array.from({ length: 700 }, (_, index) => shift + scale * wave(index + 2000));
      const { kept, binned } = await binsOf(a, b);
      const { ks } = measureDrift(kept, binned)!;
      expect(ks!.isExact).toBe(false);
      expect(edgesOf(kept).length).toBe(MOST_EDGES + 1);
      const exact = gapOf(a, b);
      expect(ks!.statistic).toBeLessThanOrEqual(exact + 1e-12);
      expect(ks!.statistic).toBeGreaterThanOrEqual(exact - 1 / MOST_EDGES - 1e-12);
    }),
    { numRuns: 5 },
  );
});

it('Wasserstein of bins is no further off than half the gaps between the edges', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 5, maxLength: 50 }),
      fc.array(fc.double({ min: -150, max: 150, noNaN: true }), { minLength: 5, maxLength: 50 }),
      async (baseline, current) => {
        const { kept, binned } = await binsOf(baseline, current);
        if (kept.bins.kind !== 'number') throw new Error('no number');
        const edges = edgesOf(kept);
        const widest = Math.max(0, ...edges.slice(1).map((edge, index) => edge - edges[index]!));
        const weighted = (values: readonly number[]) => values.map((value) => ({ value, weight: 1 }));
        const exact = wassersteinDistance(weighted(baseline), weighted(current));
        const got = wassersteinDistance(placesOf(kept.bins, kept.binned), placesOf(kept.bins, binned));
        expect(Math.abs(got - exact)).toBeLessThanOrEqual(widest / 2 + 1e-9);
      },
    ),
    { numRuns: 30 },
  );
});
