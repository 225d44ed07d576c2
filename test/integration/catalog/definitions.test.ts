import { createHash, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { Manifest, ViewManifest } from '../../../contracts/manifest.ts';
import { createCatalogDatabase } from '../../support/catalog.ts';
import type { TestDatabase } from '../../support/catalog.ts';

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

function manifest(project: string, fingerprint: string, views: Readonly<Record<string, string>> = {}): Manifest {
  const derived = Object.entries(views).map(([name, version]): ViewManifest => ({
    kind: 'derived',
    name,
    fingerprint: version,
    inputs: [],
    features: [],
    functionHash: 'x',
  }));
  return { format: 1, project, fingerprint, entities: [], sources: [], views: derived, aliases: [], services: [] };
}

function bundle(code: string) {
  return { code, hash: createHash('sha256').update(code).digest('hex') };
}

/** Applies on top of what is there. */
async function apply(project: string, fingerprint: string, views: Readonly<Record<string, string>> = {}) {
  const base = (await catalog.definitions.current(project))?.version ?? 0;
  const definitions = { project, base, manifest: manifest(project, fingerprint, views), bundle: bundle(fingerprint) };
  return catalog.definitions.apply(definitions);
}

describe('apply', () => {
  test('numbers the versions of each project from 1', async () => {
    expect(await catalog.definitions.current('numbers')).toBeUndefined();
    expect((await apply('numbers', 'a')).version).toBe(1);
    expect((await apply('numbers', 'b')).version).toBe(2);
    expect((await apply('numbers_2', 'a')).version).toBe(1);
    const current = await catalog.definitions.current('numbers');
    expect(current).toMatchObject({ version: 2, manifest: manifest('numbers', 'b'), bundleHash: bundle('b').hash });
    expect(await catalog.definitions.projects()).toEqual(expect.arrayContaining(['numbers', 'numbers_2']));
  });

  test('of two applies on one base, one wins', async () => {
    const definitions = { project: 'race', base: 0, bundle: bundle('code') };
    const results = await Promise.allSettled(
      ['a', 'b'].map((name) => catalog.definitions.apply({ ...definitions, manifest: manifest('race', name) })),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'CONFLICT' } });
    expect((await catalog.definitions.current('race'))?.version).toBe(1);
  });

  test('keeps the text of the manifest: the order of keys and an escaped NUL', async () => {
    const odd = { ...manifest('odd', 'a'), aliases: [{ name: 'z', view: 'v', keyColumns: { b: '\u0000', a: 'x' } }] };
    await catalog.definitions.apply({ project: 'odd', base: 0, manifest: odd, bundle: bundle('code') });
    const stored = (await catalog.definitions.current('odd'))?.manifest;
    expect(JSON.stringify(stored)).toBe(JSON.stringify(odd));
  });
});

describe('earlier definitions', () => {
  test('are found by the fingerprint of a view, the newest first', async () => {
    await apply('history', 'm1', { latest: 'v1', counts: 'c1' });
    await apply('history', 'm2', { latest: 'v1', counts: 'c2' });
    await apply('history', 'm3', { latest: 'v2', counts: 'c2' });
    const versionWith = async (view: string, fingerprint: string) =>
      (await catalog.definitions.withView('history', view, fingerprint))?.version;
    expect(await versionWith('latest', 'v1')).toBe(2);
    expect(await versionWith('counts', 'c1')).toBe(1);
    expect(await versionWith('counts', 'v1')).toBeUndefined();
    expect((await catalog.definitions.byFingerprint('history', 'm2'))?.version).toBe(2);
    expect(await catalog.definitions.byFingerprint('history', 'm9')).toBeUndefined();
  });
});

describe('bundles', () => {
  test('come back as stored', async () => {
    const code = `exports.x = '${'é'.repeat(100_000)}';`;
    await catalog.definitions.apply({
      project: 'code',
      base: 0,
      manifest: manifest('code', 'a'),
      bundle: bundle(code),
    });
    expect(await catalog.definitions.bundle(bundle(code).hash)).toBe(code);
  });

  test('an unknown or altered one is refused', async () => {
    await expect(catalog.definitions.bundle('00')).rejects.toMatchObject({ code: 'LAKE_FILE_CORRUPT' });
    await apply('altered', 'good');
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`update asof.bundles set code = 'evil' where hash = $1`, [bundle('good').hash]);
    await client.end();
    await expect(catalog.definitions.bundle(bundle('good').hash)).rejects.toMatchObject({ code: 'LAKE_FILE_CORRUPT' });
  });
});

describe('watch', () => {
  /** A second process, so that nothing but the database carries the news. */
  async function watching(work: (changed: ReturnType<typeof vi.fn>) => Promise<void>): Promise<void> {
    const other = await openCatalog({ url: database.url });
    const changed = vi.fn<(project: string) => void>();
    const stop = await other.definitions.watch(changed);
    try {
      await work(changed);
    } finally {
      await stop();
      await other.close();
    }
  }

  test('tells each apply once, within a second', async () => {
    await apply('watched', 'before');
    await watching(async (changed) => {
      const project = `watched-${randomUUID()}`;
      await apply(project, 'a');
      await vi.waitFor(() => expect(changed.mock.calls).toEqual([[project]]), { timeout: 1000 });
      await apply('watched', 'after');
      await vi.waitFor(() => expect(changed.mock.calls).toEqual([[project], ['watched']]), { timeout: 1000 });
    });
  });

  test('goes on after the database dropped its connections', async () => {
    await watching(async (changed) => {
      await apply('dropped', 'a');
      await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(1), { timeout: 1000 });
      await catalog.close();
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      await client.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      );
      await client.end();
      catalog = await openCatalog({ url: database.url });
      await apply('dropped', 'b');
      await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(2), { timeout: 3000 });
    });
  });

  test('is silent once it is stopped', async () => {
    const changed = vi.fn<(project: string) => void>();
    const stop = await catalog.definitions.watch(changed);
    await stop();
    await apply('stopped', 'a');
    expect(changed).not.toHaveBeenCalled();
  });
});
