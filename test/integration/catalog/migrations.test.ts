import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FORMAT_VERSION } from '../../../catalog/migrations/index.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import { createEmptyDatabase } from '../../support/catalog.ts';
import type { TestDatabase } from '../../support/catalog.ts';
import { newCommit, SOURCE } from '../../support/commits.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await createEmptyDatabase();
});

afterEach(async () => {
  await database.drop();
});

async function query(sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

test('processes that start together on an empty database make one catalog', async () => {
  const catalogs = await Promise.all([1, 2, 3, 4].map(() => openCatalog({ url: database.url })));
  expect(await query('select version from asof.format')).toEqual([{ version: FORMAT_VERSION }]);
  await Promise.all(catalogs.map((catalog) => catalog.close()));
});

test('opening again keeps what is there', async () => {
  const first = await openCatalog({ url: database.url });
  await first.tables.commit(newCommit());
  await first.close();
  const second = await openCatalog({ url: database.url });
  expect(await second.tables.head(SOURCE)).toBe(1);
  await second.close();
});

test('everything stands in one schema, beside whatever else the database holds', async () => {
  await query('create table public.snapshots (mine int)');
  const catalog = await openCatalog({ url: database.url });
  await catalog.tables.commit(newCommit());
  await catalog.close();
  expect(await query('select * from public.snapshots')).toEqual([]);
});

test('a catalog of a newer format is refused, and left alone', async () => {
  await (await openCatalog({ url: database.url })).close();
  await query('update asof.format set version = 999');
  const opening = openCatalog({ url: database.url });
  await expect(opening).rejects.toMatchObject({
    code: 'CATALOG_VERSION',
    message: expect.stringContaining('format 999') as string,
  });
  expect(await query('select version from asof.format')).toEqual([{ version: 999 }]);
});
