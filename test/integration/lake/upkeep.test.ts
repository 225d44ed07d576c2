/** Parquet files, fsck and gc on a real lake, catalog and engine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Catalog, Commit } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { DataFile, TableKey } from '../../../contracts/lake.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine } from '../../../engine/engine.ts';
import { literalText } from '../../../engine/sql.ts';
import { checkLake } from '../../../lake/fsck.ts';
import { collectGarbage } from '../../../lake/gc.ts';
import type { Lake } from '../../../lake/lake.ts';
import { openLake } from '../../../lake/open.ts';
import { newQuarantineFilePath, newSourceFilePath, newViewFilePath, stagingFilePath } from '../../../lake/paths.ts';
import type { NewFile } from '../../../lake/paths.ts';
import { publishDataFile } from '../../../lake/tables.ts';
import { createCatalogDatabase } from '../../support/catalog.ts';
import type { TestDatabase } from '../../support/catalog.ts';
import { fakeFile, ledgerAppend, newCommit, SOURCE, VIEW } from '../../support/commits.ts';
import { settingsFor } from '../../support/settings.ts';

const root = mkdtempSync(join(tmpdir(), 'asof-upkeep-'));
let engine: Engine;
let database: TestDatabase;
let catalog: Catalog;
let lake: Lake;
/** Each test has a project of its own, in one database. */
let project = '';
let projects = 0;

beforeAll(async () => {
  database = await createCatalogDatabase();
  catalog = await openCatalog({ url: database.url });
  engine = await openEngine({
    memoryLimit: '256MB',
    threads: 2,
    tempDirectory: join(root, 'spill'),
    allowedDirectories: [root],
  });
});

afterAll(async () => {
  await engine.close();
  await catalog.close();
  await database.drop();
  rmSync(root, { recursive: true });
});

beforeEach(async () => {
  projects += 1;
  project = `upkeep_${projects}`;
  lake = await openLake(settingsFor(root, { project }));
});

const source = (): TableKey => ({ ...SOURCE, project });
const view = (): TableKey => ({ ...VIEW, project });

/** A commit to the source of this test. */
const commit = (overrides: Partial<Commit>) => catalog.tables.commit(newCommit({ table: source(), ...overrides }));

async function publishRows(file: NewFile, select: string, bucket?: number): Promise<DataFile> {
  return engine.session(async (session) => {
    const staged = literalText(await lake.stagingPath(file.path));
    await session.run(`COPY (${select}) TO ${staged} (FORMAT parquet)`);
    const quarantine = file.path.startsWith('quarantine/');
    return publishDataFile(lake, session, file, {
      eventColumn: quarantine ? null : 'at',
      createdColumn: quarantine ? null : 'loaded',
      ...(bucket === undefined ? {} : { bucket }),
    });
  });
}

/** Rows whose sequence and event time in microseconds is `from`, `from + 1`, … */
function rowsSelect(from: number, rows: number): string {
  return `SELECT make_timestamp(i) AS at, NULL::TIMESTAMP AS loaded, i * 0.5::DOUBLE AS value, i AS __seq
    FROM range(${from}::BIGINT, ${from + rows}::BIGINT) t(i)`;
}

const sourceFile = (from: number, rows: number) =>
  publishRows(newSourceFilePath('flights', BigInt(from)), rowsSelect(from, rows));

/** A source commit of `rows` good rows and one bad one, with its account. */
async function ingest(from: number, rows: number): Promise<DataFile> {
  const file = await sourceFile(from, rows);
  const bad = await publishRows(newQuarantineFilePath('flights'), `SELECT 'x' AS raw`);
  await commit({
    add: [file],
    quarantine: [bad],
    conservation: [
      { range: { from: 0n, to: 10n }, rowsIn: rows + 1, committed: rows, quarantined: 1, deduplicated: 0 },
    ],
  });
  return file;
}

const check = (deep = false) => checkLake({ catalog, lake, engine, project, deep });

