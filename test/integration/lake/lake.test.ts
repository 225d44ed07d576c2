/** What every lake does alike, on a local disk and on S3. */
import { mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Settings } from '../../../contracts/config.ts';
import type { Lake } from '../../../lake/lake.ts';
import { openLake } from '../../../lake/open.ts';
import { startS3Server, type S3Server } from '../../support/s3.ts';
import { settingsFor } from '../../support/settings.ts';
import { uniqueName } from '../../support/stack.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

interface Place {
  /** Of a lake that holds nothing yet. */
  readonly fresh: (directory: string) => Partial<Settings>;
  /** Where the object's bytes are, for tests that age or break them. */
  readonly fileOf: (lake: Lake, path: string) => string;
}

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server();
}, 1_800_000);
afterAll(() => server.close());

const PLACES: Readonly<Record<string, Place>> = {
  'on a local disk': {
    fresh: () => ({}),
    fileOf: (lake, path) => join(fileURLToPath(lake.url), path),
  },
  'on S3': {
    fresh: () => server.settings(uniqueName('lake')),
    fileOf: (lake, path) => join(server.dataDirectory, lake.url.split('/').slice(3).join('/'), path),
  },
};

describe.each(Object.keys(PLACES))('a lake %s', (name) => {
  const { fresh, fileOf } = PLACES[name]!;
  let directory: string;
  let settings: Settings;
  let lake: Lake;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'asof-lake-'));
    settings = settingsFor(directory, fresh(directory));
    lake = await openLake(settings);
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const textOf = async (path: string) => new TextDecoder().decode(await lake.read(path));

  async function paths(prefix: string): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const object of lake.list(prefix)) found.push(object.path);
    return found;
  }

  async function publish(path: string, text: string) {
    await writeFile(await lake.stagingPath(path), text);
    return lake.publish(path);
  }

  describe('publish', () => {
    test('makes a staged file an object, with its size and checksum', async () => {
      const facts = await publish('sources/f/a.parquet', 'abc');
      expect(facts).toEqual({
        bytes: 3,
        checksum: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      });
      expect(await readFile(await lake.localPath('sources/f/a.parquet'), 'utf8')).toBe('abc');
      expect(await lake.facts('sources/f/a.parquet')).toEqual(facts);
      expect(await lake.stat('sources/f/a.parquet')).toMatchObject({ bytes: 3 });
      expect(await paths('')).toEqual(['sources/f/a.parquet']);
    });

    test('a call that comes twice finds the object of the first', async () => {
      const first = await publish('a/b', 'abc');
      expect(await lake.publish('a/b')).toEqual(first);
      expect(await publish('a/b', 'abc')).toEqual(first);
      expect(await (await openLake(settings)).publish('a/b')).toEqual(first);
    });

    test('never replaces an object by other bytes', async () => {
      await publish('a/b', 'abc');
      await expect(publish('a/b', 'xyz')).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await textOf('a/b')).toBe('abc');
      expect(await paths('')).toEqual(['a/b']);
    });

    test('of writers that race with other bytes, one wins', async () => {
      const writers = await Promise.all([1, 2, 3, 4, 5].map(() => openLake(settings)));
      const results = await Promise.allSettled(
        writers.map(async (writer, index) => {
          await writeFile(await writer.stagingPath('a/b'), `writer ${index}`);
          return writer.publish('a/b');
        }),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await textOf('a/b')).toBe(`writer ${results.findIndex(({ status }) => status === 'fulfilled')}`);
    });

    test('nothing staged is nothing to publish', async () => {
      await expect(lake.publish('a/b')).rejects.toMatchObject({ code: 'LAKE_WRITE_FAILED' });
    });

    test('a half-written file of an earlier attempt is gone when the next one starts', async () => {
      await writeFile(await lake.stagingPath('a/b.parquet'), 'half');
      const staged = await lake.stagingPath('a/b.parquet');
      expect(staged).toMatch(/\.parquet$/);
      await expect(readFile(staged)).rejects.toMatchObject({ code: 'ENOENT' });
    });

    test('an object that is published again is young again, so that gc leaves it', async () => {
      await publish('a/b', 'abc');
      utimesSync(fileOf(lake, 'a/b'), 1, 1);
      expect((await lake.stat('a/b'))!.modifiedMillis).toBe(1_000);
      await publish('a/b', 'abc');
      expect((await lake.stat('a/b'))!.modifiedMillis).toBeGreaterThan(Date.now() - 60_000);
      expect(await textOf('a/b')).toBe('abc');
    });
  });

  describe('write and read', () => {
    test('a small object', async () => {
      const first = await lake.write('datasets/d/1/manifest.json', bytes('{}'));
      expect(await lake.write('datasets/d/1/manifest.json', bytes('{}'))).toEqual(first);
      expect(await textOf('datasets/d/1/manifest.json')).toBe('{}');
      await expect(lake.write('datasets/d/1/manifest.json', bytes('[]'))).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await paths('staging/')).toEqual([]);
    });

    test('an empty object', async () => {
      await lake.write('a/empty', bytes(''));
      expect(await textOf('a/empty')).toBe('');
      expect(await readFile(await lake.localPath('a/empty'), 'utf8')).toBe('');
    });

    test('what is missing is named', async () => {
      const missing = { code: 'LAKE_FILE_CORRUPT', message: expect.stringContaining('a/b') as string };
      await expect(lake.read('a/b')).rejects.toMatchObject(missing);
      await expect(lake.localPath('a/b')).rejects.toMatchObject(missing);
      await expect(lake.facts('a/b')).rejects.toMatchObject(missing);
      await expect(lake.localPath('sources/a/b.parquet')).rejects.toMatchObject({ code: 'LAKE_FILE_CORRUPT' });
      expect(await lake.stat('a/b')).toBeUndefined();
    });

    test('bytes that changed where they are stored have other facts', async () => {
      const first = await publish('sources/f/a.parquet', 'abc');
      await writeFile(fileOf(lake, 'sources/f/a.parquet'), 'abX');
      const changed = await lake.facts('sources/f/a.parquet');
      expect(changed.bytes).toBe(3);
      expect(changed.checksum).not.toBe(first.checksum);
    });
  });

  describe('list', () => {
    test('is in byte order of the whole path', async () => {
      const names = ['a.b', 'a/b', 'a/é', 'a0', 'b/c/d', 'a/Z', 'a/r%2Fs'];
      for (const name of names) await lake.write(name, bytes(name));
      const sorted = [...names].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
      expect(await paths('')).toEqual(sorted);
    });

    test('takes any prefix', async () => {
      for (const name of ['views/a/1', 'views/ab/2', 'views/b/3']) await lake.write(name, bytes(name));
      expect(await paths('views/a')).toEqual(['views/a/1', 'views/ab/2']);
      expect(await paths('views/a/')).toEqual(['views/a/1']);
      expect(await paths('views/a/1')).toEqual(['views/a/1']);
      expect(await paths('none/')).toEqual([]);
    });
  });

  describe('remove', () => {
    test('takes the object and the folders it leaves empty', async () => {
      await lake.write('a/b/c', bytes('x'));
      await lake.write('a/d', bytes('x'));
      await lake.remove('a/b/c');
      await lake.remove('a/b/c');
      expect(readdirSync(fileOf(lake, 'a'))).toEqual(['d']);
    });

    test('takes the local copy too, so that a new object of the name is the one that is read', async () => {
      await publish('staging/r/a', 'old');
      await lake.localPath('staging/r/a');
      const reader = await openLake(settings);
      await reader.localPath('staging/r/a');
      await lake.remove('staging/r/a');
      await expect((await openLake(settings)).localPath('staging/r/a')).rejects.toMatchObject({
        code: 'LAKE_FILE_CORRUPT',
      });
      await publish('staging/r/a', 'new');
      const again = await openLake(settings);
      expect(await readFile(await again.localPath('staging/r/a'), 'utf8')).toBe('new');
    });

    test('racing with writes into the same folder fails neither', async () => {
      const rounds = Array.from({ length: 50 }, async (_, round) => {
        await lake.write(`run/${round}`, bytes('x'));
        await lake.remove(`run/${round}`);
      });
      await Promise.all(rounds);
      expect(await paths('')).toEqual([]);
    });
  });

  test('projects do not see each other', async () => {
    await lake.write('a', bytes('x'));
    const other = await openLake({ ...settings, project: 'other' });
    expect(await other.stat('a')).toBeUndefined();
    expect(await lake.stat('a')).toBeDefined();
    expect(other.directories).not.toEqual(lake.directories);
  });

  test.each(['../x', '/etc/passwd', 'a/../../x'])('%s leads nowhere', async (path) => {
    await expect(lake.read(path)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(lake.localPath(path)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(lake.stagingPath(path)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(lake.write(path, bytes('x'))).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(lake.remove(path)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });
});
