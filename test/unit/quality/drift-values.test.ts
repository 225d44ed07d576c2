/** Measures of drift beside the values of SciPy, and by hand where the definition is this project's own. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bins, ColumnBaseline, DriftMeasures } from '../../../contracts/drift.ts';
import type { StoredType } from '../../../contracts/values.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine, EngineValue } from '../../../engine/engine.ts';
import { sqlType } from '../../../engine/sql.ts';
import { readBaselines } from '../../../quality/drift/baseline.ts';
import { countBinned } from '../../../quality/drift/bins-sql.ts';
import { judgeDrift, measureDrift } from '../../../quality/drift/measure-drift.ts';
import {
  greatestDifference,
  hellingerDistance,
  jensenShannonDistance,
  populationStability,
} from '../../../quality/drift/shares.ts';
import { wassersteinDistance } from '../../../quality/drift/wasserstein.ts';

interface Sample {
  readonly name: string;
  readonly baseline: readonly number[];
  readonly current: readonly number[];
  readonly ks: number;
  readonly p: number;
  readonly wasserstein: number;
  readonly deviation: number;
}

interface Shares {
  readonly name: string;
  readonly p: readonly number[];
  readonly q: readonly number[];
  readonly js: number;
  readonly psi: number | null;
  readonly hellinger: number;
  readonly lInfinity: number;
}

/** Made by drift-values.py, which stands beside it. */
const golden = JSON.parse(readFileSync(join(import.meta.dirname, '../../cases/drift-values.json'), 'utf8')) as {
  readonly samples: readonly Sample[];
  readonly shares: readonly Shares[];
  readonly deciles: readonly (Shares & Sample)[];
};

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({
    memoryLimit: '512MB',
    threads: 1,
    tempDirectory: join(tmpdir(), 'asof-drift-values'),
    allowedDirectories: [],
  });
});
afterAll(() => engine.close());

interface Drift {
  readonly baseline: ColumnBaseline;
  readonly bins: Bins;
  readonly measures: DriftMeasures | null;
  readonly verdict: string;
}

function driftOf(type: StoredType, baseline: readonly EngineValue[], current: readonly EngineValue[]): Promise<Drift> {
  const column = { name: 'x', type, isPersonal: false };
  return engine.session(async (session) => {
    for (const [table, values] of Object.entries({ baseline, current })) {
      await session.run(`CREATE TEMP TABLE "${table}" (x ${sqlType(type)})`);
      await session.append(table, [{ values }]);
    }
    const { columns } = await readBaselines(session, 'baseline', [column]);
    const kept = columns[0]!.baseline!;
    const [binned] = await countBinned(session, 'current', [{ column, bins: kept.bins }]);
    const measures = measureDrift(kept, binned!);
    return { baseline: kept, bins: kept.bins, measures, verdict: judgeDrift(kept.binned, measures) };
  });
}

const close = (value: number | null | undefined, to: number): void => {
  expect(Math.abs(value! - to), `${value} beside ${to}`).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(to)));
};

describe('as SciPy has them', () => {
  it.each(golden.shares)('Jensen-Shannon, Hellinger, L-infinity and PSI of shares: $name', (one) => {
    close(jensenShannonDistance(one.p, one.q), one.js);
    close(hellingerDistance(one.p, one.q), one.hellinger);
    close(greatestDifference(one.p, one.q), one.lInfinity);
    if (one.psi !== null) close(populationStability(one.p, one.q), one.psi);
  });

  it.each(golden.samples)('Kolmogorov-Smirnov and Wasserstein of samples: $name', async (one) => {
    const { measures, baseline } = await driftOf('float64', one.baseline, one.current);
    expect(measures?.ks?.isExact).toBe(true);
    close(measures?.ks?.statistic, one.ks);
    close(measures?.ks?.p, one.p);
    close(baseline.deviation, one.deviation);
    const weighted = (values: readonly number[]) => values.map((value) => ({ value, weight: 1 }));
    close(wassersteinDistance(weighted(one.baseline), weighted(one.current)), one.wasserstein);
  });

  it.each(golden.samples.filter(({ name }) => ['apart', 'whole numbers', 'the same', 'one value'].includes(name)))(
    'Wasserstein of values that the baseline has, or that stand beyond them: $name',
    async (one) => {
      const { measures } = await driftOf('float64', one.baseline, one.current);
      close(measures?.wasserstein, one.wasserstein / Math.max(one.deviation, 0.001));
    },
  );

  it.each(golden.deciles)('PSI and the others over deciles of the baseline: $name', async (one) => {
    const { measures, bins } = await driftOf('float64', one.baseline, one.current);
    close(measures?.jsDistance, one.js);
    close(measures?.hellinger, one.hellinger);
    close(measures?.lInfinity, one.lInfinity);
    // the bin of missing values is empty on both sides, and counts as 1e-4 of each
    close(measures?.psi, one.psi! / 1.0001);
    expect(bins.kind === 'number' && bins.deciles.length).toBe(9);
  });
});

