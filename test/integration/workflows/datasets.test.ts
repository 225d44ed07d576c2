/** Datasets by workflow: what they keep, where spines come from, and the same values however late they are asked for. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recipeOf } from '../../../activities/dataset-manifest.ts';
import type { DatasetManifest } from '../../../catalog/catalog.ts';
import { runtimeFromBundle } from '../../../definitions/loading.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine, EngineRow } from '../../../engine/engine.ts';
import { literalText, literalTextList } from '../../../engine/sql.ts';
import type { Lake } from '../../../lake/lake.ts';
import { openLake } from '../../../lake/open.ts';
import { newSourceFilePath } from '../../../lake/paths.ts';
import { publishDataFile } from '../../../lake/tables.ts';
import { diffDatasets, haveEqualValues } from '../../../offline/dataset-diff.ts';
import { verifyDataset } from '../../../offline/dataset-rebuild.ts';
import { startRun, waitForRun } from '../../../workers/starter.ts';
import type { BuildTrainingDatasetInput } from '../../../contracts/runs.ts';
import { newCommit } from '../../support/commits.ts';
import { DEFINITIONS, openPlatform, type Platform } from './platform.ts';

let platform: Platform;
let lake: Lake;
let engine: Engine;

beforeAll(async () => {
  platform = await openPlatform();
  lake = await openLake(platform.settings);
  engine = await openEngine({
    memoryLimit: '512MB',
    threads: 2,
    tempDirectory: path.join(platform.directory, 'spill'),
    allowedDirectories: [...lake.directories, platform.directory],
  });
});
afterAll(async () => {
  await engine.close();
  await platform.close();
});

const FEATURES = ['delays', 'latest:delay', 'lateness'];

/** Four flights a day from two airports; `shift` moves the delays. */
function flights(first: number, last: number, shift = 0): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `2001-01-${String(first + index).padStart(2, '0')}`)
    .flatMap((day) => ['06:00', '12:00', '18:00', '23:59'].map((time) => `${day}T${time}:00Z`))
    .map((at, index) => `${at},${index % 2 ? 'ORD' : 'JFK'},${index + shift}`);
}

async function ingest(): Promise<void> {
  const { client, project } = platform;
  await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
}

async function build(input: Omit<BuildTrainingDatasetInput, 'project'>): Promise<DatasetManifest> {
  const { client, project, catalog } = platform;
  const { name, version } = await waitForRun(await startRun(client, 'buildTrainingDataset', { project, ...input }));
  return (await catalog.datasets.get(project, name, version))!;
}

async function rowsOf({ files }: DatasetManifest): Promise<readonly EngineRow[]> {
  const paths = await Promise.all(files.map(({ uri }) => lake.localPath(uri)));
  return engine.session((session) => session.rows(`SELECT * FROM read_parquet(${literalTextList(paths)})`));
}

function checksums({ files }: DatasetManifest): readonly string[] {
  return files.map(({ checksum }) => checksum);
}

async function verify(dataset: DatasetManifest) {
  const { catalog, directory } = platform;
  const { retrieval } = (await recipeOf(lake, dataset)).build;
  const runtime = runtimeFromBundle(await catalog.definitions.bundle(dataset.bundleHash));
  const { tables, intervals } = catalog;
  return verifyDataset({ engine, lake, tables, intervals, workDirectory: directory, runtime }, dataset, retrieval);
}

/** All files of the source become one, as a compaction does it; the old ones are no longer in the newest snapshot. */
async function compact(): Promise<void> {
  const { catalog, project } = platform;
  const table = { project, kind: 'source', name: 'flights', version: '' } as const;
  const { snapshot, files } = await catalog.tables.files(table);
  const paths = literalTextList(await Promise.all(files.map((file) => lake.localPath(file.path))));
  const file = newSourceFilePath('flights', 0n);
  const staged = await lake.stagingPath(file.path);
  const added = await engine.session(async (session) => {
    const rows = `SELECT * FROM read_parquet(${paths}) ORDER BY date, __seq`;
    await session.run(`COPY (${rows}) TO ${literalText(staged)} (FORMAT parquet)`);
    return publishDataFile(lake, session, file, { eventColumn: 'date', createdColumn: null });
  });
  const remove = files.map(({ id }) => id);
  await catalog.tables.commit(newCommit({ table, operation: 'compact', base: snapshot, add: [added], remove }));
}

