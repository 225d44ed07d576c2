/** Fault 8 of the reliability table: a server that fails, is slow, or loses its answers. Faults are injected in front of a real one. */
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { Catalog } from '../../../catalog/catalog.ts';
import type { Settings } from '../../../contracts/config.ts';
import type { AsofError } from '../../../contracts/errors.ts';
import type { DataFile } from '../../../contracts/lake.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import { literalText } from '../../../engine/sql.ts';
import { checkLake } from '../../../lake/fsck.ts';
import { withLeases } from '../../../lake/leases.ts';
import { newSourceFilePath } from '../../../lake/paths.ts';
import { S3Lake } from '../../../lake/s3-lake.ts';
import { publishDataFile } from '../../../lake/tables.ts';
import { newCommit, SOURCE } from '../../support/commits.ts';
import { startFaultProxy, type Fault, type FaultProxy } from '../../support/fault-proxy.ts';
import { startS3Server, type S3Server } from '../../support/s3.ts';
import { settingsFor } from '../../support/settings.ts';
import { createDatabase, uniqueName } from '../../support/stack.ts';

const TUNING = {
  attempts: 5,
  firstDelayMillis: 5,
  longestDelayMillis: 20,
  deadlineMillis: 5_000,
  stallMillis: 5_000,
  partBytes: 5 * 2 ** 20,
};

let server: S3Server;
let proxy: FaultProxy;
let directory: string;
let settings: Settings;
let lake: S3Lake;

beforeAll(async () => {
  server = await startS3Server();
  proxy = await startFaultProxy(server.endpoint);
}, 1_800_000);
afterAll(async () => {
  await proxy.close();
  await server.close();
});
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'asof-faults-'));
  const { lake: url, s3 } = server.settings(uniqueName('lake'));
  settings = settingsFor(directory, { lake: url, s3: { ...s3, endpoint: proxy.endpoint } });
  lake = await S3Lake.open(settings, TUNING);
});
afterEach(() => {
  proxy.reset();
  rmSync(directory, { recursive: true });
});

async function publish(path: string, bytes: Uint8Array) {
  await writeFile(await lake.stagingPath(path), bytes);
  return lake.publish(path);
}

async function paths(prefix = ''): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const object of lake.list(prefix)) found.push(object.path);
  return found;
}

/** The next requests of this method meet these faults, one each. */
function next(method: string, ...faults: readonly Fault[]): void {
  const left = [...faults];
  proxy.inject((request) => (request.method === method ? left.shift() : undefined));
}

const busy: Fault = { kind: 'answer', status: 503, code: 'SlowDown' };
const broken: Fault = { kind: 'answer', status: 500, code: 'InternalError' };
const small = Buffer.from('a small object');
const large = randomBytes(12 * 2 ** 20);

