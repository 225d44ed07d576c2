/** Drift of a view against each kind of baseline, on a real lake and catalog. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  categorical,
  categoricalEncode,
  entity,
  featureView,
  fileSource,
  numeric,
  timestamp,
} from '../../../definitions/language.ts';
import { requireInstant } from '../../../contracts/time.ts';
import { planFeatures } from '../../../offline/fitted-plan.ts';
import { planRetrieval } from '../../../offline/staged-retrieval.ts';
import type { BaselineChoice } from '../../../offline/statistics/drift-baseline.ts';
import { requirePlannedView } from '../../../offline/statistics/planned-view.ts';
import { describeDrift } from '../../../offline/statistics/view-drift.ts';
import type { WindowRequest } from '../../../offline/statistics/window.ts';
import { publishBuilt, takeSteps } from '../offline/built-dataset.ts';
import { ingestQuery, openFixture, writeText, type OfflineFixture } from '../offline/offline-fixture.ts';

const user = entity('user', { keys: { user: 'int64' } });
const buys = fileSource('buys', {
  path: 'buys.parquet',
  timestamp: 'ts',
  schema: { ts: 'timestamp', user: 'int64', price: 'float64', shop: 'string', name: 'string' },
});
const last = featureView('last', {
  entities: [user],
  source: buys,
  features: {
    price: numeric(),
    shop: categorical(),
    shop_code: categorical({ column: 'shop', transform: categoricalEncode({ mapping: { a: 0, b: 1 } }) }),
    name: categorical({ pii: true }),
    seen: timestamp({ column: 'ts' }),
  },
});

/** A row a minute from the beginning of a day on, with prices around `level`. */
const buysOf = (day: string, rows: number, level: number, shops = "['a', 'b']"): string =>
  `SELECT TIMESTAMP '${day}' + INTERVAL (i) MINUTE AS ts, i AS user, ${level} + i % 97 AS price,
   ${shops}[1 + i % 2] AS shop, 'person ' || i AS name FROM range(${rows}) t(i)`;

let fixture: OfflineFixture;
beforeAll(async () => {
  fixture = await openFixture({ user, buys, last });
  await ingestQuery(fixture, 'buys', buysOf('2024-01-01', 400, 0), 0);
  await ingestQuery(fixture, 'buys', buysOf('2024-01-02', 400, 0), 1000);
  await ingestQuery(fixture, 'buys', buysOf('2024-01-03', 300, 40, "['a', 'c']"), 2000);
  await ingestQuery(fixture, 'buys', buysOf('2023-12-01', 50, 0), 3000);
});
afterAll(() => fixture.close());

const day = (text: string): WindowRequest => ({ window: '1d', to: text });
const stretch = (from: string, to: string): BaselineChoice => ({
  ...{ kind: 'interval', from: requireInstant(from, 'from'), to: requireInstant(to, 'to') },
});

async function drift(window: WindowRequest, choice: BaselineChoice) {
  const { project, manifest, catalog, lake, engine, runtime } = fixture;
  const planned = requirePlannedView(await planFeatures(catalog.fits, manifest, { features: ['last'] }), 'last');
  const { tables, intervals, statistics } = catalog;
  return describeDrift({ tables, intervals, statistics, lake, engine, runtime }, { project, planned, window }, choice);
}

const verdicts = ({ features }: Awaited<ReturnType<typeof drift>>) =>
  Object.fromEntries(features.map(({ feature, verdict }) => [feature, verdict]));

