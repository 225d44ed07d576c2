import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { FreshnessState } from '../../../contracts/freshness.ts';
import { createCatalogDatabase, type TestDatabase } from '../../support/catalog.ts';

let database: TestDatabase;
let catalog: Catalog;
beforeAll(async () => {
  database = await createCatalogDatabase();
  catalog = await openCatalog({ url: database.url });
});
afterAll(async () => {
  await catalog.close();
  await database.drop();
});

const seen = (state: FreshnessState, since: bigint, view = 'latest') => ({ view, state, since, targetMicros: 60 });

test('keeps changes alone, in order, with what was before', async () => {
  const { freshness } = catalog;
  expect(await freshness.lastLook('p')).toBeUndefined();
  await freshness.record('p', 100n, [seen('never', 100n), seen('fresh', 100n, 'other')]);
  expect(await freshness.record('p', 200n, [seen('never', 200n), seen('fresh', 200n, 'other')])).toEqual([]);
  expect(await freshness.record('p', 300n, [seen('fresh', 300n)])).toHaveLength(1);
  const [stale] = await freshness.record('p', 900n, [seen('stale', 500n)]);
  expect(stale).toEqual({ ...seen('stale', 500n), before: 'fresh', noticedAt: 900n });
  expect(await freshness.lastLook('p')).toBe(900n);
  const changes = (await freshness.changes('p', 10)).map(({ view, before, state, since }) => [
    view,
    before,
    state,
    since,
  ]);
  expect(changes).toEqual([
    ['latest', 'fresh', 'stale', 500n],
    ['latest', 'never', 'fresh', 300n],
    ['other', null, 'fresh', 100n],
    ['latest', null, 'never', 100n],
  ]);
  expect((await freshness.states('p')).map(({ view, state }) => [view, state])).toEqual([
    ['latest', 'stale'],
    ['other', 'fresh'],
  ]);
  expect(await freshness.changes('another', 10)).toEqual([]);
});

test('a look that was repeated, or overtaken by a later one, changes nothing', async () => {
  const { freshness } = catalog;
  await freshness.record('q', 1000n, [seen('fresh', 1000n)]);
  expect(await freshness.record('q', 1000n, [seen('stale', 990n)])).toEqual([]);
  expect(await freshness.record('q', 999n, [seen('stale', 990n)])).toEqual([]);
  expect(await freshness.lastLook('q')).toBe(1000n);
  expect(await freshness.states('q')).toMatchObject([{ state: 'fresh' }]);
});

test('what began before what was known last begins with it', async () => {
  const { freshness } = catalog;
  await freshness.record('r', 1000n, [seen('fresh', 1000n)]);
  expect(await freshness.record('r', 1100n, [seen('stale', 900n)])).toMatchObject([{ since: 1000n }]);
});

test('looks that race record each change once', async () => {
  const { freshness } = catalog;
  await freshness.record('s', 1n, [seen('fresh', 1n)]);
  await Promise.all(
    Array.from({ length: 8 }, (_, index) => freshness.record('s', BigInt(index + 2), [seen('stale', 2n)])),
  );
  expect(await freshness.changes('s', 100)).toHaveLength(2);
});