describe('fault 8: S3 500/503 bursts, timeouts after success, 409/412 on conditional puts', () => {
  test('8: bursts are waited out, for every operation', async () => {
    next('PUT', busy, broken, { kind: 'reset' }, { kind: 'answer', status: 429, code: 'TooManyRequests' });
    await publish('a/b', small);
    next('GET', broken, busy, { kind: 'reset' });
    expect(Buffer.from(await lake.read('a/b'))).toEqual(small);
    next('HEAD', broken, busy);
    expect(await lake.stat('a/b')).toMatchObject({ bytes: small.length });
    next('GET', busy, busy);
    expect(await paths()).toEqual(['a/b']);
    next('DELETE', broken);
    await lake.remove('a/b');
    expect(await paths()).toEqual([]);
  });

  test.each<Fault>([{ kind: 'lose answer' }, { kind: 'withhold answer' }])(
    '8: a put that succeeded, but whose answer is lost ($kind), is known by its checksum',
    async (fault) => {
      lake = await S3Lake.open(settings, { ...TUNING, deadlineMillis: 1_500 });
      next('PUT', fault);
      const facts = await publish('a/b', small);
      expect(facts.bytes).toBe(small.length);
      expect(proxy.seen.filter(({ method }) => method === 'PUT')).toHaveLength(2);
      next('PUT', fault);
      await expect(lake.write('a/b', Buffer.from('other bytes'))).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(Buffer.from(await lake.read('a/b'))).toEqual(small);
    },
  );

  test('a conflict of two puts at once is tried again; of the two one wins', async () => {
    next('PUT', { kind: 'answer', status: 409, code: 'ConditionalRequestConflict' });
    await publish('a/b', small);
    await expect(lake.write('a/b', Buffer.from('other bytes'))).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await lake.write('a/b', small)).toMatchObject({ bytes: small.length });
    // an answer to HEAD has no body that could name it
    next('HEAD', { kind: 'answer', status: 409, code: 'ConditionalRequestConflict' });
    expect(await lake.stat('a/b')).toMatchObject({ bytes: small.length });
  });

  test('a name that is said to be taken, where nothing is, is no success', async () => {
    proxy.inject(({ method }) =>
      method === 'PUT' ? { kind: 'answer', status: 412, code: 'PreconditionFailed' } : undefined,
    );
    await expect(publish('a/b', small)).rejects.toMatchObject({ code: 'LAKE_UNAVAILABLE' });
    proxy.reset();
    expect(await paths()).toEqual([]);
  });

  test('a server that stays away is given up after a bounded number of requests, with a clear error', async () => {
    await publish('sources/s/kept.parquet', small);
    lake = await S3Lake.open(
      { ...settings, lakeCache: { ...settings.lakeCache, directory: `${directory}/other` } },
      TUNING,
    );
    proxy.inject(() => busy);
    const ways: Readonly<Record<string, () => Promise<unknown>>> = {
      put: () => lake.write('a/b', small),
      read: () => lake.read('sources/s/kept.parquet'),
      path: () => lake.localPath('sources/s/kept.parquet'),
      stat: () => lake.stat('sources/s/kept.parquet'),
      remove: () => lake.remove('sources/s/kept.parquet'),
      list: () => paths(),
    };
    for (const [name, way] of Object.entries(ways)) {
      const before = proxy.seen.length;
      const failure = await way().catch((error: unknown) => error as AsofError);
      expect(failure, name).toMatchObject({ code: 'LAKE_UNAVAILABLE', retryable: true });
      expect((failure as AsofError).message).toContain('HTTP 503');
      expect(proxy.seen.length - before, name).toBe(TUNING.attempts);
    }
    proxy.reset();
    expect(await paths()).toEqual(['sources/s/kept.parquet']);
  });

  test('8: random faults while files are written, committed and read: every snapshot is whole (I1)', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = seeded(seed);
    const database = await createDatabase();
    const catalog = await openCatalog({ url: database.url, poolSize: 4 });
    const engine = await openEngine({
      memoryLimit: '500MB',
      threads: 2,
      tempDirectory: join(directory, 'spill'),
      allowedDirectories: lake.directories,
    });
    try {
      proxy.inject(() => chooseFault(random));
      const write = async (index: number): Promise<DataFile> =>
        withLeases(() =>
          engine.session(async (session) => {
            const file = newSourceFilePath('flights', BigInt(index) * 86_400_000_000n);
            const staged = literalText(await lake.stagingPath(file.path));
            await session.run(`COPY (SELECT TIMESTAMP '2001-01-01' + INTERVAL (i) SECOND AS date, i AS delay,
              ${index * 1000}::BIGINT + i AS __seq FROM range(1000) t(i)) TO ${staged} (FORMAT parquet)`);
            return publishDataFile(lake, session, file, { eventColumn: 'date', createdColumn: null });
          }),
        );
      const outcomes = await Promise.allSettled(
        Array.from({ length: 40 }, async (_, index) => commit(catalog, settings.project, await write(index))),
      );
      const failures = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
      );
      expect(
        failures.filter((error) => (error as AsofError).code !== 'LAKE_UNAVAILABLE'),
        `seed ${seed}`,
      ).toEqual([]);
      const committed = outcomes.length - failures.length;
      expect(committed, `seed ${seed}: commits that came through`).toBeGreaterThan(10);

      // a reader with a cache of its own, through the same faults
      const reader = await S3Lake.open(
        { ...settings, lakeCache: { directory: `${directory}/reader`, bytes: 20_000 } },
        {
          ...TUNING,
          attempts: 12,
        },
      );
      const { files } = await catalog.tables.files({ ...SOURCE, project: settings.project });
      expect(files).toHaveLength(committed);
      await Promise.all(
        files.map(({ path, bytes }) =>
          withLeases(async () =>
            expect(await readFile(await reader.localPath(path)), `seed ${seed}`).toHaveLength(bytes),
          ),
        ),
      );
      proxy.reset();
      const report = await checkLake({ catalog, lake, engine, project: settings.project, deep: true });
      expect(report, `seed ${seed}`).toMatchObject({ problems: [], files: committed, rows: committed * 1000 });
    } finally {
      proxy.reset();
      await engine.close();
      await catalog.close();
      await database.drop();
    }
  });
});

