/** Work that is no durable run: for how long it holds back expiry. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { TableKey } from '../../../contracts/lake.ts';
import { createCatalogDatabase, type TestDatabase } from '../../support/catalog.ts';
import { fakeFile, newCommit, SOURCE } from '../../support/commits.ts';

let database: TestDatabase;
let catalog: Catalog;
/** Another process. */
let other: Catalog;
let admin: pg.Client;
let project = '';

beforeAll(async () => {
  database = await createCatalogDatabase();
  catalog = await openCatalog({ url: database.url });
  other = await openCatalog({ url: database.url });
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await other.close();
  await catalog.close();
  await database.drop();
});
beforeEach(() => {
  project = `p${randomUUID().replaceAll('-', '')}`;
});

/** A promise, and what fulfils it. */
function openEnd(): { readonly ended: Promise<void>; readonly end: () => void } {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { ended, end: () => end() };
}

const table = (): TableKey => ({ ...SOURCE, project });
const commit = (base: number) => other.tables.commit(newCommit({ table: table(), base, add: [fakeFile()] }));
const expire = async () => {
  await other.tables.expireSnapshots({ project, olderThanMicros: 0, keepFrom: [], exceptRun: '' });
  return (await other.tables.snapshots(table())).filter(({ expired }) => expired).map(({ id }) => id);
};
/** As if this had happened a minute earlier. */
const letPass = () => admin.query('update asof.snapshots set committed_at = committed_at - 60000000');

test('what it may read does not expire while it lasts', async () => {
  await commit(0);
  await commit(1);
  await letPass();
  await catalog.work.during(project, async () => {
    await commit(2);
    await commit(3);
    // 2 was the newest when the work began
    expect(await expire()).toEqual([1]);
  });
  expect(await expire()).toEqual([1, 2, 3]);
});

test('it holds back expiry when it fails as little as when it is done, and in its own project only', async () => {
  await commit(0);
  await commit(1);
  await other.work.during(`${project}_other`, async () => expect(await expire()).toEqual([1]));
  const failing = catalog.work.during(project, () => Promise.reject(new Error('it failed')));
  await expect(failing).rejects.toThrow('it failed');
  expect(await catalog.work.oldest(project)).toBeUndefined();
});

test('what began side by side ends one by one', async () => {
  const first = openEnd();
  const second = openEnd();
  const works = [first, second].map(({ ended }) => catalog.work.during(project, () => ended));
  await catalog.work.during(project, async () => undefined);
  const began = await other.work.oldest(project);
  expect(began).toBeTypeOf('bigint');
  first.end();
  await works[0];
  expect(await other.work.oldest(project)).toBe(began);
  second.end();
  await works[1];
  expect(await other.work.oldest(project)).toBeUndefined();
});

test('a process that was killed holds nothing back once its record lapses', async () => {
  const killed = await openCatalog({ url: database.url });
  const never = openEnd();
  void killed.work.during(project, () => never.ended);
  await expect.poll(() => other.work.oldest(project)).toBeDefined();
  await admin.query(`update asof.active_work set renewed_at = renewed_at - 200000000 where project = $1`, [project]);
  expect(await other.work.oldest(project)).toBeUndefined();
  await killed.close();
});