let first: DatasetManifest;

test('a version keeps what it was made from, in the catalog and beside its rows', async () => {
  platform.writeInput('a.csv', flights(1, 10));
  await ingest();
  const { client, project, manifest } = platform;
  const fingerprint = manifest.views.find(({ name }) => name === 'delays')!.fingerprint;
  const range = { from: '2001-01-01', to: '2001-01-05' };
  await waitForRun(await startRun(client, 'backfill', { project, view: 'delays', ...range }, { fingerprint }));
  const spine = path.join(platform.directory, 'spine.csv');
  const lines = flights(2, 9).map((line, index) => `${line.split(',').slice(0, 2).join(',')},${index % 3}`);
  writeFileSync(spine, ['event_timestamp,origin,label', ...lines, '2001-01-05,XXX,'].join('\n'));
  first = await build({ name: 'd', spine, features: FEATURES, seed: 7, shards: 2 });

  expect(first).toMatchObject({
    version: 1,
    rows: 33,
    seed: 7,
    fits: {},
    rebuiltFrom: null,
    shards: 2,
    snapshots: { flights: 1 },
    spineSource: { spine, snapshots: {} },
    request: { features: FEATURES },
  });
  expect(Object.keys(first.views).sort()).toEqual(['delays', 'lateness', 'latest']);
  expect(first.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
    'event_timestamp VARCHAR',
    'origin VARCHAR',
    'label VARCHAR',
    'delays__flights_1d int64',
    'latest__delay int64',
    'lateness__late_flights float64',
  ]);
  const document = JSON.parse(Buffer.from(await lake.read(`datasets/d/${first.runId}/manifest.json`)).toString()) as {
    format: number;
    name: string;
    version: number;
    createdAt: string;
    build: { definitions: string; retrieval: { spine: object } };
  };
  expect(document).toMatchObject({ format: 1, name: 'd', version: 1, rows: 33, statistics: first.statistics });
  expect(document.createdAt).toMatch(/^\d{4}-.*Z$/);
  expect(document.build).toMatchObject({ definitions: manifest.fingerprint, retrieval: { spine: first.spine } });
});

test('its statistics are those of its columns', () => {
  const of = (name: string) => first.statistics.find((one) => one.name === name)!;
  expect(first.statistics.map(({ name }) => name)).toEqual(first.columns.map(({ name }) => name));
  expect(of('label')).toMatchObject({ count: 32, nulls: 1, distinct: 3, min: '0', max: '2', mean: null });
  expect(of('label').top).toEqual([
    { value: '0', count: 11 },
    { value: '1', count: 11 },
    { value: '2', count: 10 },
  ]);
  expect(of('origin').top?.[0]).toEqual({ value: 'JFK', count: 16 });
  // the flights before each of the 33 rows: 4 to 35 without the one of the unknown key
  expect(of('latest__delay')).toMatchObject({ count: 32, nulls: 1, min: 4, max: 35, mean: 19.5, nonFinite: 0 });
  expect(of('latest__delay').quantiles).toMatchObject({ p50: 19, p01: 4, p99: 35 });
  expect(of('latest__delay').std).toBeCloseTo(Math.sqrt((32 * 33) / 12), 9);
});

