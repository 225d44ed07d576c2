import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import { createCatalogDatabase, type TestDatabase } from '../../support/catalog.ts';
import { fakeFile, newCommit, SOURCE } from '../../support/commits.ts';

const COMMITS = 30;
/** Of each commit; the first one ends the files of the commit before. */
const FILES = 20;

let database: TestDatabase;
let writer: Catalog;
let reader: Catalog;
beforeAll(async () => {
  database = await createCatalogDatabase();
  writer = await openCatalog({ url: database.url, poolSize: 2 });
  reader = await openCatalog({ url: database.url, poolSize: 2 });
});
afterAll(async () => {
  await Promise.all([writer.close(), reader.close()]);
  await database.drop();
});

test('a reader sees the files of one snapshot, whole, while others commit', async () => {
  const commits = Array.from({ length: COMMITS }, () => Array.from({ length: FILES }, () => fakeFile()));
  let committing = true;
  const write = async (): Promise<void> => {
    for (const [index, add] of commits.entries()) {
      const remove = (commits[index - 1] ?? []).map(({ id }) => id);
      await writer.tables.commit(newCommit({ table: SOURCE, operation: 'replace', base: index, add, remove }));
    }
    committing = false;
  };
  const seen = new Set<number>();
  const read = async (): Promise<void> => {
    while (committing) {
      const { snapshot, files } = await reader.tables.files(SOURCE);
      const expected = (commits[snapshot - 1] ?? []).map(({ id }) => id);
      expect(files.map(({ id }) => id).sort()).toEqual(expected.sort());
      seen.add(snapshot);
    }
  };
  await Promise.all([write(), read(), read()]);
  expect(seen.size).toBeGreaterThan(3);
});

test('the files of a range are those that may hold its rows, its end left out', async () => {
  const table = { ...SOURCE, name: 'by_time' };
  const add = [
    fakeFile({ minEvent: 0n, maxEvent: 9n }),
    fakeFile({ minEvent: 10n, maxEvent: 19n }),
    fakeFile({ minEvent: 20n, maxEvent: 29n }),
    fakeFile({ minEvent: null, maxEvent: null }),
  ];
  await writer.tables.commit(newCommit({ table, add }));
  const idsOf = async (from: bigint, to: bigint): Promise<readonly string[]> =>
    (await reader.tables.files(table, undefined, { from, to })).files.map(({ id }) => id);
  expect(await idsOf(10n, 20n)).toEqual([add[1]!.id]);
  expect(await idsOf(9n, 21n)).toEqual([add[0]!.id, add[1]!.id, add[2]!.id]);
  expect(await idsOf(30n, 40n)).toEqual([]);
});
