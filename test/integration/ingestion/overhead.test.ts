/** What a source's table takes on disk beside the same rows as DuckDB writes them. */
import { realpathSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { literalText } from '../../../engine/sql.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import { compactSource } from '../../../ingestion/compact-source.ts';
import { sourceOf } from './fixtures.ts';
import { eachInWorld, type World } from './world.ts';

/** `ASOF_TEST_ROWS=3000000` measures all flights. */
const ROWS = Number(process.env['ASOF_TEST_ROWS'] ?? 300_000);
/** The promise is below 10 %. */
const MOST = 1.1;
const FLIGHTS = realpathSync(join(import.meta.dirname, '../../../node_modules/vega-datasets/data/flights-3m.parquet'));

const COLUMNS = 'date, delay, distance, origin, destination';
const SCHEMA = {
  date: 'timestamp',
  delay: 'int64',
  distance: 'int64',
  origin: 'string',
  destination: 'string',
} as const;

let world: World;
eachInWorld((opened) => (world = opened));

/** Writes flights as files of `days` days, named by number. */
async function writeFlights(choice: string, days: number): Promise<readonly string[]> {
  const reader = await openEngine({
    ...{ memoryLimit: '512MB', threads: 2, tempDirectory: join(world.folder.path, 'spill-2') },
    allowedDirectories: [world.folder.path, join(FLIGHTS, '..')],
  });
  const inputs: string[] = [];
  await reader.session(async (session) => {
    await session.run(
      `CREATE TEMP TABLE flights AS SELECT ${COLUMNS} FROM read_parquet(${literalText(FLIGHTS)}) ${choice}`,
    );
    for (let day = 0; day < days; day++) {
      const inside = days === 1 ? 'true' : `date::DATE = DATE '2001-01-01' + ${day}`;
      inputs.push(join(world.folder.path, `${100 + day}.parquet`));
      await session.run(`COPY (FROM flights WHERE ${inside}) TO ${literalText(inputs.at(-1)!)} (FORMAT parquet)`);
    }
  });
  await reader.close();
  return inputs;
}

/** Bytes of the table's newest files, and of the same rows in the same order as one file of DuckDB. */
async function sizes(): Promise<{ readonly files: number; readonly ours: number; readonly theirs: number }> {
  const { files } = await world.catalog.tables.files(world.table);
  const paths = await Promise.all(files.map(({ path }) => world.lake.localPath(path)));
  const plain = join(world.folder.path, 'plain.parquet');
  await world.engine.session((session) =>
    session.run(`COPY (SELECT ${COLUMNS} FROM read_parquet([${paths.map(literalText).join(', ')}]))
      TO ${literalText(plain)} (FORMAT parquet, COMPRESSION zstd)`),
  );
  const ours = files.reduce((sum, file) => sum + file.bytes, 0);
  return { files: files.length, ours, theirs: (await stat(plain)).size };
}

function report(what: string, { files, ours, theirs }: Awaited<ReturnType<typeof sizes>>): void {
  const share = (ours / theirs).toFixed(3);
  process.stdout.write(`${what}: ${ours} bytes in ${files} files, ${theirs} by DuckDB: ${share}\n`);
}

test('a table of flights takes less than 10 % more than the same rows written by DuckDB with zstd', async () => {
  const [input] = await writeFlights(`LIMIT ${ROWS}`, 1);
  const source = sourceOf(input!, SCHEMA, { timestamp: 'date' });
  expect(await world.ingest(source)).toMatchObject({ committed: ROWS });
  const found = await sizes();
  report(`${ROWS} flights`, found);
  expect(found.ours / found.theirs).toBeLessThan(MOST);
  // what the catalog says of sequences is what the file says
  const { files } = await world.catalog.tables.files(world.table);
  const sequences = files.flatMap(({ statistics = [] }) => statistics.filter(({ name }) => name === '__seq'));
  expect(sequences.reduce((sum, { bytes }) => sum + bytes, 0) / found.ours).toBeLessThan(MOST - 1);
});

test('a month of daily ingestions does too, once it is maintained', async () => {
  // every third flight: five thousand a day
  const inputs = await writeFlights(`WHERE date < '2001-01-31' AND hash(date, origin, destination, delay) % 3 = 0`, 30);
  for (const input of inputs) await world.ingest(sourceOf(input, SCHEMA, { timestamp: 'date' }));
  const before = await sizes();
  report('30 days', before);
  expect(before.files).toBe(30);
  const source = sourceOf(inputs[0]!, SCHEMA, { timestamp: 'date' });
  await compactSource(world, { project: world.project, source, runId: 'r' });
  const after = await sizes();
  report('maintained', after);
  expect(after.files).toBe(1);
  expect(after.ours / after.theirs).toBeLessThan(MOST);
});
