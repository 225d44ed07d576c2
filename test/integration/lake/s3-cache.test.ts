/** The local copies of a lake on S3: fetched once, side by side, bounded, never taken from whoever reads them. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Settings } from '../../../contracts/config.ts';
import type { Lake } from '../../../lake/lake.ts';
import { withLeases } from '../../../lake/leases.ts';
import { openLake } from '../../../lake/open.ts';
import { startFaultProxy, type FaultProxy } from '../../support/fault-proxy.ts';
import { startS3Server, type S3Server } from '../../support/s3.ts';
import { settingsFor } from '../../support/settings.ts';
import { uniqueName } from '../../support/stack.ts';

const READER = path.resolve(import.meta.dirname, '../../support/cache-reader.ts');

let server: S3Server;
let proxy: FaultProxy;
let directory: string;
let writing: Settings;
/** Another machine: the same lake, a cache of its own. */
let settings: Settings;
let writer: Lake;

beforeAll(async () => {
  server = await startS3Server();
  proxy = await startFaultProxy(server.endpoint);
}, 1_800_000);
afterAll(async () => {
  await proxy.close();
  await server.close();
});
beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'asof-cache-'));
  const { lake, s3 } = server.settings(uniqueName('lake'));
  writing = settingsFor(directory, { lake, s3: { ...s3, endpoint: proxy.endpoint } });
  settings = { ...writing, lakeCache: { directory: path.join(directory, 'reader'), bytes: 1e9 } };
  writer = await openLake(writing);
});
afterEach(() => {
  proxy.reset();
  rmSync(directory, { recursive: true, force: true });
});

const KILOBYTE = 1024;
const contentOf = (name: string) => name.padEnd(KILOBYTE, '.');
const nameOf = (index: number) => `sources/s/${String(index).padStart(4, '0')}.parquet`;

async function publish(name: string, text = contentOf(name)) {
  await writeFile(await writer.stagingPath(name), text);
  await writer.publish(name);
}

async function publishMany(count: number): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, index) => nameOf(index));
  await Promise.all(names.map((name) => publish(name)));
  proxy.reset();
  return names;
}

const gets = () => proxy.seen.filter(({ method }) => method === 'GET').length;
const filesBelow = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
    : [];
const copies = (lake: Lake) => filesBelow(path.join(lake.directories[0]!, 'objects'));
const leased = (lake: Lake) =>
  filesBelow(path.join(lake.directories[0]!, 'processes')).filter((file) => file.includes('/leases/'));
const sizeOf = (files: readonly string[]) => files.reduce((sum, file) => sum + statSync(file).size, 0);

describe('fetching', () => {
  test('brings many small files side by side', async () => {
    const names = await publishMany(40);
    const lake = await openLake(settings);
    proxy.slow(100);
    await withLeases(async () => {
      const local = await Promise.all(names.map((name) => lake.localPath(name)));
      expect(await Promise.all(local.map((file) => readFile(file, 'utf8')))).toEqual(names.map(contentOf));
    });
    expect(proxy.mostAtOnce()).toBeGreaterThanOrEqual(8);
    expect(gets()).toBe(40);
  });

  test('of one object by many at once is one download', async () => {
    const [name = ''] = await publishMany(1);
    const lake = await openLake(settings);
    proxy.slow(100);
    await Promise.all(Array.from({ length: 10 }, () => withLeases(() => lake.localPath(name))));
    expect(gets()).toBe(1);
  });

  test('is needed once for all processes and runs, and not at all by whoever wrote the object', async () => {
    const [name = ''] = await publishMany(1);
    await writer.localPath(name);
    expect(proxy.seen).toEqual([]);
    await (await openLake(settings)).localPath(name);
    const before = proxy.seen.length;
    await (await openLake(settings)).localPath(name);
    expect(proxy.seen.length).toBe(before);
  });

  test('asks about names that may come again', async () => {
    await publish('staging/run/plan.json', 'first');
    const lake = await openLake(settings);
    await withLeases(() => lake.localPath('staging/run/plan.json'));
    await writer.remove('staging/run/plan.json');
    await publish('staging/run/plan.json', 'second');
    await withLeases(async () => {
      expect(await readFile(await lake.localPath('staging/run/plan.json'), 'utf8')).toBe('second');
    });
    expect(copies(lake)).toHaveLength(1);
  });

  test.each([
    ['cut short', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 100))],
    ['with a byte changed', (file: string) => writeFileSync(file, readFileSync(file).fill('X', 500, 501))],
    ['emptied', (file: string) => writeFileSync(file, '')],
  ])('a copy %s is noticed, and brought again', async (_, damage) => {
    const [name = ''] = await publishMany(1);
    const first = await openLake(settings);
    await withLeases(() => first.localPath(name));
    damage(copies(first)[0]!);
    for (const lake of [first, await openLake(settings)]) {
      await withLeases(async () => expect(await readFile(await lake.localPath(name), 'utf8')).toBe(contentOf(name)));
    }
    expect(gets()).toBe(2);
  });
});

