/** The point-in-time join of one view: ten features, ttl of seven days, ties broken by created, Parquet to Parquet. */
import { cp, link, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { asof } from '../examples/flights/asof-command.ts';
import type { Contender } from './contest.ts';
import { makeAsOfWorld, type AsOfSize } from './world.ts';

/** `peers`: words in the names of those that run unless others are asked for. At 10M Feast takes minutes and 13 GiB. */
export const AS_OF_SIZES = {
  '1m': {
    name: '1M feature rows, 100k spine rows',
    rows: 1_000_000,
    spineRows: 100_000,
    keys: 10_000,
    peers: 'polars,duckdb,feast',
  },
  '10m': {
    name: '10M feature rows, 1M spine rows',
    rows: 10_000_000,
    spineRows: 1_000_000,
    keys: 10_000,
    peers: 'polars,hand-written,lake',
  },
} as const satisfies Readonly<Record<string, AsOfSize & { readonly peers: string }>>;

const HERE = import.meta.dirname;

/** Makes the data, brings them into a lake, and names who runs: peers on the raw file, and on the lake's files. */
export async function prepareAsOf(
  cache: string,
  python: string,
  size: keyof typeof AS_OF_SIZES,
  report: (line: string) => void,
): Promise<readonly Contender[]> {
  const directory = path.join(cache, `as-of-${size}`);
  report(`making ${AS_OF_SIZES[size].name} in ${directory}`);
  const world = await makeAsOfWorld(directory, AS_OF_SIZES[size]);
  const project = path.join(directory, 'project');
  await mkdir(project, { recursive: true });
  for (const file of ['asof.config.ts', 'features.ts'])
    await cp(path.join(HERE, 'project', file), path.join(project, file));
  await rm(path.join(project, 'features.parquet'), { force: true });
  await link(world.features, path.join(project, 'features.parquet'));
  report('ingesting it into a lake');
  await asof(project, 'apply', '--yes');
  await asof(project, 'ingest', 'readings');
  const lakeFiles = path.join(project, '.asof/lake/bench/sources/readings/*.parquet');
  const output = (name: string): string => path.join(directory, `out-${name}.parquet`);
  const peer = (name: string, script: string, features: string): Contender => ({
    name,
    command: [python, path.join(HERE, 'peers', script), features, world.spine, output(name.replace(/\W+/g, '-'))],
  });
  return [
    {
      name: 'Asof',
      command: [
        process.execPath,
        '--import',
        'tsx',
        path.join(HERE, 'as-of-asof.ts'),
        project,
        world.spine,
        output('asof'),
      ],
    },
    peer('Polars, streaming', 'as_of_polars.py', world.features),
    peer("Polars, the lake's files", 'as_of_polars.py', lakeFiles),
    peer('DuckDB, hand-written', 'as_of_duckdb.py', world.features),
    peer("DuckDB, the lake's files", 'as_of_duckdb.py', lakeFiles),
    peer('Feast with DuckDB', 'as_of_feast.py', world.features),
  ];
}
