/** fsck and gc on S3: they look at the bucket, whatever the local copies say, and go by its clock. */
import { mkdtempSync, rmSync, unlinkSync, utimesSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { DataFile } from '../../../contracts/lake.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine } from '../../../engine/engine.ts';
import { literalText } from '../../../engine/sql.ts';
import { checkLake } from '../../../lake/fsck.ts';
import { collectGarbage } from '../../../lake/gc.ts';
import type { Lake } from '../../../lake/lake.ts';
import { openLake } from '../../../lake/open.ts';
import { newSourceFilePath } from '../../../lake/paths.ts';
import { publishDataFile } from '../../../lake/tables.ts';
import { createCatalogDatabase, type TestDatabase } from '../../support/catalog.ts';
import { newCommit, SOURCE } from '../../support/commits.ts';
import { startS3Server, type S3Server } from '../../support/s3.ts';
import { settingsFor } from '../../support/settings.ts';

let server: S3Server;
let database: TestDatabase;
let catalog: Catalog;
let directory: string;
let engine: Engine;
let lake: Lake;
let project = '';
let projects = 0;

beforeAll(async () => {
  server = await startS3Server();
  database = await createCatalogDatabase();
  catalog = await openCatalog({ url: database.url });
}, 1_800_000);
afterAll(async () => {
  await catalog.close();
  await database.drop();
  await server.close();
});
beforeEach(async () => {
  projects += 1;
  project = `s3_upkeep_${projects}`;
  directory = mkdtempSync(join(tmpdir(), 'asof-s3-upkeep-'));
  lake = await openLake(settingsFor(directory, { ...server.settings(), project }));
  engine = await openEngine({
    memoryLimit: '256MB',
    threads: 2,
    tempDirectory: join(directory, 'spill'),
    allowedDirectories: lake.directories,
  });
});
afterEach(async () => {
  await engine.close();
  rmSync(directory, { recursive: true });
});

/** The object as the server keeps it. */
const stored = (path: string) => join(server.dataDirectory, 'lake', project, path);
const check = () => checkLake({ catalog, lake, engine, project, deep: true });

async function publishRows(from: number): Promise<DataFile> {
  return engine.session(async (session) => {
    const file = newSourceFilePath('flights', BigInt(from));
    await session.run(`COPY (SELECT make_timestamp(i) AS at, i AS __seq FROM range(${from}::BIGINT, ${from + 10}::BIGINT) t(i))
      TO ${literalText(await lake.stagingPath(file.path))} (FORMAT parquet)`);
    return publishDataFile(lake, session, file, { eventColumn: 'at', createdColumn: null });
  });
}

async function commitRows(from: number): Promise<DataFile> {
  const file = await publishRows(from);
  const table = { ...SOURCE, project };
  const account = {
    range: { from: BigInt(from), to: BigInt(from + 10) },
    rowsIn: 10,
    committed: 10,
    quarantined: 0,
    deduplicated: 0,
  };
  await catalog.tables.commit(
    newCommit({ table, base: await catalog.tables.head(table), add: [file], conservation: [account] }),
  );
  return file;
}

describe('fsck', () => {
  test('a healthy lake has no problems', async () => {
    await commitRows(0);
    const orphan = await publishRows(10);
    expect(await check()).toMatchObject({ problems: [], files: 1, rows: 10, orphans: [orphan.path] });
  });

  test.each([
    ['is gone', (file: string) => Promise.resolve(unlinkSync(file)), /missing/],
    [
      'was cut short',
      async (file: string) => writeFile(file, (await readFile(file)).subarray(0, 100)),
      /bytes instead of/,
    ],
    ['has a bit flipped', async (file: string) => writeFile(file, flip(await readFile(file))), /checksum/],
  ])('finds an object that %s, though a sound copy is at hand', async (_, damage, problem) => {
    const file = await commitRows(0);
    await commitRows(10);
    expect((await check()).problems).toEqual([]);
    await damage(stored(file.path));
    const { problems } = await check();
    expect(problems).toEqual([{ path: file.path, problem: expect.stringMatching(problem) as string }]);
  });
});

describe('gc', () => {
  test('goes by the age in the bucket, and leaves what the catalog mentions', async () => {
    const committed = await commitRows(0);
    const [old, young] = [await publishRows(10), await publishRows(20)];
    for (const path of [committed.path, old.path]) utimesSync(stored(path), 1, 1);
    const dry = await collectGarbage({ catalog, lake, project, dryRun: true });
    expect(dry.removed).toEqual([old.path]);
    expect(await lake.stat(old.path)).toBeDefined();
    expect(await collectGarbage({ catalog, lake, project })).toMatchObject({ removed: [old.path], kept: 2 });
    expect(await lake.stat(old.path)).toBeUndefined();
    expect(await lake.stat(young.path)).toBeDefined();
    expect((await check()).problems).toEqual([]);
  });
});

function flip(bytes: Buffer): Buffer {
  bytes[20] = bytes[20]! ^ 1;
  return bytes;
}
