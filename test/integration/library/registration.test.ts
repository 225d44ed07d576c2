/** Registering definitions from a program: what comes in, what is refused, and what files say afterwards. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { Catalog } from '../../../catalog/catalog.ts';
import { planApply } from '../../../cli/commands/plan.ts';
import {
  boolean,
  count,
  derivedView,
  featureService,
  featureView,
  numeric,
  requestSource,
  type Store,
} from '../../../index.ts';
import { settingsFor } from '../../support/settings.ts';
import { openFixture, purchaseDefinitions, user, type StoreFixture } from './store-fixture.ts';

let fixture: StoreFixture;
let store: Store;
let catalog: Catalog;
beforeAll(async () => {
  fixture = await openFixture();
  return () => fixture.close();
});
beforeAll(async () => {
  catalog = await openCatalog({ url: fixture.catalogUrl, poolSize: 2 });
  store = await fixture.open();
  return () => catalog.close();
});

const { source, view } = purchaseDefinitions({ source: 'purchases', view: 'last_purchase' });
const week = featureView('week', { entities: [user], source, features: { n: count({ window: '7d' }) } });
const service = featureService('offers', { features: [view, week.as('friend', { user_id: 'friend_id' })] });
const request = requestSource('request', { schema: { budget: 'int64' } });

const versionOf = async () => (await catalog.definitions.current(fixture.project))?.version ?? 0;

describe('registerFeature', () => {
  it('says what came in, and the catalog has it', async () => {
    expect(await store.registerFeature(view)).toEqual({
      version: 1,
      added: ['entity user', 'source purchases', 'view last_purchase'],
    });
    expect(await store.registerFeature(service)).toEqual({
      version: 2,
      added: ['view week', 'alias friend', 'service offers'],
    });
    const { manifest } = (await catalog.definitions.current(fixture.project))!;
    expect(manifest.views.map(({ name, origin }) => [name, origin])).toEqual([
      ['last_purchase', 'code'],
      ['week', 'code'],
    ]);
  });

  it.each([
    ['a name that is taken', view, 'CONFLICT', 'view last_purchase: is registered already'],
    [
      'an unknown column',
      featureView('other', { entities: [user], source, features: { prize: numeric() as never } }),
      'DEFINITIONS_INVALID',
      'code: view other, feature prize: source purchases has no column "prize"; columns: amount, at, items, shop, user_id',
    ],
    [
      'a column of another type',
      featureView('other', { entities: [user], source, features: { shop: numeric() as never } }),
      'DEFINITIONS_INVALID',
      'code: view other, feature shop: column "shop" is string; numeric reads int64 or float64',
    ],
    [
      'a default of another type',
      featureView('other', { entities: [user], source, features: { amount: numeric({ default: 'x' as never }) } }),
      'DEFINITIONS_INVALID',
      'code: view other, feature amount, default: "x" is not a value of float64',
    ],
    [
      'a ttl that is none',
      featureView('other', { entities: [user], source, features: { amount: numeric() }, ttl: 'soon' as never }),
      'DEFINITIONS_INVALID',
      'code: view other, ttl: "soon" is not a valid value',
    ],
    [
      'a name that is none',
      featureView('9 lives', { entities: [user], source, features: { amount: numeric() } }),
      'DEFINITIONS_INVALID',
      'code: view 9 lives: "9 lives" is not a valid name',
    ],
    [
      'a function',
      derivedView('clock', { inputs: [request], features: { late: boolean() }, compute: () => ({ late: true }) }),
      'DEFINITIONS_INVALID',
      'code: view clock, compute: a call cannot register a function',
    ],
    [
      'what nothing carries out yet',
      featureView('secrets', { entities: [user], source, features: { amount: numeric({ pii: true }) } }),
      'NOT_AVAILABLE_YET',
      'view secrets, feature amount: pii is not available yet',
    ],
  ])('refuses %s, and the catalog stays as it is', async (_, definition, code, message) => {
    const before = await versionOf();
    const refused = store.registerFeature(definition as never, requestSource('extra', { schema: { x: 'int64' } }));
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
    expect(await versionOf()).toBe(before);
  });

  it('lets several programs register at once', async () => {
    const other = await fixture.open();
    const before = await versionOf();
    const names = Array.from({ length: 6 }, (_, index) => `parallel_${index}`);
    await Promise.all(
      names.map((name, index) =>
        (index % 2 === 0 ? store : other).registerFeature(
          featureView(name, { entities: [user], source, features: { amount: numeric() } }),
        ),
      ),
    );
    const { version, manifest } = (await catalog.definitions.current(fixture.project))!;
    expect(version).toBe(before + names.length);
    expect(manifest.views.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });

  it('gives one of two programs that want one name a conflict', async () => {
    const other = await fixture.open();
    const twin = () => featureView('twin', { entities: [user], source, features: { amount: numeric() } });
    const results = await Promise.allSettled([store.registerFeature(twin()), other.registerFeature(twin())]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'CONFLICT' } });
  });
});

describe('definition files afterwards', () => {
  const FILE = `
    import { entity, fileSource, featureView, numeric } from 'asof';
    const airport = entity('airport', { keys: { origin: 'string' } });
    const flights = fileSource('flights', {
      path: 'flights.csv', timestamp: 'date', schema: { date: 'timestamp', origin: 'string', delay: 'int64' },
    });
    export const delays = featureView('delays', { entities: [airport], source: flights, features: { delay: numeric() } });`;

  it('leave alone what programs have registered', async () => {
    const directory = path.join(fixture.directory, 'files');
    mkdirSync(directory, { recursive: true });
    const file = path.join(directory, 'features.ts');
    writeFileSync(file, FILE);
    const settings = settingsFor(directory, { project: fixture.project, definitions: [file] });
    const first = await planApply(settings, catalog);
    expect(first.plan.changes.map(({ kind, name, action }) => `${action} ${kind} ${name}`)).toEqual([
      'added entity airport',
      'added source flights',
      'added view delays',
    ]);
    await catalog.definitions.apply({ ...first, project: fixture.project });
    const again = await planApply(settings, catalog);
    expect(again.plan.changes).toEqual([]);
    expect(again.manifest.fingerprint).toBe(first.manifest.fingerprint);
  });
});
