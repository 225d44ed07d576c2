/** What a source's table takes on disk beside the same rows as DuckDB writes them. */
import { realpathSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { literalText } from '../../../engine/sql.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import { sourceOf } from './fixtures.ts';
import { openTestCatalog, openWorld, type TestCatalog, type World } from './world.ts';

/** `ASOF_TEST_ROWS=3000000` measures all flights. */
const ROWS = Number(process.env['ASOF_TEST_ROWS'] ?? 300_000);
/** The promise is below 10 %. */
const MOST = 1.1;
const FLIGHTS = realpathSync(join(import.meta.dirname, '../../../node_modules/vega-datasets/data/flights-3m.parquet'));

let shared: TestCatalog;
let world: World;
beforeAll(async () => {
  shared = await openTestCatalog();
  world = await openWorld(shared);
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await shared[Symbol.asyncDispose]();
});

test('a table of flights takes less than 10 % more than the same rows written by DuckDB with zstd', async () => {
  const input = join(world.folder.path, 'flights.parquet');
  const plain = join(world.folder.path, 'plain.parquet');
  const columns = 'date, delay, distance, origin, destination';
  const reader = await openEngine({
    ...{ memoryLimit: '512MB', threads: 2, tempDirectory: join(world.folder.path, 'spill-2') },
    allowedDirectories: [world.folder.path, join(FLIGHTS, '..')],
  });
  await reader.session((session) =>
    session.run(`COPY (SELECT ${columns} FROM read_parquet(${literalText(FLIGHTS)}) LIMIT ${ROWS})
      TO ${literalText(input)} (FORMAT parquet)`),
  );
  await reader.close();
  const schema = {
    date: 'timestamp',
    delay: 'int64',
    distance: 'int64',
    origin: 'string',
    destination: 'string',
  } as const;
  const source = sourceOf(input, schema, { timestamp: 'date' });
  expect(await world.ingest(source)).toMatchObject({ committed: ROWS });
  const { files } = await world.catalog.tables.files(world.table);
  const paths = await Promise.all(files.map(({ path }) => world.lake.localPath(path)));
  await world.engine.session((session) =>
    session.run(`COPY (SELECT ${columns} FROM read_parquet([${paths.map(literalText).join(', ')}]))
      TO ${literalText(plain)} (FORMAT parquet, COMPRESSION zstd)`),
  );
  const ours = files.reduce((sum, file) => sum + file.bytes, 0);
  const theirs = (await stat(plain)).size;
  const sequences = files.flatMap(({ statistics = [] }) => statistics.filter(({ name }) => name === '__seq'));
  process.stdout.write(`${ROWS} flights: ${ours} bytes, ${theirs} by DuckDB: ${(ours / theirs).toFixed(3)}\n`);
  expect(ours / theirs).toBeLessThan(MOST);
  // what the catalog says of it is what the file says
  expect(sequences.reduce((sum, { bytes }) => sum + bytes, 0) / ours).toBeLessThan(MOST - 1);
});
