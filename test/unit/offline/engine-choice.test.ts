import { describe, expect, it } from 'vitest';
import type { TableCatalog } from '../../../catalog/catalog.ts';
import type { EngineWish } from '../../../contracts/engines.ts';
import type { FeatureViewManifest } from '../../../contracts/manifest.ts';
import type { FeaturePlan, PlannedView } from '../../../contracts/plan.ts';
import { chooseEngines } from '../../../offline/engine-choice.ts';
import { columnFeature, planView } from '../../world/world.ts';

const view = planView({
  mode: 'asof',
  ttlMicros: null,
  delayMicros: 0,
  hasCreated: true,
  features: [columnFeature('price', null)],
});

function viewWith(engine: EngineWish, change: Partial<FeatureViewManifest> = {}): PlannedView {
  return { ...view, view: { ...view.view, ...change, options: { ...view.view.options, engine } } };
}

const FILES = [
  { bytes: 600, minEvent: 0n, maxEvent: 5n },
  { bytes: 500, minEvent: 4n, maxEvent: 9n },
];
/** The choice reads nothing of the catalog but the files of one table. */
const tables = { files: async () => ({ snapshot: 1, files: FILES }) } as unknown as TableCatalog;

async function choose(
  planned: PlannedView,
  engine: EngineWish | undefined,
  autoAboveBytes: number | null,
  to?: bigint,
): Promise<unknown> {
  const choices = await chooseEngines(tables, {
    project: 'p',
    plan: { views: [planned] } as unknown as FeaturePlan,
    snapshots: {},
    engine,
    rangeOf: () => (to === undefined ? {} : { to }),
    spark: autoAboveBytes === null ? null : { autoAboveBytes },
  });
  return choices['world'];
}

describe('the engine of a view', () => {
  it.each([
    ['auto', undefined, null, 'duckdb', 'no Spark is configured'],
    ['auto', undefined, 1100, 'duckdb', 'its files hold 1.1 kB, and Spark takes over above 1.1 kB'],
    ['auto', undefined, 1099, 'spark', 'its files hold 1.1 kB, and Spark takes over above 1.1 kB'],
    ['auto', 'auto', 0, 'spark', 'its files hold 1.1 kB, and Spark takes over above 0 bytes'],
    ['spark', undefined, 1e9, 'spark', 'the view asks for it'],
    ['spark', 'auto', 1e9, 'spark', 'the view asks for it'],
    ['spark', 'duckdb', 0, 'duckdb', 'the request asks for it'],
    ['duckdb', 'spark', 1e9, 'spark', 'the request asks for it'],
    ['duckdb', undefined, 0, 'duckdb', 'the view asks for it'],
  ] as const)('%s, asked for %s, above %s bytes: %s, because %s', async (own, asked, above, engine, why) => {
    expect(await choose(viewWith(own), asked, above)).toEqual({ engine, why, bytes: 1100 });
  });

  it('goes by the bytes of the files that can matter', async () => {
    expect(await choose(viewWith('auto'), undefined, 700, 4n)).toMatchObject({ engine: 'duckdb', bytes: 600 });
  });

  it('is not Spark for what Spark does not compute, and says so', async () => {
    const mapped = viewWith('auto', { map: 'hash' });
    const why = "a view with map on Spark (use engine: 'duckdb')";
    expect(await choose(mapped, undefined, 0)).toMatchObject({ engine: 'duckdb', why });
    await expect(choose(mapped, 'spark', 0)).rejects.toMatchObject({ code: 'NOT_AVAILABLE_YET' });
    await expect(choose(mapped, 'spark', 0)).rejects.toThrow(`view world: ${why} is not available yet`);
  });

  it('is an error without a Spark when the request asks for it', async () => {
    await expect(choose(viewWith('auto'), 'spark', null)).rejects.toThrow(/view world: the request asks.*SPARK_URL/);
  });
});
