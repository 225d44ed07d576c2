/** Statistics of views over windows of their rows, on a real lake and catalog. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  categorical,
  count,
  entity,
  featureView,
  fileSource,
  lastN,
  mean,
  normalize,
  numeric,
  timestamp,
} from '../../../definitions/language.ts';
import type { WindowRequest } from '../../../offline/statistics/window.ts';
import { planFeatures } from '../../../offline/fitted-plan.ts';
import { requirePlannedView } from '../../../offline/statistics/planned-view.ts';
import { describeView, type StatisticsDependencies } from '../../../offline/statistics/view-statistics.ts';
import { ingest, openFixture, type OfflineFixture } from '../offline/offline-fixture.ts';

const station = entity('station', { keys: { station: 'string' } });
const weather = fileSource('weather', {
  path: 'weather.parquet',
  timestamp: 'ts',
  operation: 'op',
  schema: {
    ...{ ts: 'timestamp', station: 'string', temp: 'float64', wind: 'int64', sky: 'string', seen: 'timestamp' },
    ...{ person: 'string', op: 'string' },
  },
});
const latest = featureView('latest', {
  entities: [station],
  source: weather,
  features: {
    temp: numeric({ default: -1 }),
    wind: numeric({ transform: normalize({ min: 0, max: 10 }) }),
    sky: categorical(),
    seen: timestamp(),
    person: categorical({ pii: true }),
  },
});
const counts = featureView('counts', {
  entities: [station],
  source: weather,
  features: {
    rows_1d: count({ window: '1d', resolution: 'exact' }),
    temp_mean_1d: mean('temp', { window: '1d', resolution: 'exact' }),
    winds: lastN('wind', 2),
  },
});

const ROWS = [
  `'2024-01-01 06:00', 'a', '1.0', 10, 'clear', '2024-01-01', 'ann', 'insert'`,
  `'2024-01-01 18:00', 'a', '3.0', 20, 'clear', '2024-01-02', 'ann', 'insert'`,
  `'2024-01-02 06:00', 'a', NULL, NULL, 'rain', NULL, 'bob', 'insert'`,
  `'2024-01-02 07:00', 'b', 'nan', 0, NULL, NULL, NULL, 'insert'`,
  `'2024-01-02 08:00', 'b', 'inf', 5, 'rain', NULL, NULL, 'insert'`,
  `'2024-01-02 09:00', 'b', '1.0', 5, 'rain', NULL, NULL, 'delete'`,
  `'2024-01-02 10:00', NULL, '1.0', 5, 'rain', NULL, NULL, 'insert'`,
  `'2024-01-03 12:00', 'a', '8.0', 10, 'snow', NULL, 'eve', 'insert'`,
];

let fixture: OfflineFixture;
beforeAll(async () => {
  fixture = await openFixture({ station, weather, latest, counts });
  await ingest(fixture, 'weather', ROWS, 0);
});
afterAll(() => fixture.close());

async function describeWindow(view: string, window: WindowRequest, more: Partial<StatisticsDependencies> = {}) {
  const { project, manifest, catalog, lake, engine, runtime } = fixture;
  const planned = requirePlannedView(await planFeatures(catalog.fits, manifest, { features: [view] }), view);
  const { tables, intervals, statistics } = catalog;
  const dependencies = { tables, intervals, statistics, lake, engine, runtime, ...more };
  return describeView(dependencies, { project, planned, window });
}

describe('statistics of a view', () => {
  test('are those of its rows before the end of the window: no deletes, no rows without a key', async () => {
    const { features, ...rest } = await describeWindow('latest', { window: 'all' });
    expect(rest).toMatchObject({ view: 'latest', snapshot: 1, fit: null, from: null, sampleSize: 6 });
    const [temp, wind, sky, seen, person] = features;
    expect(temp).toMatchObject({
      ...{ feature: 'temp', type: 'float64', sampleSize: 6, nulls: 1, nullShare: 1 / 6, nan: 1, infinite: 1 },
      ...{ mean: 4, min: 1, max: 8, distinct: 5, top: null },
    });
    expect(temp!.std).toBeCloseTo(Math.sqrt(13), 12);
    expect(temp!.quantiles).toMatchObject({ p01: 1, p50: 3, p99: 8 });
    // as it is served, after its transform
    expect(wind).toMatchObject({ nulls: 1, min: 0, max: 2, mean: 0.9, type: 'float64' });
    expect(sky).toMatchObject({
      ...{ nulls: 1, distinct: 3, min: 'clear', max: 'snow', mean: null, quantiles: null },
      top: [
        { value: 'clear', count: 2 },
        { value: 'rain', count: 2 },
        { value: 'snow', count: 1 },
      ],
    });
    expect(seen).toMatchObject({ nulls: 4, min: '2024-01-01T00:00:00.000000Z', max: '2024-01-02T00:00:00.000000Z' });
    expect(person).toMatchObject({ nulls: 2, distinct: 3, min: null, max: null, top: null });
  });

  test('the window is half open, and of older data ends with the newest row', async () => {
    const newest = await describeWindow('latest', {});
    expect(newest).toMatchObject({
      from: '2024-01-02T12:00:00.000001Z',
      to: '2024-01-03T12:00:00.000001Z',
      sampleSize: 1,
    });
    const exact = await describeWindow('latest', { window: '12h', to: '2024-01-02T06:00:00Z' });
    expect(exact).toMatchObject({
      from: '2024-01-01T18:00:00.000000Z',
      to: '2024-01-02T06:00:00.000000Z',
      sampleSize: 1,
    });
    const empty = await describeWindow('latest', { window: '1h', to: '2023-01-01' });
    expect(empty.sampleSize).toBe(0);
    expect(empty.features[0]).toMatchObject({
      sampleSize: 0,
      nullShare: null,
      mean: null,
      std: null,
      min: null,
      distinct: 0,
    });
  });

  test('windows hold what they would have held right before each row', async () => {
    const { sampleSize, features } = await describeWindow('counts', { window: '7d', to: '2024-01-04' });
    const [rows, average, winds] = features;
    expect(sampleSize).toBe(6);
    // of a: 0, 1, 2, 0; of b: 0, 1
    expect(rows).toMatchObject({ nulls: 0, min: 0, max: 2 });
    expect(rows!.mean).toBeCloseTo(4 / 6, 12);
    // a list is counted, and no more
    expect(winds).toMatchObject({ type: 'int64[]', sampleSize: 6, nulls: 2, distinct: null, min: null, top: null });
    expect(average).toMatchObject({ nulls: 3, nan: 1, mean: 1.5 });
  });

  test('whole days are kept, and measured again only when their rows changed', async () => {
    const window = { window: '3d', to: '2024-01-04T06:00:00Z' };
    const first = await describeWindow('latest', window);
    const target = { project: fixture.project, target: 'latest', fingerprint: first.version };
    const everything = { from: 0n, to: 2n ** 60n };
    const days = async () =>
      (await fixture.catalog.statistics.states(target, everything))
        .filter(({ column }) => column === 'temp')
        .map(({ range, basis, state }) => [
          new Date(Number(range.from / 1000n)).toISOString().slice(0, 10),
          basis.snapshot,
          state.rows,
        ]);
    expect(await days()).toEqual([
      ['2024-01-02', 1, 3],
      ['2024-01-03', 1, 1],
    ]);
    await ingest(fixture, 'weather', [`'2024-01-03 13:00', 'c', 100.0, 10, 'snow', NULL, NULL, 'insert'`], 100);
    const second = await describeWindow('latest', window);
    expect([first.sampleSize, second.sampleSize]).toEqual([6, 7]);
    expect(second.features[0]).toMatchObject({ max: 100 });
    expect(await days()).toEqual([
      ['2024-01-02', 1, 3],
      ['2024-01-03', 2, 2],
    ]);
    // what is kept is what is answered with: no session is opened for whole days
    const engine = { ...fixture.engine, session: () => Promise.reject(new Error('nothing is to be measured')) };
    const kept = await describeWindow('latest', { window: '2d', to: '2024-01-04' }, { engine });
    expect(kept.sampleSize).toBe(5);
    const nothing = { ...fixture.catalog.statistics, states: async () => [] };
    expect(await describeWindow('latest', { window: '2d', to: '2024-01-04' }, { statistics: nothing })).toEqual(kept);
    expect(await describeWindow('latest', window)).toEqual(second);
  });

  test('a view without rows of its own, and a window that is none, are refused', async () => {
    await expect(describeWindow('latest', { window: 'often' })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(describeWindow('latest', { to: 'soon' })).rejects.toMatchObject({ code: 'INVALID_INSTANT' });
    await expect(describeWindow('latest:temp', {})).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(describeWindow('nowhere', {})).rejects.toMatchObject({ code: 'UNKNOWN_NAME' });
  });
});