async function overwrite(path: string, change: (bytes: Buffer) => Buffer): Promise<void> {
  const local = await lake.localPath(path);
  await writeFile(local, change(await readFile(local)));
}

async function makeOld(path: string): Promise<void> {
  await utimes(await lake.localPath(path), 1, 1);
}

describe('describing a Parquet file', () => {
  test('counts, ranges and stored types', async () => {
    const select = `SELECT * FROM (VALUES
      (TIMESTAMP '2024-01-02', TIMESTAMP '2024-01-03', 7::BIGINT, [1, 2]::FLOAT[2], 'a', ['x'], true, 9::BIGINT),
      (TIMESTAMP '1969-12-31 23:59:59.999999', NULL, NULL, NULL, NULL, NULL, NULL, ${2n ** 53n + 1n}::BIGINT)
    ) AS t("at", loaded, delay, vector, name, tags, late, __seq)`;
    const file = newSourceFilePath('flights', 0n);
    const described = await engine.session(async (session) => {
      const staged = literalText(await lake.stagingPath(file.path));
      await session.run(`COPY (${select}) TO ${staged} (FORMAT parquet)`);
      return publishDataFile(lake, session, file, {
        eventColumn: 'at',
        createdColumn: 'loaded',
        vectors: { vector: 'float32[2]' },
      });
    });
    const found = await lake.stat(file.path);
    expect(described).toMatchObject({
      ...file,
      rows: 2,
      bytes: found?.bytes,
      minEvent: -1n,
      maxEvent: 1_704_153_600_000_000n,
      maxCreated: 1_704_240_000_000_000n,
      minSequence: 9n,
      maxSequence: 2n ** 53n + 1n,
      bucket: null,
      columns: [
        { name: 'at', type: 'timestamp' },
        { name: 'loaded', type: 'timestamp' },
        { name: 'delay', type: 'int64' },
        { name: 'vector', type: 'float32[2]' },
        { name: 'name', type: 'string' },
        { name: 'tags', type: 'string[]' },
        { name: 'late', type: 'boolean' },
        { name: '__seq', type: 'int64' },
      ],
      statistics: [
        { name: 'at', nulls: 0, bytes: expect.any(Number) as number, min: '-1', max: '1704153600000000' },
        {
          name: 'loaded',
          nulls: 1,
          bytes: expect.any(Number) as number,
          min: '1704240000000000',
          max: '1704240000000000',
        },
        { name: 'delay', nulls: 1, bytes: expect.any(Number) as number, min: '7', max: '7' },
        { name: 'vector', nulls: 1, bytes: expect.any(Number) as number, min: null, max: null },
        { name: 'name', nulls: 1, bytes: expect.any(Number) as number, min: 'a', max: 'a' },
        { name: 'tags', nulls: 1, bytes: expect.any(Number) as number, min: null, max: null },
        { name: 'late', nulls: 1, bytes: expect.any(Number) as number, min: 'true', max: 'true' },
        { name: '__seq', nulls: 0, bytes: expect.any(Number) as number, min: '9', max: '9007199254740993' },
      ],
    });
  });

  test('the bounds of long text are cut, and still bound every value', async () => {
    const texts = [`${'a'.repeat(64)}z`, `${'é'.repeat(64)}🙂`, `${'\u{10FFFF}'.repeat(70)}`];
    const bounds = [];
    for (const text of texts) {
      const select = `SELECT make_timestamp(0) AS at, NULL::TIMESTAMP AS loaded, ${literalText(text)} AS key`;
      const file = await publishRows(newSourceFilePath('flights', 0n), select);
      bounds.push(file.statistics?.find(({ name }) => name === 'key'));
    }
    expect(bounds).toEqual([
      {
        name: 'key',
        nulls: 0,
        bytes: expect.any(Number) as number,
        min: 'a'.repeat(64),
        max: `${'a'.repeat(64)}\u{10FFFF}`,
      },
      {
        name: 'key',
        nulls: 0,
        bytes: expect.any(Number) as number,
        min: 'é'.repeat(64),
        max: `${'é'.repeat(64)}\u{10FFFF}`,
      },
      { name: 'key', nulls: 0, bytes: expect.any(Number) as number, min: '\u{10FFFF}'.repeat(64), max: null },
    ]);
  });

  test('an empty file has no ranges', async () => {
    const file = await sourceFile(0, 0);
    expect(file).toMatchObject({ rows: 0, minEvent: null, maxEvent: null, minSequence: null, maxSequence: null });
  });

  test('a type that the lake does not store is refused by name', async () => {
    const publishing = publishRows(
      newSourceFilePath('flights', 0n),
      `SELECT make_timestamp(0) AS at, NULL::TIMESTAMP AS loaded, DATE '2024-01-01' AS day`,
    );
    await expect(publishing).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('column "day" has the type DATE') as string,
    });
  });
});

