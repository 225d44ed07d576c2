/** Views that make their rows: by SQL row by row, by SQL over the whole source, by a function; everywhere alike. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCatalog } from '../../../catalog/postgres.ts';
import { loadDefinitions } from '../../../definitions/loading.ts';
import { entity, featureView, numeric, pushSource, type Store } from '../../../index.ts';
import { openFixture, type StoreFixture } from './store-fixture.ts';

let fixture: StoreFixture;
let store: Store;
beforeAll(async () => {
  fixture = await openFixture();
  return () => fixture.close();
});

const DEFINITIONS = `
import { categorical, count, entity, featureView, mean, numeric, pushSource, sum } from 'asof';

export const car = entity('car', { keys: { car_id: 'int64' } });
export const trips = pushSource('trips', {
  timestamp: 'at', created: 'seen',
  schema: { at: 'timestamp', seen: 'timestamp', car_id: 'int64', metres: 'int64', seconds: 'float64', tags: 'string[]' },
});
export const plain = featureView('plain', { entities: [car], source: trips, features: { metres: numeric() } });
export const speed = featureView('speed', {
  entities: [car], source: trips, online: true,
  sql: 'SELECT car_id, "at", metres / seconds AS pace, upper(\\'x\\' || car_id) AS plate FROM trips WHERE seconds > 0 -- moving',
  features: { pace: numeric(), plate: categorical() },
});
export const mapped = featureView('mapped', {
  entities: [car], source: trips, online: true,
  map: (row) => row.seconds === null || row.seconds <= 0 ? null
    : { car_id: row.car_id, at: row.at, pace: Number(row.metres) / row.seconds, plate: 'X' + row.car_id },
  features: { pace: numeric(), plate: categorical() },
});
export const tags = featureView('tags', {
  entities: [car], source: trips, online: true, schema: { weight: 'int64' },
  map: (row) => (row.tags ?? []).map((tag, place) => ({ car_id: row.car_id, tag, weight: BigInt(place) + 2n ** 53n })),
  features: { n: count({ window: 'all' }), a: count({ window: 'all', where: { tag: 'a' } }), weight: sum('weight', { window: '30d' }) },
});
export const daily = featureView('daily', {
  entities: [car], source: trips, online: true, schema: { best: 'int64', runs: 'int64' },
  sql: 'SELECT car_id, date_trunc(\\'day\\', "at") + INTERVAL 1 DAY AS "at", max(metres) AS best, count(*) AS runs FROM trips GROUP BY ALL',
  features: { best: numeric(), runs: numeric() },
});
`.replace("schema: { weight: 'int64' }", "schema: { weight: 'int64', tag: 'string' }");

async function applyText(text: string): Promise<void> {
  const file = path.join(fixture.directory, 'features.ts');
  writeFileSync(file, text);
  const { project } = fixture;
  const settings = { project, projectDirectory: fixture.directory, definitions: [file] };
  const { manifest, bundle } = await loadDefinitions(settings);
  const catalog = await openCatalog({ url: fixture.catalogUrl });
  try {
    const base = (await catalog.definitions.current(project))?.version ?? 0;
    await catalog.definitions.apply({ project, base, manifest, bundle });
  } finally {
    await catalog.close();
  }
}

const put = (rows: readonly Readonly<Record<string, unknown>>[]) => store.putFeatures('plain', rows);
beforeAll(async () => {
  await applyText(DEFINITIONS);
  store = await fixture.open();
  await put([
    { car_id: 1, at: '2024-01-01T10:00:00Z', seen: '2024-01-01T10:00:00Z', metres: 100, seconds: 10, tags: ['a', 'b'] },
    { car_id: 1, at: '2024-01-01T12:00:00Z', seen: '2024-01-05T00:00:00Z', metres: 300, seconds: 10, tags: ['a'] },
    { car_id: 1, at: '2024-01-02T10:00:00Z', seen: '2024-01-02T10:00:00Z', metres: 900, seconds: 0, tags: [] },
    { car_id: 2, at: '2024-01-02T11:00:00Z', seen: '2024-01-02T11:00:00Z', metres: 50, seconds: 25, tags: null },
  ]);
});

const CARS = [{ car_id: 1n }, { car_id: 2n }];
const VIEWS = ['speed', 'mapped', 'tags', 'daily'];
const at = '2024-01-04T00:00:00Z';
const history = async (features: readonly string[], event_timestamp = at, asKnown = false) =>
  store.getHistoricalFeatures({ features, asKnown, spine: CARS.map((keys) => ({ ...keys, event_timestamp })) });
const online = async (features: readonly string[], instant: string = at) =>
  store.getFeatures({ features, entities: CARS, at: instant });

const EXPECTED = [
  {
    ...{ speed__pace: 30, speed__plate: 'X1', mapped__pace: 30, mapped__plate: 'X1' },
    ...{ tags__n: 3, tags__a: 2, tags__weight: 3n * 2n ** 53n + 1n, daily__best: 900n, daily__runs: 1n },
  },
  {
    ...{ speed__pace: 2, speed__plate: 'X2', mapped__pace: 2, mapped__plate: 'X2' },
    ...{ tags__n: 0, tags__a: 0, tags__weight: null, daily__best: 50n, daily__runs: 1n },
  },
];

describe('rows that a view makes', () => {
  it('are read point in time, with a created time where rows are made one by one', async () => {
    const { rows, leakage } = await history(VIEWS);
    expect(rows).toMatchObject(EXPECTED);
    expect(leakage).toMatchObject({ speed__pace: 1, mapped__pace: 1, tags__n: 1, daily__best: 'unknown' });
  });

  it('are filtered as known', async () => {
    const { rows } = await history(['speed', 'mapped', 'tags'], at, true);
    expect(rows[0]).toMatchObject({ speed__pace: 10, mapped__pace: 10, tags__n: 2, tags__weight: 2n ** 54n + 1n });
  });

  it('are served online as history has them, after new rows too', async () => {
    await store.materialize();
    const first = await online(VIEWS);
    expect(first.rows).toMatchObject(EXPECTED);
    expect(first.cells[0]).toMatchObject({
      speed__pace: { servedFrom: 'online' },
      daily__best: { servedFrom: 'online' },
    });
    await put([
      { car_id: 1, at: '2024-01-02T23:00:00Z', seen: '2024-01-02T23:00:00Z', metres: 40, seconds: 1, tags: ['a'] },
      { car_id: 2, at: '2024-01-02T11:30:00Z', seen: '2024-01-02T11:30:00Z', metres: 10, seconds: 1, tags: ['b'] },
    ]);
    const later = await online(VIEWS);
    expect(later.rows).toMatchObject([
      { speed__pace: 40, mapped__pace: 40, tags__n: 4, tags__a: 3, daily__best: 900n, daily__runs: 2n },
      { speed__pace: 10, mapped__pace: 10, tags__n: 1, tags__a: 0, daily__best: 50n, daily__runs: 2n },
    ]);
    expect(later.cells[1]).toMatchObject({
      daily__runs: { servedFrom: 'online' },
      mapped__pace: { servedFrom: 'online' },
    });
    expect((await history(VIEWS)).rows).toMatchObject(later.rows.map(({ car_id: _key, ...row }) => row));
  });

  it('answer from the lake for an earlier instant', async () => {
    const { rows, cells } = await online(['speed', 'mapped', 'tags', 'daily'], '2024-01-01T11:00:00Z');
    expect(rows[0]).toMatchObject({ speed__pace: 10, mapped__pace: 10, tags__n: 2, daily__best: null });
    expect(cells[0]).toMatchObject({ mapped__pace: { servedFrom: 'lake' } });
  });
});

describe('a function', () => {
  const wrong = (map: string, features = 'pace: numeric()'): string =>
    DEFINITIONS.replace(
      /export const mapped = [^]*?\n\}\);/,
      `export const mapped = featureView('mapped', { entities: [car], source: trips, map: ${map}, features: { ${features} } });`,
    );
  it.each([
    [
      'throws',
      '(row) => { if (Number(row.metres) === 300) throw new Error("no"); return { car_id: 1n, pace: 1 }; }',
      /view mapped, map, row at 2024-01-01T12:00:00.000000Z .*no/,
    ],
    ['gives no row', '() => 7', /it returned 7, which is no row/],
    ['leaves a column out', '(row) => ({ car_id: row.car_id })', /column "pace" is missing; give null/],
    [
      'gives another type',
      '(row) => ({ car_id: row.car_id, pace: "x" })',
      /column "pace" is 'x', which is not a valid float64/,
    ],
    ['moves a row in time', '(row) => ({ car_id: 1n, at: row.seen, pace: 1 })', /column "at" is the time of the row/],
  ])('that %s is an error that names view and row', async (_title, map, message) => {
    await applyText(wrong(map));
    const other = await fixture.open();
    const asked = other.getHistoricalFeatures({ features: ['mapped'], spine: [{ car_id: 1n, event_timestamp: at }] });
    await expect(asked).rejects.toThrow(message);
  });

  it('that returns a promise is refused', async () => {
    await expect(applyText(wrong('async (row) => row'))).rejects.toThrow(/map: it does not return its rows at once/);
  });
});

describe('hostile or wrong SQL', () => {
  const car = entity('car2', { keys: { car_id: 'int64' } });
  const source = pushSource('rides2', { timestamp: 'at', schema: { at: 'timestamp', car_id: 'int64', n: 'int64' } });
  it.each([
    ['a second statement', 'SELECT * FROM rides2; DROP TABLE rides2', /there are 2 statements|one SELECT/],
    ['COPY', "COPY rides2 TO 'x'", /only a SELECT/],
    ['ATTACH', "ATTACH 'x.db'", /only a SELECT/],
    ['INSTALL', 'INSTALL httpfs', /only a SELECT/],
    ['read_text', "SELECT 1 AS car_id, NULL AS t, 2 AS n FROM read_text('/etc/passwd')", /read_text is not allowed/],
    ['glob', "SELECT * FROM glob('/*')", /glob is not allowed/],
    ['http', "SELECT * FROM 'http://127.0.0.1/x.parquet'", /cannot be read/],
    ['a file', "SELECT * FROM '/etc/passwd'", /cannot be read/],
    ['the catalog', 'SELECT * FROM duckdb_settings()', /not allowed/],
    ['a long range', 'SELECT range AS n, 1 AS car_id, "at" FROM range(1000000000000), rides2', /range is not allowed/],
    ['a missing key', 'SELECT "at", n FROM rides2', /view v, sql: .*car_id/],
    ['a column that is not there', 'SELECT "at", car_id, m AS n FROM rides2', /view v, sql: .*"m"/],
    ['a parse error', 'SELEC 1', /view v, sql: line 1/],
  ])('is refused with a place: %s', async (_title, sql, message) => {
    const view = featureView('v', { entities: [car], source, sql, features: { n: numeric() } });
    await expect(store.registerFeature(view)).rejects.toThrow(message);
  });
});