describe('drift of a view', () => {
  test('beside the window before: nothing where the days are alike, and what changed where they are not', async () => {
    const alike = await drift(day('2024-01-03'), { kind: 'previous' });
    expect(alike).toMatchObject({
      ...{ view: 'last', verdict: 'ok', notCompared: ['name', 'seen'] },
      baseline: { kind: 'previous', rows: 400, from: '2024-01-01T00:00:00.000000Z', to: '2024-01-02T00:00:00.000000Z' },
      current: { rows: 400, from: '2024-01-02T00:00:00.000000Z', to: '2024-01-03T00:00:00.000000Z' },
    });
    expect(alike.features.map(({ measures }) => measures!.psi)).toEqual([0, 0, 0]);
    const moved = await drift(day('2024-01-04'), { kind: 'previous' });
    expect([moved.verdict, verdicts(moved)]).toEqual([
      'critical',
      { price: 'critical', shop: 'critical', shop_code: 'critical' },
    ]);
    const [price, shop] = moved.features;
    // every price is 40 higher
    expect(price!.measures!.ks).toMatchObject({ isExact: true });
    expect(price!.measures!.ks!.statistic).toBeGreaterThan(0.3);
    expect(shop!.bins).toEqual([
      { bin: 'a', baseline: 200, current: 150 },
      { bin: 'b', baseline: 200, current: 0 },
      { bin: 'other', baseline: 0, current: 150 },
      { bin: 'missing', baseline: 0, current: 0 },
    ]);
    expect(price!.bins.reduce((sum, { current }) => sum + current, 0)).toBe(300);
  });

  test('beside a stretch of time: its bins are kept, and read again only when its rows changed', async () => {
    const choice = stretch('2024-01-01', '2024-01-03');
    const first = await drift(day('2024-01-04'), choice);
    expect(first).toMatchObject({ verdict: 'critical', baseline: { kind: 'interval', rows: 800 } });
    const target = { project: fixture.project, target: 'last', fingerprint: first.version };
    const name = 'rows 2024-01-01T00:00:00.000000Z/2024-01-03T00:00:00.000000Z';
    const snapshot = async () => (await fixture.catalog.statistics.baseline(target, name))?.basis.snapshot;
    expect(await snapshot()).toBe(4);
    expect(JSON.stringify(await fixture.catalog.statistics.baseline(target, name))).not.toContain('person');
    await ingestQuery(fixture, 'buys', buysOf('2024-01-09', 10, 0), 4000);
    expect(await drift(day('2024-01-04'), choice)).toMatchObject({ ...first, current: { rows: 300 } });
    expect(await snapshot()).toBe(4);
    await ingestQuery(fixture, 'buys', buysOf('2024-01-02', 100, 40), 5000);
    expect((await drift(day('2024-01-04'), choice)).baseline.rows).toBe(900);
    expect(await snapshot()).toBe(6);
  });

  test('beside a training dataset, which is kept by its version', async () => {
    const { catalog, lake, engine, project, manifest, runtime, directory } = fixture;
    const lines = Array.from({ length: 150 }, (_, index) => `${index},2024-01-02T12:00:00Z`);
    const path = writeText(fixture, 'spine.csv', ['user,event_timestamp', ...lines].join('\n'));
    const dependencies = { engine, lake, tables: catalog.tables, workDirectory: join(directory, 'work'), runtime };
    const plan = await planFeatures(catalog.fits, manifest, { features: ['last:price', 'last:shop'] });
    const retrieval = await planRetrieval(dependencies, {
      ...{
        project,
        plan,
        asKnown: false,
        shortNames: false,
        spine: { kind: 'spine', path },
        directory: 'datasets/d/1',
      },
    });
    await takeSteps(dependencies, runtime, retrieval);
    const features = ['last:price', 'last:shop'];
    const dataset = await publishBuilt(fixture, dependencies, 'd', { retrieval, features });
    const choice = { kind: 'dataset', dataset } as const;
    const report = await drift(day('2024-01-04'), choice);
    expect(report).toMatchObject({
      ...{ verdict: 'critical', notCompared: ['shop_code', 'name', 'seen'] },
      baseline: { kind: 'dataset', dataset: 'd@1', rows: 150, from: null, to: null },
    });
    const gone = { ...dataset, files: [] };
    expect(await drift(day('2024-01-04'), { kind: 'dataset', dataset: gone })).toEqual(report);
  });

  test('too few rows to tell are said to be so, and never ok', async () => {
    expect(await drift(day('2024-01-02'), stretch('2023-12-01', '2023-12-02'))).toMatchObject({
      ...{ verdict: 'insufficient_data', baseline: { rows: 50 } },
    });
    expect(await drift(day('2024-01-08'), stretch('2024-01-01', '2024-01-02'))).toMatchObject({
      ...{ verdict: 'insufficient_data', current: { rows: 0 } },
    });
  });

  test('a baseline that is none is refused', async () => {
    await expect(drift({ window: 'all' }, { kind: 'previous' })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(drift({}, stretch('2024-01-02', '2024-01-02'))).rejects.toMatchObject({ code: 'INVALID_RANGE' });
  });
});
