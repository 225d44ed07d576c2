/** What a backfilled view takes on disk beside its source. */
import { realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isTileFile, type CommittedFile } from '../../../contracts/lake.ts';
import { MICROS_PER_DAY, requireInstant } from '../../../contracts/time.ts';
import { categorical, count, entity, featureView, fileSource, mean, numeric } from '../../../definitions/language.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import { literalText } from '../../../engine/sql.ts';
import { compactView } from '../../../offline/compact-view.ts';
import { viewTable } from '../../../offline/view-coverage.ts';
import { backfillView, featureViewOf } from './backfilled-view.ts';
import { ingestQuery, openFixture, type OfflineFixture } from './offline-fixture.ts';

const FLIGHTS = realpathSync(join(import.meta.dirname, '../../../node_modules/vega-datasets/data/flights-3m.parquet'));
const DAYS = 10;

const airport = entity('airport', { keys: { origin: 'string' } });
const route = entity('route', { keys: { origin: 'string', destination: 'string' } });
const flights = fileSource('flights', {
  path: 'flights.parquet',
  timestamp: 'date',
  schema: { date: 'timestamp', delay: 'int64', distance: 'int64', origin: 'string', destination: 'string' },
});
const hourly = featureView('hourly', {
  entities: [airport],
  source: flights,
  features: {
    flights_1d: count({ window: '1d', where: { destination: ['JFK', 'LAX'] } }),
    delay_14d: mean('delay', { window: '14d', resolution: '6h' }),
  },
});
const latest = featureView('latest', {
  entities: [route],
  source: flights,
  features: { distance: numeric(), delay: numeric(), to: categorical({ column: 'destination' }) },
});

let fixture: OfflineFixture;
/** Of the source's rows, in order of time, as DuckDB writes them. */
let whole: number;
beforeAll(async () => {
  fixture = await openFixture({ airport, route, flights, hourly, latest });
  const input = join(fixture.directory, 'input.parquet');
  const reader = await openEngine({
    ...{ memoryLimit: '512MB', threads: 2, tempDirectory: join(fixture.directory, 'spill-2') },
    allowedDirectories: [fixture.directory, join(FLIGHTS, '..')],
  });
  await reader.session((session) =>
    session.run(`COPY (SELECT date, delay, distance, origin, destination FROM read_parquet(${literalText(FLIGHTS)})
      WHERE date < TIMESTAMP '2001-01-01' + INTERVAL ${DAYS} DAYS) TO ${literalText(input)}
      (FORMAT parquet, COMPRESSION zstd)`),
  );
  await reader.close();
  whole = statSync(input).size;
  await ingestQuery(fixture, 'flights', `SELECT * FROM read_parquet(${literalText(input)})`, 1);
});
afterAll(() => fixture.close());

const bytesOf = (files: readonly CommittedFile[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

async function measured(name: string): Promise<{ readonly rows: number; readonly tiles: number }> {
  const { catalog, project, lake, engine } = fixture;
  const view = featureViewOf(fixture, name);
  const start = requireInstant('2001-01-01', 'start');
  for (let day = 0; day < DAYS; day++) {
    const from = start + BigInt(day) * BigInt(MICROS_PER_DAY);
    await backfillView(fixture, name, { from, to: from + BigInt(MICROS_PER_DAY) });
  }
  await compactView({ tables: catalog.tables, lake, engine }, { project, view, runId: 'r' });
  const { files } = await catalog.tables.files(viewTable(project, view));
  const [rows, tiles] = [false, true].map(
    (isTile) => bytesOf(files.filter((file) => isTileFile(file) === isTile)) / whole,
  );
  process.stdout.write(`${name}: rows ${rows!.toFixed(2)}, tiles ${tiles!.toFixed(2)} of the source's bytes\n`);
  return { rows: rows!, tiles: tiles! };
}

test('the rows of a view of one key take about as much as its source, its tiles a small part of it', async () => {
  const { rows, tiles } = await measured('hourly');
  expect(rows).toBeLessThan(1.4);
  expect(tiles).toBeGreaterThan(0);
  expect(tiles).toBeLessThan(0.15);
});

test('rows of a view of many keys take more, and half as much again at most', async () => {
  const { rows, tiles } = await measured('latest');
  expect(rows).toBeLessThan(1.5);
  expect(tiles).toBe(0);
});