describe('large objects', () => {
  test('go up in parts through bursts, and come back the same', async () => {
    next('PUT', busy, { kind: 'lose answer' }, broken);
    const facts = await publish('sources/s/large.parquet', large);
    expect(proxy.seen.filter(({ method, path }) => method === 'PUT' && path.includes('partNumber')).length).toBe(6);
    expect(await lake.facts('sources/s/large.parquet')).toEqual(facts);
    expect(await publish('sources/s/large.parquet', large)).toEqual(facts);
    await expect(publish('sources/s/large.parquet', randomBytes(12 * 2 ** 20))).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect(await lake.removeUnfinished(Date.now() + 60_000)).toBe(0);
  });

  test('whose last answer is lost are known by their checksum', async () => {
    let posts = 0;
    // the first POST begins the upload, the second one ends it
    proxy.inject(({ method }) => (method === 'POST' && ++posts === 2 ? { kind: 'lose answer' } : undefined));
    const facts = await publish('a/large', large);
    expect(facts.bytes).toBe(large.length);
    expect(await paths()).toEqual(['a/large']);
  });

  test('that are published again are young again, in parts too', async () => {
    const facts = await publish('a/large', large);
    utimesSync(join(server.dataDirectory, lake.url.split('/').slice(3).join('/'), 'a/large'), 1, 1);
    expect((await lake.stat('a/large'))!.modifiedMillis).toBe(1_000);
    proxy.reset();
    expect(await publish('a/large', large)).toEqual(facts);
    expect((await lake.stat('a/large'))!.modifiedMillis).toBeGreaterThan(Date.now() - 60_000);
    expect(await lake.facts('a/large')).toEqual(facts);
    expect(await lake.removeUnfinished(Date.now() + 60_000)).toBe(0);
  });

  test('that fail half-way leave nothing: no object, no parts', async () => {
    proxy.inject(({ path }) => (path.includes('partNumber=2') ? broken : undefined));
    await expect(publish('a/large', large)).rejects.toMatchObject({ code: 'LAKE_UNAVAILABLE' });
    proxy.reset();
    expect(await paths()).toEqual([]);
    expect(await lake.removeUnfinished(Date.now() + 60_000)).toBe(0);
  });

  test('whose writer dies half-way leave parts that gc finds', async () => {
    proxy.inject(({ method, path }) => (path.includes('partNumber=2') || method === 'DELETE' ? broken : undefined));
    await expect(publish('a/large', large)).rejects.toMatchObject({ code: 'LAKE_UNAVAILABLE' });
    proxy.reset();
    expect(await paths()).toEqual([]);
    expect(await lake.removeUnfinished(Date.now() - 3_600_000)).toBe(0);
    expect(await lake.removeUnfinished(Date.now() + 60_000)).toBe(1);
  });
});

