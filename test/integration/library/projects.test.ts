/** Opening the store of a project: by its directory, by a configuration, with components of its own. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCatalog } from '../../../catalog/postgres.ts';
import { planApply } from '../../../cli/commands/plan.ts';
import { loadSettings } from '../../../definitions/loading.ts';
import { openStore, Timestamp } from '../../../index.ts';
import { readRecords } from '../../../stack/run-records.ts';
import { temporaryDirectory, testStack } from '../../support/stack.ts';
import { openFixture, purchaseDefinitions, type StoreFixture } from './store-fixture.ts';

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await openFixture();
  return () => fixture.close();
});

const DEFINITIONS = `
  import { boolean, derivedView, entity, featureService, featureView, fileSource, numeric, requestSource } from 'asof';
  const user = entity('user', { keys: { user_id: 'int64' } });
  const orders = fileSource('orders', {
    path: 'orders.csv', timestamp: 'at', schema: { at: 'timestamp', user_id: 'int64', amount: 'float64' },
  });
  export const lastOrder = featureView('last_order', {
    entities: [user], source: orders, online: true, features: { amount: numeric({ rules: { min_value: 0 } }) },
  });
  const request = requestSource('request', { schema: { budget: 'float64', asked: 'timestamp' } });
  export const fit = derivedView('fit', {
    inputs: [request, lastOrder], features: { affordable: boolean(), year: numeric() },
    compute: ({ request, last_order }) => ({
      affordable: last_order.amount === null ? null : last_order.amount <= request.budget,
      year: request.asked === null ? null : request.asked.getUTCFullYear(),
    }),
  });
  export const offers = featureService('offers', { features: [lastOrder, fit] });`;

/** A project with definition files that are applied. */
async function applyFiles(): Promise<string> {
  const directory = path.join(fixture.directory, 'project');
  mkdirSync(directory, { recursive: true });
  const config = {
    project: fixture.project,
    definitions: 'features.ts',
    catalog: fixture.catalogUrl,
    redis: testStack().redisUrl,
  };
  writeFileSync(path.join(directory, 'asof.config.ts'), `export default ${JSON.stringify(config)};`);
  writeFileSync(path.join(directory, 'features.ts'), DEFINITIONS);
  const catalog = await openCatalog({ url: fixture.catalogUrl, poolSize: 1 });
  try {
    const planned = await planApply(await loadSettings({ directory }), catalog);
    await catalog.definitions.apply({ ...planned, project: fixture.project });
  } finally {
    await catalog.close();
  }
  return directory;
}

describe('openStore', () => {
  it('opens the project of a directory, with everything its files define', async () => {
    const store = await openStore(await applyFiles());
    try {
      const put = await store.putFeatures('last_order', [
        { user_id: 1, amount: 20, at: '2024-01-01' },
        { user_id: 2, amount: -1, at: '2024-01-01' },
      ]);
      expect(put).toMatchObject({ committed: 1, quarantined: 1 });
      const entities = [{ user_id: 1 }, { user_id: 2 }];
      const asked = '2023-06-01T00:00:00Z';
      const { rows } = await store.getFeatures({ service: 'offers', entities, request: { budget: 30, asked } });
      expect(rows).toEqual([
        { user_id: 1, last_order__amount: 20, fit__affordable: true, fit__year: 2023 },
        { user_id: 2, last_order__amount: null, fit__affordable: null, fit__year: 2023 },
      ]);
      const request = [
        { budget: 30, asked },
        { budget: 1, asked: null },
      ];
      const each = await store.getFeatures({ service: 'offers', entities: [entities[0]!, entities[0]!], request });
      expect(each.rows.map((row) => [row['fit__affordable'], row['fit__year']])).toEqual([
        [true, 2023],
        [false, null],
      ]);
      const spine = [{ user_id: 1, event_timestamp: Timestamp.from('2024-01-02'), budget: 10, asked: new Date(0) }];
      const history = await store.getHistoricalFeatures({ service: 'offers', spine });
      expect(history.rows).toEqual([{ ...spine[0], last_order__amount: 20, fit__affordable: false, fit__year: 1970 }]);
    } finally {
      await store.close();
    }
  });

  it('leaves nothing behind when it is closed, twice too', async () => {
    const store = await fixture.open();
    const work = path.join(fixture.directory, '.asof', 'work');
    const before = readdirSync(work).length;
    const other = await fixture.open();
    expect(readdirSync(work)).toHaveLength(before + 1);
    await other.close();
    await other.close();
    expect(readdirSync(work)).toHaveLength(before);
    await expect(other.putFeatures('last_order', [{ user_id: 1 }])).rejects.toThrow();
    await store.close();
  });

  it.each([
    ['no project', { directory: '.' }, 'CONFIG_INVALID', 'project is undefined'],
    ['a misspelt option', { project: 'x', redsi: 'redis://…' }, 'CONFIG_INVALID', 'did you mean "redis"?'],
    ['a directory without a project', '/', 'PROJECT_NOT_FOUND', 'no asof.config.ts in /'],
  ])('refuses %s', async (_, config, code, message) => {
    await expect(openStore(config as never)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });

  it('says that nothing is applied, and that the catalog does not answer', async () => {
    const nothing = await openStore({
      project: 'nothing',
      directory: fixture.directory,
      catalog: fixture.catalogUrl,
      redis: testStack().redisUrl,
    });
    const refused = nothing.getFeatures({ features: ['x'], entities: [] });
    await expect(refused).rejects.toMatchObject({ code: 'NOTHING_APPLIED' });
    await nothing.close();
    const away = openStore({
      project: 'away',
      directory: fixture.directory,
      catalog: 'postgres://127.0.0.1:1/nowhere',
      redis: testStack().redisUrl,
    });
    await expect(away).rejects.toMatchObject({ code: 'CATALOG_UNAVAILABLE' });
  });

  it('starts the components that it needs, and stops them', async () => {
    const directory = temporaryDirectory();
    try {
      const store = await openStore({ project: 'embedded', directory: directory.path });
      const names = readRecords(path.join(directory.path, '.asof')).map(({ name }) => name);
      expect([...names].sort()).toEqual(['catalog', 'redis']);
      const { view } = purchaseDefinitions({ source: 'purchases', view: 'last_purchase' });
      await store.registerFeature(view);
      await store.putFeatures(view, [{ user_id: 1, amount: 2 }]);
      const { cells } = await store.getFeatures({ features: [view], entities: [{ user_id: 1 }] });
      expect(cells[0]!.last_purchase__amount).toMatchObject({ value: 2, servedFrom: 'online' });
      await store.close();
      expect(readRecords(path.join(directory.path, '.asof'))).toEqual([]);
      const again = await openStore({ project: 'embedded', directory: directory.path });
      const request = { features: [view], entities: [{ user_id: 1 }] } as const;
      expect((await again.getFeatures(request)).rows[0]!.last_purchase__amount).toBe(2);
      await again.close();
      expect(existsSync(path.join(directory.path, '.asof', 'lake', 'embedded'))).toBe(true);
    } finally {
      directory.remove();
    }
  });
});