describe('fsck', () => {
  test('a healthy lake has no problems; an uncommitted file is an orphan', async () => {
    await ingest(0, 100);
    const orphan = await sourceFile(100, 5);
    await lake.write(stagingFilePath('run-1', 'plan.json'), Buffer.from('{}'));
    for (const deep of [false, true]) {
      expect(await check(deep)).toEqual({ problems: [], orphans: [orphan.path], files: 2, rows: 101 });
    }
  });

  test('checks the files of earlier snapshots too', async () => {
    const old = await ingest(0, 10);
    const rewritten = await sourceFile(0, 10);
    await commit({ base: 1, operation: 'compact', add: [rewritten], remove: [old.id] });
    expect((await check()).problems).toEqual([]);
    await lake.remove(old.path);
    expect((await check()).problems).toEqual([{ path: old.path, problem: 'it is missing' }]);
  });

  test.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, -10), /bytes instead of/],
    ['with one bit flipped', flipBit, /do not match its checksum/],
  ])('finds a file %s', async (_, change, problem) => {
    const file = await ingest(0, 100);
    await overwrite(file.path, change);
    const { problems } = await check();
    expect(problems).toEqual([{ path: file.path, problem: expect.stringMatching(problem) as string }]);
  });

  test('finds a catalog entry with other rows than its file, by count and by sequence', async () => {
    const file = await sourceFile(0, 10);
    const conservation = [{ range: { from: 0n, to: 9n }, rowsIn: 11, committed: 11, quarantined: 0, deduplicated: 0 }];
    await commit({ add: [{ ...file, rows: 11 }], conservation });
    expect((await check()).problems).toEqual([{ path: file.path, problem: 'it has 10 rows instead of 11' }]);

    const shifted = { ...(await sourceFile(10, 10)), minSequence: 11n };
    await commit({ table: view(), base: 0, add: [shifted] });
    const sequence = { path: shifted.path, problem: 'its sequences are not those of the catalog' };
    expect((await check(false)).problems).not.toContainEqual(sequence);
    expect((await check(true)).problems).toContainEqual(sequence);
  });

  test.each([
    [
      'statistics of a column',
      'its statistics of column "value" are not those of the catalog',
      (file: DataFile) => ({
        ...file,
        statistics: file.statistics!.map((one) => (one.name === 'value' ? { ...one, nulls: 1 } : one)),
      }),
    ],
    [
      'bounds of a column',
      'its statistics of column "__seq" are not those of the catalog',
      (file: DataFile) => ({
        ...file,
        statistics: file.statistics!.map((one) => (one.name === '__seq' ? { ...one, min: '1' } : one)),
      }),
    ],
    [
      'a range of event time',
      'its range of event time is not that of the catalog',
      (file: DataFile) => ({
        ...file,
        minEvent: 1n,
      }),
    ],
  ])('finds %s that lies', async (_, problem, change) => {
    const file = await sourceFile(0, 10);
    const conservation = [{ range: { from: 0n, to: 9n }, rowsIn: 10, committed: 10, quarantined: 0, deduplicated: 0 }];
    await commit({ add: [change(file)], conservation });
    expect((await check(false)).problems).toEqual([]);
    expect((await check(true)).problems).toEqual([{ path: file.path, problem }]);
  });

  test('finds a compaction that lost a row, and rows that no account says have expired', async () => {
    const old = await ingest(0, 10);
    await commit({ base: 1, operation: 'compact', add: [await sourceFile(0, 9)], remove: [old.id] });
    const problem = 'snapshot 2 compacted 10 rows into 9';
    expect((await check()).problems).toContainEqual({ path: 'source/flights', problem });
    const kept = await ingest(10, 10);
    await commit({ base: 3, operation: 'expire', remove: [kept.id] });
    expect((await check()).problems).toContainEqual({
      path: 'source/flights',
      problem: '0 rows are accounted for as expired, but 10 were taken away',
    });
  });

  test('finds rows that no account explains', async () => {
    await commit({ add: [await sourceFile(0, 10)] });
    expect((await check()).problems).toEqual([
      { path: 'source/flights', problem: '0 rows are accounted for as committed, but the snapshots leave 10' },
    ]);
  });

  test('finds quarantined rows that were not kept', async () => {
    const conservation = [{ range: { from: 0n, to: 9n }, rowsIn: 3, committed: 0, quarantined: 3, deduplicated: 0 }];
    await commit({ conservation });
    expect((await check()).problems).toEqual([
      { path: 'source/flights', problem: '3 rows are accounted for as quarantined, but 0 were written' },
    ]);
  });

  test('finds an interval that was applied twice', async () => {
    const newFile = () => newViewFilePath({ view: 'latest', fingerprint: 'f1', bucket: 0, from: 0n });
    const [first, twice] = [
      await publishRows(newFile(), rowsSelect(0, 10), 0),
      await publishRows(newFile(), rowsSelect(0, 10), 0),
    ];
    const done = ledgerAppend('done', 0n, 10n, { project, inputSnapshot: 1, rowsIn: 10, rowsOut: 10 });
    await commit({ table: view(), add: [first], ledger: [done] });
    expect((await check()).problems).toEqual([]);
    await commit({ table: view(), base: 1, add: [twice] });
    expect((await check()).problems).toEqual([
      { path: 'view/latest@f1', problem: 'its ledger has 10 rows in completed intervals, its files 20' },
    ]);
    const redone = ledgerAppend('done', 0n, 10n, { project, inputSnapshot: 1, rowsIn: 10, rowsOut: 10 });
    await commit({ table: view(), base: 2, operation: 'replace', remove: [first.id], ledger: [redone] });
    expect((await check()).problems).toEqual([]);
  });
});