describe('built once more', () => {
  let second: DatasetManifest;

  test('after ingestion, a correction, compaction and other definitions it has the same bytes', async () => {
    platform.writeInput('b.csv', flights(3, 12, 500));
    platform.writeInput('a.csv', flights(1, 10, 100));
    await ingest();
    await compact();
    await platform.applyDefinitions(
      DEFINITIONS.replace(/export const lateness[\s\S]*$/, '')
        .replace("count({ window: '1d' })", "count({ window: '2d' })")
        .replace('features: { delay: numeric() }', "ttl: '1h', features: { delay: numeric() }"),
    );
    rmSync(path.join(platform.directory, 'spine.csv'));

    second = await build({ name: 'd', rebuild: 'd@1' });
    expect(second).toMatchObject({ version: 2, rebuiltFrom: 'd@1', snapshots: { flights: 1 }, seed: 7, shards: 2 });
    expect(second.views).toEqual(first.views);
    expect(checksums(second)).toEqual(checksums(first));
    expect(second.spine.checksum).toBe(first.spine.checksum);
    expect(second.spine.uri).not.toBe(first.spine.uri);
  });

  test('a build of today has other values, so that the test above can fail', async () => {
    const { project } = platform;
    const spine = path.join(platform.directory, 'again.csv');
    const lines = flights(2, 9).map((line) => line.split(',').slice(0, 2).join(','));
    writeFileSync(spine, ['event_timestamp,origin', ...lines].join('\n'));
    const today = await build({ name: 'today', spine, features: ['latest:delay'] });
    const difference = await diffDatasets({ engine, lake }, side(first), side(today));
    expect(difference.values).toMatchObject({ pairing: 'key', paired: 32, onlyInFirst: 1, onlyInSecond: 0 });
    expect(difference.values.columns.map(({ name, changed }) => [name, changed])).toEqual([['latest__delay', 32]]);
    expect(difference.schema.map(({ what }) => what)).toEqual([
      'label',
      'delays__flights_1d',
      'lateness__late_flights',
    ]);
    expect(difference.origin.map(({ what }) => what)).toContain('fingerprint of latest');
    expect(difference.origin).toContainEqual({ what: 'snapshot of flights', before: '1', after: '3' });
    await expect(build({ name: 'x', spine, features: ['lateness'] })).rejects.toMatchObject({ code: 'UNKNOWN_NAME' });
    expect(await platform.catalog.datasets.get(project, 'x')).toBeUndefined();
  });

  test('from its manifest alone, in other shards and under another name', async () => {
    const file = path.join(platform.directory, 'manifest.json');
    writeFileSync(file, await lake.read(`datasets/d/${first.runId}/manifest.json`));
    const third = await build({ name: 'copy', rebuild: file, shards: 5 });
    expect(third).toMatchObject({ name: 'copy', version: 1, rebuiltFrom: 'd@1', shards: 5 });
    expect(checksums(third)).toEqual(checksums(first));
    // a rebuild of a rebuild
    const fourth = await build({ name: 'copy', rebuild: 'd@2' });
    expect(checksums(fourth)).toEqual(checksums(first));
  });

  test('equal versions have no difference', async () => {
    const difference = await diffDatasets({ engine, lake }, side(first), side(second));
    expect(haveEqualValues(difference)).toBe(true);
    expect(difference).toMatchObject({ origin: [], schema: [], statistics: [], leakage: [] });
    expect(difference.values).toMatchObject({ pairing: 'position', paired: 33, columns: [] });
  });

  test('verification computes every value again, and leaves nothing behind', async () => {
    const { damaged, values } = await verify(first);
    expect(damaged).toEqual([]);
    expect(values).toMatchObject({ paired: 33, onlyInFirst: 0, onlyInSecond: 0, columns: [] });
    const left: string[] = [];
    for await (const object of lake.list('staging/verify')) left.push(object.path);
    expect(left).toEqual([]);
  });

  test('verification finds values that are not those of the plan, and damaged files', async () => {
    // the rows of one version under the plan of another
    const today = (await platform.catalog.datasets.get(platform.project, 'today'))!;
    const { retrieval } = (await recipeOf(lake, today)).build;
    const runtime = runtimeFromBundle(await platform.catalog.definitions.bundle(today.bundleHash));
    const { tables } = platform.catalog;
    const dependencies = { engine, lake, tables, workDirectory: platform.directory, runtime };
    const wrong = { ...retrieval, snapshots: { flights: 1 } };
    const { values } = await verifyDataset(dependencies, today, wrong);
    expect(values?.columns).toMatchObject([{ name: 'latest__delay', changed: 32 }]);
    expect(values?.columns[0]?.examples[0]).toMatchObject({ rows: [1, 1] });

    const copy = (await platform.catalog.datasets.get(platform.project, 'copy', 1))!;
    const part = await lake.localPath(copy.files[0]!.uri);
    const bytes = readFileSync(part);
    bytes[bytes.length >> 1]! ^= 1;
    rmSync(part);
    writeFileSync(part, bytes);
    expect(await verify(copy)).toEqual({
      damaged: [{ path: copy.files[0]!.uri, problem: 'its bytes do not match its checksum' }],
      values: null,
    });
  });

  test.each([
    ['an unknown version', 'd@99', 'UNKNOWN_NAME'],
    ['no version', 'd@one', 'USAGE'],
    ['a missing manifest', '/nowhere/manifest.json', 'INPUT_NOT_FOUND'],
  ])('not from %s', async (_, rebuild, code) => {
    await expect(build({ name: 'none', rebuild })).rejects.toMatchObject({ code });
  });

  test('not from a file that is no manifest, nor from one of another project', async () => {
    const file = path.join(platform.directory, 'other.json');
    writeFileSync(file, '{"format": 1, "name": "d"}');
    await expect(build({ name: 'none', rebuild: file })).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
    const text = Buffer.from(await lake.read(`datasets/d/${first.runId}/manifest.json`)).toString();
    writeFileSync(file, text.replaceAll(`"project":"${platform.project}"`, '"project":"elsewhere"'));
    await expect(build({ name: 'none', rebuild: file })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });
});

describe('a spine', () => {
  test('of a query over a source is pinned, copied and built once more alike', async () => {
    const query = `select origin, date as event_timestamp, delay > 100 as label from flights
      where date >= '2001-01-03' and date < '2001-01-05' order by date, origin -- both files`;
    const built = await build({ name: 'asked', spine: { query }, features: ['latest:delay'] });
    expect(built).toMatchObject({ rows: 16, spineSource: { spine: { query }, snapshots: { flights: 3 } } });
    expect(built.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'origin VARCHAR',
      'event_timestamp TIMESTAMP',
      'label BOOLEAN',
      'latest__delay int64',
    ]);
    const again = await build({ name: 'asked', rebuild: 'asked@1' });
    expect(checksums(again)).toEqual(checksums(built));
  });

  test('of all keys that were seen before the end of a range', async () => {
    const spine = { from: '2001-01-02', to: '2001-01-04', every: '12h' };
    const built = await build({ name: 'grid', spine, features: ['delays'] });
    const rows = await rowsOf(built);
    expect(rows.map(({ origin }) => origin)).toEqual([
      ...Array<string>(4).fill('JFK'),
      ...Array<string>(4).fill('ORD'),
    ]);
    expect(new Set(rows.map((row) => row['event_timestamp'])).size).toBe(4);
    const none = await build({ name: 'grid', spine: { from: '1999-01-01', to: '1999-01-02' }, features: ['delays'] });
    expect(none).toMatchObject({ version: 2, rows: 0 });
    expect(none.columns.map(({ name }) => name)).toEqual(['origin', 'event_timestamp', 'delays__flights_1d']);
  });

  test.each([
    ['a second statement', 'select 1; select 2', 'INVALID_VALUE', 'write one SELECT'],
    ['a file', "select * from read_csv('/etc/passwd')", 'INVALID_VALUE', 'table function read_csv'],
    ['another name', 'select * from flight', 'INVALID_VALUE', 'the query may read from: flights'],
    ['a mistake', 'select nothing from flights', 'INVALID_VALUE', 'nothing'],
    ['no time', 'select origin from flights', 'SPINE_COLUMN_MISSING', 'event_timestamp'],
    [
      'two columns of one name',
      'select date as event_timestamp, origin, origin from flights',
      'NAME_COLLISION',
      'origin',
    ],
    [
      'keys of another type',
      "select 1 as origin, timestamp '2001-01-01' as event_timestamp",
      'KEY_TYPE_MISMATCH',
      'origin',
    ],
  ])('of a query with %s is refused', async (_, query, code, text) => {
    const failing = build({ name: 'hostile', spine: { query }, features: ['delays'] });
    await expect(failing).rejects.toMatchObject({ code, message: expect.stringContaining(text) as unknown });
  });
});

function side(dataset: DatasetManifest) {
  return { dataset, keys: ['origin'] };
}
