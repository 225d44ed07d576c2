/** Which snapshots expire, and which never do. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Catalog, Commit, DatasetManifest } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { TableKey } from '../../../contracts/lake.ts';
import { clockNow } from '../../../contracts/time.ts';
import { createCatalogDatabase, type TestDatabase } from '../../support/catalog.ts';
import { fakeFile, newCommit, SOURCE } from '../../support/commits.ts';

let database: TestDatabase;
let catalog: Catalog;
let project = '';
const table = (): TableKey => ({ ...SOURCE, project });
const commit = (overrides: Partial<Commit>) => catalog.tables.commit(newCommit({ table: table(), ...overrides }));
const expire = (overrides: Partial<Parameters<Catalog['tables']['expireSnapshots']>[0]> = {}) =>
  catalog.tables.expireSnapshots({ project, olderThanMicros: 0, keepFrom: [], exceptRun: 'me', ...overrides });
const expiredIds = async () =>
  (await catalog.tables.snapshots(table())).filter(({ expired }) => expired).map(({ id }) => id);

beforeAll(async () => {
  database = await createCatalogDatabase();
  catalog = await openCatalog({ url: database.url });
});
afterAll(async () => {
  await catalog.close();
  await database.drop();
});
beforeEach(() => {
  project = `p${randomUUID().replaceAll('-', '')}`;
});

/** Four snapshots: a file, its replacement, a second file, both made one. Returns the files in that order. */
async function fourSnapshots() {
  const [first, replacement, second, merged] = [fakeFile(), fakeFile(), fakeFile(), fakeFile({ rows: 20 })];
  await commit({ add: [first] });
  await commit({ base: 1, operation: 'replace', add: [replacement], remove: [first.id] });
  await commit({ base: 2, add: [second] });
  await commit({ base: 3, operation: 'compact', add: [merged], remove: [replacement.id, second.id] });
  return { first, replacement, second, merged };
}

describe('snapshots expire', () => {
  test('all but the newest, with the files that they alone showed', async () => {
    const { first, replacement, second, merged } = await fourSnapshots();
    expect(await expire()).toEqual({ snapshots: 3, files: 3, bytes: 3000 });
    await expect(catalog.tables.files(table(), 2)).rejects.toMatchObject({
      code: 'SNAPSHOT_EXPIRED',
      message: expect.stringContaining(`${project}/source/flights: snapshot 2 has expired`) as string,
    });
    expect((await catalog.tables.files(table())).files).toMatchObject([{ id: merged.id }]);
    expect((await catalog.tables.everyFile(table())).map(({ id }) => id)).toEqual([merged.id]);
    const paths = new Set([first.path, replacement.path, second.path]);
    expect(await catalog.tables.expiredPaths(project, 0)).toEqual(paths);
    expect(await catalog.tables.expiredPaths(project, 60_000_000)).toEqual(new Set());
    expect(await expire()).toEqual({ snapshots: 0, files: 0, bytes: 0 });
  });

  test('a file stays for as long as one snapshot shows it', async () => {
    const { first, replacement } = await fourSnapshots();
    await expire({ keepFrom: [{ source: 'flights', snapshot: 3 }] });
    expect(await expiredIds()).toEqual([1, 2]);
    expect(await catalog.tables.expiredPaths(project, 0)).toEqual(new Set([first.path]));
    expect((await catalog.tables.files(table(), 3)).files.map(({ id }) => id)).toContain(replacement.id);
  });

  test('never those that were superseded a short while ago', async () => {
    await fourSnapshots();
    expect(await expire({ olderThanMicros: 3_600_000_000 })).toMatchObject({ snapshots: 0 });
    expect(await expiredIds()).toEqual([]);
  });

  test('never one that a dataset pins', async () => {
    await fourSnapshots();
    await publishDataset({ flights: 2 });
    await expire();
    expect(await expiredIds()).toEqual([1, 3]);
    expect((await catalog.tables.files(table(), 2)).files).toHaveLength(1);
  });

  test('never one that was the newest since a run began that has not ended', async () => {
    await commit({ add: [fakeFile()] });
    await commit({ base: 1, add: [fakeFile()] });
    const run = { id: randomUUID(), project, workflow: 'backfill', workflowId: 'w', target: 'v' };
    // what was superseded less than half a minute before is kept too
    const began = { ...run, startedAt: clockNow() + 30_000_000n, endedAt: null, result: null, error: null };
    await catalog.runs.put({ ...began, state: 'running' });
    await commit({ base: 2, add: [fakeFile()] });
    await commit({ base: 3, add: [fakeFile()] });
    await expire();
    expect(await expiredIds()).toEqual([1]);
    await expire({ exceptRun: run.id });
    expect(await expiredIds()).toEqual([1, 2, 3]);
  });

  test('of one project only', async () => {
    await fourSnapshots();
    await expire({ project: `${project}_other` });
    expect(await expiredIds()).toEqual([]);
  });
});

test('the catalog forgets expired files and no others', async () => {
  const { first, merged } = await fourSnapshots();
  await expire({ keepFrom: [{ source: 'flights', snapshot: 2 }] });
  await catalog.tables.forgetFiles(project, [first.path, merged.path]);
  const known = await catalog.tables.knownPaths(project);
  expect(known.has(first.path)).toBe(false);
  expect(known.has(merged.path)).toBe(true);
});

test('what a compaction writes again counts as changed since the snapshot that brought its newest row', async () => {
  const { merged } = await fourSnapshots();
  const changed = async (from: number) => (await catalog.tables.changes(table(), from, 4)).files.map(({ id }) => id);
  expect(await changed(2)).toEqual([merged.id]);
  expect(await changed(3)).toEqual([]);
  const again = fakeFile({ rows: 20 });
  await commit({ base: 4, operation: 'compact', add: [again], remove: [merged.id] });
  expect((await catalog.tables.changes(table(), 3, 5)).files).toEqual([]);
  expect((await catalog.tables.changes(table(), 2, 5)).files).toMatchObject([{ id: again.id, rowsFrom: 3 }]);
});

test('statistics come back as they were committed', async () => {
  const statistics = [{ name: 'origin', nulls: 3, bytes: 7, min: 'A\0"', max: null }];
  await commit({ add: [fakeFile({ statistics })] });
  expect((await catalog.tables.files(table())).files[0]?.statistics).toEqual(statistics);
});

async function publishDataset(snapshots: DatasetManifest['snapshots']): Promise<void> {
  const file = { uri: 'datasets/train/b/part-0.parquet', rows: 1, bytes: 1, checksum: 'c' };
  await catalog.datasets.publish({
    idempotencyKey: randomUUID(),
    lineage: [],
    manifest: {
      ...{ project, name: 'train', runId: 'r', definitions: 'd', bundleHash: 'b', views: {}, snapshots },
      request: { features: [], service: null, asKnown: false, shortNames: false },
      ...{ spine: file, shards: 1, columns: [], rows: 1, leakage: {}, files: [file] },
    },
  });
}