describe('gc', () => {
  const collect = (options: { readonly graceMillis?: number; readonly dryRun?: boolean } = {}) =>
    collectGarbage({ catalog, lake, project, ...options });

  test('removes old orphans and staged work, and nothing else', async () => {
    const committed = await ingest(0, 10);
    const [orphan, young] = [await sourceFile(10, 5), await sourceFile(20, 5)];
    const plan = stagingFilePath('run-gone', 'plan.json');
    await lake.write(plan, Buffer.from('{}'));
    await lake.write('NOTES.md', Buffer.from('mine'));
    for (const path of [committed.path, orphan.path, plan, 'NOTES.md']) await makeOld(path);

    const planned = await collect({ dryRun: true });
    expect(planned).toEqual({ removed: [orphan.path, plan], bytes: orphan.bytes + 2, kept: 4 });
    expect(await lake.stat(orphan.path)).toBeDefined();
    expect(await collect()).toEqual(planned);
    expect(await lake.stat(orphan.path)).toBeUndefined();
    for (const path of [committed.path, young.path, 'NOTES.md']) expect(await lake.stat(path)).toBeDefined();
    expect((await check()).problems).toEqual([]);
  });

  test('keeps the files of every snapshot and of datasets', async () => {
    const old = await ingest(0, 10);
    await commit({ base: 1, operation: 'replace', remove: [old.id] });
    const dataset = 'datasets/train/b1/part-0.parquet';
    await lake.write(dataset, Buffer.from('rows'));
    await lake.write('datasets/train/b1/manifest.json', Buffer.from('{}'));
    await lake.write('datasets/train/b2/part-0.parquet', Buffer.from('rows'));
    await publishDataset(dataset);
    for await (const { path } of lake.list('')) await makeOld(path);
    expect((await collect()).removed).toEqual(['datasets/train/b2/part-0.parquet']);
  });

  test('removes the files of expired snapshots after its grace, and what fsck checks is what is left', async () => {
    const old = await ingest(0, 10);
    const rewritten = await sourceFile(0, 10);
    await commit({ base: 1, operation: 'compact', add: [rewritten], remove: [old.id] });
    await catalog.tables.expireSnapshots({ project, olderThanMicros: 0, keepFrom: [], exceptRun: '' });
    for await (const { path } of lake.list('')) await makeOld(path);
    expect((await collect()).removed).toEqual([]);
    expect(await check(true)).toMatchObject({ problems: [], orphans: [], files: 2 });
    const dry = await collect({ graceMillis: 0, dryRun: true });
    expect(dry.removed).toEqual([old.path]);
    expect(await lake.stat(old.path)).toBeDefined();
    expect((await collect({ graceMillis: 0 })).removed).toEqual([old.path]);
    expect(await lake.stat(old.path)).toBeUndefined();
    expect((await catalog.tables.knownPaths(project)).has(old.path)).toBe(false);
    expect(await check(true)).toMatchObject({ problems: [], orphans: [], files: 2 });
  });

  test('keeps the staged work of a run that has not ended', async () => {
    const run = {
      id: 'ingest/demo/flights/1',
      project,
      workflow: 'ingest',
      workflowId: 'w',
      target: 'flights',
    };
    const times = { startedAt: 1n, endedAt: null, result: null, error: null };
    await catalog.runs.put({ ...run, ...times, state: 'running' });
    const plan = stagingFilePath(run.id, 'plan.json');
    await lake.write(plan, Buffer.from('{}'));
    await makeOld(plan);
    expect((await collect()).removed).toEqual([]);
    await catalog.runs.put({ ...run, ...times, state: 'failed', endedAt: 2n });
    expect((await collect()).removed).toEqual([plan]);
  });

  test('8 committers, a compactor and gc at once: no committed file is lost', async () => {
    const orphan = await sourceFile(0, 80);
    await makeOld(orphan.path);
    const commits = Array.from({ length: 8 }, async (_, index) => ingest(index * 10, 10));
    const collections = Array.from({ length: 5 }, () => collect());
    await Promise.all([...commits, ...collections]);
    const { snapshot, files } = await catalog.tables.files(source());
    expect(snapshot).toBe(8);
    const merged = await sourceFile(0, 80);
    const remove = files.map(({ id }) => id);
    await Promise.all([
      commit({ base: snapshot, operation: 'compact', add: [merged], remove }),
      ingest(80, 10),
      collect(),
    ]);
    expect(await check(true)).toMatchObject({ problems: [], orphans: [], files: 19 });
  });
});

async function publishDataset(path: string): Promise<void> {
  const file = { uri: path, rows: 1, bytes: 4, checksum: fakeFile().checksum };
  await catalog.datasets.publish({
    idempotencyKey: 'd1',
    lineage: [],
    manifest: {
      project,
      name: 'train',
      runId: 'run-1',
      definitions: 'd',
      bundleHash: 'b',
      views: {},
      snapshots: {},
      request: { features: [], service: null, asKnown: false, shortNames: false },
      spine: file,
      shards: 1,
      columns: [],
      rows: 1,
      leakage: {},
      files: [file],
    },
  });
}

function flipBit(bytes: Buffer): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[20]! ^= 1;
  return flipped;
}
