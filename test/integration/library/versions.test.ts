/** A changed view online: which version answers before, during and after its materialization, and what becomes of the old one. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import { loadDefinitions } from '../../../definitions/loading.ts';
import type { Store } from '../../../index.ts';
import { openRedisClient, type RedisClient } from '../../../online/redis-client.ts';
import { removeRetiredVersions } from '../../../online/retired-versions.ts';
import { projectPrefix, viewKeys } from '../../../online/store-keys.ts';
import { keysOf, withRawRedis } from '../online/raw-redis.ts';
import { startRedis, type TestRedis } from '../online/redis-server.ts';
import { openFixture, type StoreFixture } from './store-fixture.ts';

let fixture: StoreFixture;
let server: TestRedis;
let catalog: Catalog;
let redis: RedisClient;
let store: Store;
beforeAll(async () => {
  server = await startRedis();
  return () => server.remove();
});
beforeAll(async () => {
  fixture = await openFixture();
  catalog = await openCatalog({ url: fixture.catalogUrl, poolSize: 2 });
  redis = openRedisClient({ url: server.url, readDeadlineMillis: 2000 });
  return async () => {
    await redis.close();
    await catalog.close();
    await fixture.close();
  };
});

/** The sum of `spend` and the function over it belong together: first of all shops, doubled; then of one shop, tenfold. */
const ALL_SHOPS = { spend: `total: sum('amount', { window: 'all' })`, factor: 2 };
const ONE_SHOP = {
  spend: `total: sum('amount', { window: 'all', where: { shop: 'a' } }), n: count({ window: 'all' })`,
  factor: 10,
};
const FITTED = { spend: `total: sum('amount', { window: 'all', transform: normalize() })`, factor: 3 };

/** Stores learn of a materialization within a second, on a busy machine later. */
const NOTICED = { timeout: 15_000 };

async function applyVersion({ spend, factor }: { readonly spend: string; readonly factor: number }): Promise<string> {
  const file = path.join(fixture.directory, 'features.ts');
  writeFileSync(
    file,
    `
import { count, derivedView, entity, featureService, featureView, normalize, numeric, pushSource, sum } from 'asof';
export const user = entity('user', { keys: { user_id: 'int64' } });
export const purchases = pushSource('purchases', {
  timestamp: 'at', schema: { at: 'timestamp', user_id: 'int64', amount: 'float64', shop: 'string' },
});
export const latest = featureView('latest', { entities: [user], source: purchases, online: true, features: { amount: numeric() } });
export const spend = featureView('spend', { entities: [user], source: purchases, online: true, features: { ${spend} } });
export const report = derivedView('report', {
  inputs: [spend.pick('total')], features: { scaled: numeric() },
  compute: ({ spend }) => ({ scaled: Number(spend.total) * ${factor} }),
});
export const offers = featureService('offers', { features: [latest, spend.pick('total'), report] });
`,
  );
  const { project } = fixture;
  const { manifest, bundle } = await loadDefinitions({
    project,
    projectDirectory: fixture.directory,
    definitions: [file],
  });
  const base = (await catalog.definitions.current(project))?.version ?? 0;
  await catalog.definitions.apply({ project, base, manifest, bundle });
  // one that was there before learns of it within a second
  store = await fixture.open({ redis: server.url });
  return manifest.views.find(({ name }) => name === 'spend')!.fingerprint;
}

async function read(request: { features: readonly string[] } | { service: string } = { service: 'offers' }) {
  const { rows, cells, versions } = await store.getFeatures({ ...request, entities: [{ user_id: 1n }] });
  const from = Object.fromEntries(Object.entries(cells[0]!).map(([name, cell]) => [name, cell.servedFrom]));
  return { row: rows[0]!, from, version: versions['spend'] };
}

const BEFORE = { latest__amount: 20, spend__total: 30, report__scaled: 60 };
const AFTER = { latest__amount: 20, spend__total: 10, report__scaled: 100 };

const storedKeys = (fingerprint: string) =>
  withRawRedis(server.url, (raw) => keysOf(raw, viewKeys(fixture.project, 'spend', fingerprint).values));

const remove = (graceMicros: number, client = redis) =>
  removeRetiredVersions({ catalog, redis: client }, { project: fixture.project, graceMicros, runId: 'removal' });

let first: string;
let second: string;
beforeAll(async () => {
  first = await applyVersion(ALL_SHOPS);
  await store.putFeatures('latest', [
    { user_id: 1, at: '2024-01-01T00:00:00Z', amount: 10, shop: 'a' },
    { user_id: 1, at: '2024-01-02T00:00:00Z', amount: 20, shop: 'b' },
    { user_id: 2, at: '2024-01-02T00:00:00Z', amount: 5, shop: 'a' },
  ]);
  expect(await read()).toMatchObject({ row: BEFORE, version: first });
  second = await applyVersion(ONE_SHOP);
});