describe('by definition', () => {
  it('PSI takes empty bins as 1e-4 and brings the shares back to 1', () => {
    const [p, q] = [
      [0.5, 0.3, 0.2, 0],
      [0.4, 0.3, 0.2, 0.1],
    ];
    const whole = 1.0001;
    const byHand =
      (0.5 / whole - 0.4) * Math.log(0.5 / whole / 0.4) +
      (0.3 / whole - 0.3) * Math.log(1 / whole) +
      (0.2 / whole - 0.2) * Math.log(1 / whole) +
      (0.0001 / whole - 0.1) * Math.log(0.0001 / whole / 0.1);
    close(populationStability(p, q), byHand);
    // without bringing them back it would be this
    expect(Math.abs(byHand - 0.7124)).toBeLessThan(1e-3);
  });

  it('of equal rows every measure is zero, and p is one', async () => {
    const values = Array.from({ length: 300 }, (_, index) => (index % 9 === 0 ? null : index % 17));
    const { measures, verdict } = await driftOf('float64', values, values);
    expect(measures).toEqual({
      ...{ psi: 0, jsDistance: 0, lInfinity: 0, hellinger: 0, wasserstein: 0 },
      ks: { statistic: 0, p: 1, isExact: true },
    });
    expect(verdict).toBe('ok');
  });

  it('missing values are a bin of their own, NaN among them, and KS does not look at them', async () => {
    const baseline = Array.from({ length: 200 }, (_, index) => index % 10);
    const current = baseline.map((value, index) => (index % 2 === 0 ? value : index % 4 === 1 ? null : Number.NaN));
    const { measures, verdict } = await driftOf('float64', baseline, [...current, ...current.map((v) => v && v + 1)]);
    expect(measures?.lInfinity).toBe(0.5);
    expect(verdict).toBe('critical');
  });

  it('infinite values stand at the ends, and Wasserstein leaves them out', async () => {
    const baseline = Array.from({ length: 200 }, (_, index) => index % 10);
    const current = [
      ...baseline.slice(0, 100),
      ...Array<number>(50).fill(Infinity),
      ...Array<number>(50).fill(-Infinity),
    ];
    const { measures } = await driftOf('float64', baseline, current);
    close(measures?.ks?.statistic, 0.25);
    close(measures?.wasserstein, 0);
  });

  it('a baseline of one value sees what is below it and what is above', async () => {
    for (const other of [4, 6]) {
      const { measures, verdict } = await driftOf(
        'int64',
        Array<bigint>(100).fill(5n),
        Array<bigint>(9).fill(BigInt(other)),
      );
      expect([measures?.lInfinity, measures?.ks?.statistic, verdict]).toEqual([1, 1, 'critical']);
    }
  });

  it('whole numbers beyond 2^53 are taken as the nearest double', async () => {
    const [least, greatest] = [-(2n ** 63n), 2n ** 63n - 1n];
    const baseline = Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? least : greatest));
    const { measures, verdict } = await driftOf('int64', baseline, baseline);
    expect([measures?.psi, measures?.ks?.statistic, verdict]).toEqual([0, 0, 'ok']);
  });

  it('of texts the 50 most frequent are told apart, and all others are one bin', async () => {
    const baseline = Array.from({ length: 60 }, (_, index) => Array<string>(60 - index).fill(`v${index}`)).flat();
    const { bins, measures, verdict } = await driftOf('string', baseline, [...baseline, 'v59', 'new', '']);
    expect(bins).toEqual({ kind: 'category', values: Array.from({ length: 50 }, (_, index) => `v${index}`) });
    expect([measures?.ks, measures?.wasserstein, verdict]).toEqual([null, null, 'ok']);
    const others = 55 / 1830;
    close(measures?.lInfinity, (55 + 3) / 1833 - others);
  });

  it('of booleans and of texts with quotes each value is a bin', async () => {
    const flags = Array.from({ length: 100 }, (_, index) => index % 4 === 0);
    close(
      (
        await driftOf(
          'boolean',
          flags,
          flags.map((flag) => !flag),
        )
      ).measures?.lInfinity,
      0.5,
    );
    const texts = Array.from({ length: 100 }, (_, index) => ["it's", '', 'a"b\\', '\0'][index % 4]!);
    const { measures, baseline } = await driftOf('string', texts, texts.slice(0, 50));
    expect(baseline.binned.cells).toEqual([25, 25, 25, 25, 0]);
    close(measures?.lInfinity, 0.01);
  });

  it('below 100 rows of the baseline, or without rows, nothing is said to be ok', async () => {
    const values = Array.from({ length: 100 }, (_, index) => index);
    expect((await driftOf('float64', values.slice(1), values)).verdict).toBe('insufficient_data');
    expect((await driftOf('float64', values, values)).verdict).toBe('ok');
    expect((await driftOf('float64', values, [])).verdict).toBe('insufficient_data');
    expect((await driftOf('float64', [], values)).verdict).toBe('insufficient_data');
  });

  it('a column without a value is compared by its missing rows', async () => {
    const nothing = Array<null>(100).fill(null);
    for (const type of ['float64', 'string'] as const) {
      const { measures } = await driftOf(type, nothing, [type === 'string' ? 'a' : 1, null]);
      expect([measures?.lInfinity, measures?.ks, measures?.wasserstein]).toEqual([0.5, null, null]);
    }
  });
});
