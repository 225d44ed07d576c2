/** Queries of users that would never end, or fill the disk: each is stopped by one of its bounds, and the engine goes on. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FeatureViewManifest } from '../../../contracts/manifest.ts';
import { entity, featureView, fileSource, numeric } from '../../../definitions/language.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine, EngineSettings } from '../../../engine/engine.ts';
import type { EventFile } from '../../../offline/event-relation.ts';
import { checkQueries } from '../../../offline/made-rows/check-queries.ts';
import { makeRows } from '../../../offline/made-rows/made-rows.ts';
import { writeSpineQuery } from '../../../offline/spine-query.ts';
import { sourceTable } from '../../../offline/view-coverage.ts';
import { ingest, openFixture, storedSource, type OfflineFixture } from './offline-fixture.ts';

const trips = fileSource('trips', {
  path: 'trips.parquet',
  timestamp: 'ts',
  schema: { ts: 'timestamp', car_id: 'int64', metres: 'int64' },
});
const car = entity('car', { keys: { car_id: 'int64' } });
const viewOf = (name: string, sql: string) =>
  featureView(name, { entities: [car], source: trips, sql, features: { metres: numeric() } });
const CROSS =
  'trips a, trips b, trips c, trips d, trips e, trips f, trips g, trips h, trips i, trips j, trips k, trips l';
const ENDLESS = 'WITH RECURSIVE r(n) AS (SELECT 1::BIGINT UNION ALL SELECT n + 1 FROM r)';
const views = {
  cross: viewOf('cross', `SELECT a.car_id, a.ts, b.metres FROM ${CROSS}`),
  counted: viewOf('counted', `SELECT a.car_id, a.ts, count(*) AS metres FROM ${CROSS} GROUP BY ALL`),
  sorted: viewOf(
    'sorted',
    `SELECT a.car_id, a.ts, row_number() OVER (ORDER BY hash(a.ts, b.ts, c.ts, d.ts, l.ts)) AS metres FROM ${CROSS}`,
  ),
  endless: viewOf('endless', `${ENDLESS} SELECT car_id, ts, n AS metres FROM trips, r`),
  endlessly: viewOf('endlessly', `${ENDLESS} SELECT car_id, ts, count(*) AS metres FROM trips, r GROUP BY ALL`),
  list: viewOf('list', 'SELECT car_id, ts, unnest(range(1000000000000)) AS metres FROM trips WHERE car_id = 1'),
};

let fixture: OfflineFixture;
let files: readonly EventFile[];
let engine: Engine | undefined;
beforeAll(async () => {
  fixture = await openFixture({ car, trips, ...views });
  const rows = Array.from({ length: 60 }, (_, i) => `'2024-01-01 10:00:${String(i).padStart(2, '0')}', ${i % 7}, ${i}`);
  await ingest(fixture, 'trips', rows, 1);
  const table = await fixture.catalog.tables.files(sourceTable(fixture.project, storedSource(fixture, 'trips')));
  files = await Promise.all(
    table.files.map(async ({ path, columns }) => ({ localPath: await fixture.lake.localPath(path), columns })),
  );
});
afterEach(async () => {
  await engine?.close();
  engine = undefined;
});
afterAll(() => fixture.close());

async function open(bounds: Partial<EngineSettings>): Promise<Engine> {
  engine = await openEngine({
    ...{ memoryLimit: '256MB', threads: 2, tempDirectory: join(fixture.directory, 'bounded') },
    allowedDirectories: [...fixture.lake.directories, fixture.directory],
    ...bounds,
  });
  return engine;
}

/** What makes the view's rows fail; then the same session does something else. */
async function failureOf(name: string, bounds: Partial<EngineSettings>): Promise<unknown> {
  const view = fixture.manifest.views.find((one) => one.name === name) as FeatureViewManifest;
  return (await open(bounds)).session(async (session) => {
    const base = storedSource(fixture, 'trips');
    const failure = await makeRows({ session }, { view, base, files }).then(
      () => 'it was done',
      (error: unknown) => error,
    );
    expect(await session.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    return failure;
  });
}

describe('a view whose query', () => {
  test('joins everything with everything is stopped by its rows', async () => {
    expect(await failureOf('cross', {})).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('view cross, sql: it makes more than 1000600 rows') as string,
    });
  });

  test('makes rows for ever is stopped by its rows or its time', async () => {
    expect(await failureOf('endless', { queryMillis: 5_000 })).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('view endless, sql: it ') as string,
    });
  });

  test.each(['counted', 'endlessly'])(
    'counts for ever (%s) is stopped by time, as the engine is told',
    async (name) => {
      expect(await failureOf(name, { queryMillis: 300 })).toMatchObject({
        code: 'LIMIT_EXCEEDED',
        message: expect.stringContaining(`view ${name}, sql: it ran for longer than 0.3 s`) as string,
      });
    },
  );

  test('sorts without end is stopped by what it spills', async () => {
    const spilled = (): number => {
      const names = readdirSync(join(fixture.directory, 'bounded'), { recursive: true, encoding: 'utf8' });
      const sizes = names.map((name) => statSync(join(fixture.directory, 'bounded', name)).size);
      return sizes.reduce((sum, bytes) => sum + bytes, 0);
    };
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, spilled())), 20);
    try {
      expect(await failureOf('sorted', { spillLimit: '30MB', queryMillis: 50_000 })).toMatchObject({
        code: 'DISK_FULL',
        message: expect.stringContaining('raise ASOF_SPILL_LIMIT') as string,
      });
    } finally {
      clearInterval(watch);
    }
    expect(most).toBeLessThan(60e6);
  });

  test('makes a list longer than memory is an error', async () => {
    expect(await failureOf('list', {})).toMatchObject({ code: expect.stringMatching(/^ENGINE_|^INVALID/) as string });
  });
});

test('a plan does not wait for what never ends, even over no rows', async () => {
  const sql = `${ENDLESS} SELECT 1::BIGINT AS car_id, TIMESTAMP '2024-01-01' AS ts, max(n) AS metres FROM r`;
  const { manifest } = fixture;
  const view = { ...(manifest.views.find(({ name }) => name === 'endless') as FeatureViewManifest), sql };
  await expect(checkQueries({ ...manifest, views: [view] }, { queryMillis: 300 })).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
    message: expect.stringContaining('view endless, sql: it ran for longer than 0.3 s') as string,
  });
});

describe('a spine query', () => {
  const file = (): string => join(fixture.directory, 'query.parquet');
  const write = async (sql: string, rowsForNone?: number): Promise<unknown> =>
    (await open({ queryMillis: 300 })).session((session) =>
      writeSpineQuery(
        session,
        { lake: fixture.lake, tables: fixture.catalog.tables },
        {
          ...{ project: fixture.project, sql, sources: [storedSource(fixture, 'trips')], file: file(), snapshots: {} },
          ...(rowsForNone !== undefined && { rowsForNone }),
        },
      ),
    );
  afterEach(() => rmSync(file(), { force: true }));

  test('may give ten rows for each of its sources, and some more', async () => {
    await write('SELECT a.* FROM trips a, trips b WHERE b.metres < 10', 0);
    await expect(write('SELECT a.* FROM trips a, trips b WHERE b.metres < 11', 0)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('the spine query: it gives more than 600 rows') as string,
    });
  });

  test('that would not end is stopped by time', async () => {
    await expect(write(`SELECT count(*) AS n FROM ${CROSS}`)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});