describe('a download', () => {
  const path = 'sources/s/large.parquet';
  beforeEach(async () => {
    await publish(path, large);
    // without the copy that the writer keeps
    lake = await S3Lake.open(
      { ...settings, lakeCache: { ...settings.lakeCache, directory: `${directory}/other` } },
      {
        ...TUNING,
        stallMillis: 500,
      },
    );
    proxy.reset();
  });

  test.each(['cut', 'stall'] as const)('that ends in the middle (%s) goes on where it was', async (kind) => {
    next('GET', { kind, after: 5_000_000 }, busy, { kind, after: 1_000_000 });
    expect((await readFile(await lake.localPath(path))).equals(large)).toBe(true);
    const ranges = proxy.seen.filter(({ method }) => method === 'GET').map(({ headers }) => headers.range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1).every((range) => range !== undefined && range !== 'bytes=0-')).toBe(true);
  });

  test('that is damaged on its way is refused, and not kept', async () => {
    proxy.inject(({ method }) => (method === 'GET' ? { kind: 'damage', at: 7_000_000 } : undefined));
    await expect(lake.localPath(path)).rejects.toMatchObject({ code: 'LAKE_FILE_CORRUPT' });
    await expect(lake.read(path)).rejects.toMatchObject({ code: 'LAKE_FILE_CORRUPT' });
    proxy.reset();
    expect((await readFile(await lake.localPath(path))).equals(large)).toBe(true);
  });
});

describe('an object that is not what was recorded', () => {
  const path = 'sources/s/one.parquet';
  const other = Buffer.alloc(small.length, 'z');
  test.each<[string, () => Promise<void>]>([
    ['was replaced by another whole one', () => replaceBy(other)],
    ['was cut short', () => replaceBy(small.subarray(1))],
    ['was removed', () => lake.remove(path)],
  ])('because it %s is refused, by name and mend, and never kept', async (_, change) => {
    const recorded = { path, ...(await publish(path, small)) };
    await lake.check(recorded);
    // with a copy at hand the rows are right whatever the bucket holds; the object itself is what Spark would read
    const holder = await S3Lake.open({ ...settings }, TUNING);
    expect(await readFile(await holder.checkedPath(recorded))).toEqual(small);
    await change();
    const fresh = await S3Lake.open(
      { ...settings, lakeCache: { ...settings.lakeCache, directory: `${directory}/other` } },
      TUNING,
    );
    for (const open of [
      () => fresh.checkedPath(recorded),
      () => fresh.checkedPath(recorded),
      () => fresh.check(recorded),
    ]) {
      const opening = open();
      await expect(opening).rejects.toMatchObject({ code: 'LAKE_FILE_CORRUPT', details: { path } });
      await expect(opening).rejects.toThrow(/of source s: .*put the file back from a backup/);
    }
  });

  async function replaceBy(bytes: Uint8Array): Promise<void> {
    await lake.remove(path);
    await publish(path, bytes);
  }
});

test('a refusal says what to do, and tells no key', async () => {
  const { s3 } = settings;
  const text = await readFile(s3.credentialsFile!, 'utf8');
  const [id, secret] = [/key_id = (\S+)/.exec(text)![1]!, 'not-the-secret-that-the-server-knows'];
  const credentialsFile = join(directory, 'credentials');
  await writeFile(credentialsFile, `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`);
  const stranger = await S3Lake.open({ ...settings, s3: { ...s3, credentialsFile } }, TUNING);
  const before = proxy.seen.length;
  const failure = await stranger.write('a/b', small).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'LAKE_REFUSED', retryable: false });
  expect((failure as Error).message).toMatch(/SignatureDoesNotMatch.*check the credentials/);
  expect(proxy.seen.length - before).toBe(1);
  const everything = inspect(failure, { depth: 20, showHidden: true });
  expect(everything).not.toContain(id);
  expect(everything).not.toContain(secret);
});

/** Appends pass each other: only the base must be one that exists. */
async function commit(catalog: Catalog, project: string, file: DataFile): Promise<void> {
  const table = { ...SOURCE, project };
  const { rows } = file;
  const range = { from: file.minEvent!, to: file.maxEvent! + 1n };
  const account = { range, rowsIn: rows, committed: rows, quarantined: 0, deduplicated: 0 };
  await catalog.tables.commit(
    newCommit({ table, base: await catalog.tables.head(table), add: [file], conservation: [account] }),
  );
}

/** One request in four meets a fault. */
function chooseFault(random: () => number): Fault | undefined {
  if (random() > 0.25) return undefined;
  const faults: readonly Fault[] = [
    busy,
    broken,
    { kind: 'reset' },
    { kind: 'lose answer' },
    { kind: 'cut', after: 100 },
    { kind: 'answer', status: 409, code: 'ConditionalRequestConflict' },
  ];
  return faults[Math.floor(random() * faults.length)];
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