describe('a changed view', () => {
  it('is answered by the version before, with its functions, until Redis holds the new one', async () => {
    const { row, from, version } = await read();
    expect(row).toMatchObject(BEFORE);
    expect(from).toEqual({ latest__amount: 'online', spend__total: 'online', report__scaled: 'online' });
    expect(version).toBe(first);
    expect(await read({ features: ['spend:total'] })).toMatchObject({ row: { spend__total: 30 }, version: first });
  });

  it.each([
    ['a feature that the version before does not have', ['spend:n'], { spend__n: 2 }],
    ['all features, of which there are more now', ['spend'], { spend__n: 2, spend__total: 10 }],
  ])('answers with %s from the lake', async (_title, features, row) => {
    const answer = await read({ features });
    expect(answer).toMatchObject({ row, version: second });
    expect(new Set(Object.values(answer.from))).toEqual(new Set(['lake']));
  });

  it('goes over in one step when it is complete, and no read sees parts of both', async () => {
    const seen: unknown[] = [];
    let isDone = false;
    const reading = (async () => {
      while (!isDone) seen.push((await read()).row);
    })();
    await store.materialize(['spend']);
    await expect.poll(read, NOTICED).toMatchObject({ row: AFTER, version: second });
    isDone = true;
    await reading;
    const steps = seen.map((row) => [BEFORE, AFTER].findIndex((one) => matches(row, one)));
    expect(steps).toEqual(steps.toSorted());
    expect(steps[0]).toBe(0);
    expect((await read()).from).toMatchObject({ spend__total: 'online', report__scaled: 'online' });
  });
});

function matches(row: unknown, expected: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(expected).every(([name, value]) => (row as Readonly<Record<string, unknown>>)[name] === value);
}

describe('the version before', () => {
  it('stays for its grace', async () => {
    expect(await remove(3_600_000_000)).toEqual({ versions: 0, keys: 0 });
    expect(await storedKeys(first)).toHaveLength(2);
  });

  it('is removed afterwards, also when an earlier removal broke off; the new one stays', async () => {
    const broken: RedisClient = {
      ...redis,
      pages: async function* () {
        yield [];
        throw new Error('broke off');
      },
    };
    await expect(remove(0, broken)).rejects.toThrow('broke off');
    expect(await read()).toMatchObject({ row: AFTER, version: second });
    expect(await remove(0)).toEqual({ versions: 1, keys: 2 });
    expect(await storedKeys(first)).toEqual([]);
    expect(await storedKeys(second)).toHaveLength(2);
    const left = await withRawRedis(server.url, (raw) => keysOf(raw, projectPrefix(fixture.project)));
    expect(left.filter((key) => key.includes(first.slice(0, 12)))).toEqual([]);
    expect(await remove(0)).toEqual({ versions: 0, keys: 0 });
    expect((await catalog.intervals.onlinePositions(fixture.project)).map(({ view }) => view)).toEqual([
      'latest',
      'spend',
    ]);
    const key = { project: fixture.project, view: 'spend', fingerprint: first, store: 'online' } as const;
    expect((await catalog.intervals.entries(key)).at(-1)).toMatchObject({ operation: 'removed' });
  });

  it('comes back as any other change: the present version answers until it is complete', async () => {
    expect(await applyVersion(ALL_SHOPS)).toBe(first);
    await expect.poll(read, NOTICED).toMatchObject({ row: AFTER, version: second });
    await store.materialize(['spend']);
    await expect.poll(read, NOTICED).toMatchObject({ row: BEFORE, version: first });
    expect(await remove(0)).toEqual({ versions: 1, keys: 2 });
  });

  it('that a run brings back during its removal is not touched', async () => {
    await applyVersion(ONE_SHOP);
    await store.materialize(['spend']);
    const overtaken: RedisClient = {
      ...redis,
      pages: async function* (prefix) {
        await applyVersion(ALL_SHOPS);
        // the store learns of it within a second
        await expect.poll(async () => (await store.materialize(['spend']))[0]?.written, NOTICED).toBeGreaterThan(0);
        yield* redis.pages(prefix);
      },
    };
    expect(await remove(0, overtaken)).toEqual({ versions: 0, keys: 0 });
    expect(await storedKeys(first)).toHaveLength(2);
    await expect.poll(read, NOTICED).toMatchObject({ row: BEFORE, version: first });
  });
});

describe('a changed view whose transform is not fitted yet', () => {
  it('is answered by the version before until it is fitted and complete', async () => {
    const fitted = await applyVersion(FITTED);
    await expect.poll(read, NOTICED).toMatchObject({ row: BEFORE, version: first });
    await store.materialize(['spend']);
    await expect.poll(read, NOTICED).toMatchObject({ row: BEFORE, version: first });
    await store.fit('spend', { until: '2024-02-01T00:00:00Z' });
    await expect.poll(read, NOTICED).toMatchObject({ version: fitted });
  });
});

describe('a Redis that lost its content while a new version waits', () => {
  it('leaves the answer to the new version and the lake', async () => {
    await applyVersion(ONE_SHOP);
    await remove(0);
    await server.kill();
    await server.start();
    await expect.poll(() => redis.ping()).toBe(true);
    await expect.poll(read, NOTICED).toMatchObject({ row: AFTER, version: second });
    expect((await read()).from).toMatchObject({ spend__total: 'lake' });
  });
});