describe('the size', () => {
  const LIMIT = 20 * KILOBYTE;
  beforeEach(() => {
    settings = { ...settings, lakeCache: { ...settings.lakeCache, bytes: LIMIT } };
  });

  test('stays within the limit, and what was used last stays', async () => {
    const names = await publishMany(60);
    const lake = await openLake(settings);
    const favourite = names[0]!;
    for (const name of names) {
      await withLeases(() => lake.localPath(name));
      await withLeases(() => lake.localPath(favourite));
      expect(sizeOf(copies(lake))).toBeLessThanOrEqual(LIMIT * 1.05 + KILOBYTE);
    }
    expect(gets()).toBe(60);
  });

  test('takes nothing from work that reads, however much other work fetches', async () => {
    const names = await publishMany(60);
    const lake = await openLake(settings);
    const other = await openLake(settings);
    await withLeases(async () => {
      const mine = await Promise.all(names.slice(0, 15).map((name) => lake.localPath(name)));
      for (const name of names.slice(15)) await withLeases(() => other.localPath(name));
      expect(await Promise.all(mine.map((file) => readFile(file, 'utf8')))).toEqual(names.slice(0, 15).map(contentOf));
      // asked for again by the same work, it is the same file
      expect(await lake.localPath(names[0]!)).toBe(mine[0]);
    });
    expect(leased(lake)).toEqual([]);
    await withLeases(() => other.localPath(names[0]!));
    await withLeases(() => other.localPath(names[59]!));
  });

  test('may be exceeded by what one piece of work needs at once, and comes back afterwards', async () => {
    const names = await publishMany(60);
    const lake = await openLake(settings);
    await withLeases(async () => {
      const local = await Promise.all(names.map((name) => lake.localPath(name)));
      expect(await Promise.all(local.map((file) => readFile(file, 'utf8')))).toEqual(names.map(contentOf));
    });
    await publish('sources/s/more.parquet');
    await publish('sources/s/yet-more.parquet');
    for (const name of ['sources/s/more.parquet', 'sources/s/yet-more.parquet']) {
      await withLeases(() => lake.localPath(name));
    }
    expect(sizeOf(copies(lake))).toBeLessThanOrEqual(LIMIT * 1.05 + KILOBYTE);
  });

  test('is kept by several processes at once, each of which reads what it asked for', async () => {
    const names = await publishMany(60);
    const given = JSON.stringify({ settings, names, rounds: 150 });
    const runs = await Promise.all(
      [1, 2, 3].map((seed) =>
        promisify(execFile)(process.execPath, ['--import', 'tsx', READER, given, String(seed)], { timeout: 120_000 }),
      ),
    );
    expect(runs.map(({ stdout }) => stdout.trim())).toEqual(['read 150', 'read 150', 'read 150']);
    const lake = await openLake(settings);
    expect(leased(lake)).toEqual([]);
    expect(sizeOf(copies(lake))).toBeLessThanOrEqual(LIMIT * 1.2);
  });
});

test('what a killed process held is given back by the next one', async () => {
  const names = await publishMany(3);
  const given = JSON.stringify({ settings, names, rounds: 'hold' });
  const child = spawn(process.execPath, ['--import', 'tsx', READER, given, '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const witness = await openLake(settings);
  expect(leased(witness)).toHaveLength(3);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const next = await openLake(settings);
  expect(leased(next)).toEqual([]);
  expect(copies(next)).toHaveLength(3);
});
