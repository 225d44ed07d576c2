/** A disk that fills up: the failure is named, nothing is committed, and nothing stands half under a final name. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compactSource } from '../../../ingestion/compact-source.ts';
import { checkLake } from '../../../lake/fsck.ts';
import { LocalLake } from '../../../lake/local-lake.ts';
import { openFolder, openTestEngine, sourceOf, type Folder } from './fixtures.ts';
import { manifestOf, openTestCatalog, type TestCatalog } from './world.ts';
import { planIngestion, sourceTable } from '../../../ingestion/plan-ingestion.ts';
import { stageGroup } from '../../../ingestion/stage-group.ts';
import { publishIngestion } from '../../../ingestion/publish-ingestion.ts';
import type { Engine } from '../../../engine/engine.ts';

let shared: TestCatalog;
let folder: Folder;
let engine: Engine;
let disk: string;
const mounts = process.getuid?.() === 0 && process.platform === 'linux';

beforeAll(async () => {
  shared = await openTestCatalog();
  folder = await openFolder();
  disk = join(folder.path, 'disk');
  mkdirSync(disk);
  if (mounts) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]);
  engine = await openTestEngine(folder);
});
afterAll(async () => {
  await engine.close();
  if (mounts) execFileSync('umount', [disk]);
  await folder[Symbol.asyncDispose]();
  await shared[Symbol.asyncDispose]();
});

/** Text that does not compress. */
const noise = (rows: number): string =>
  `ts,key,n\n${Array.from({ length: rows }, (_, index) => `2024-01-01,${randomUUID()}${randomUUID()},${index}\n`).join('')}`;

// mounting a small disk takes root
test.runIf(mounts)(
  '10: ingestion and compaction on a full disk fail by name and leave the table as it was',
  async () => {
    const { catalog } = shared;
    const project = `p${randomUUID().replaceAll('-', '')}`;
    const lake = await LocalLake.open(disk, project);
    const stores = { catalog, lake, engine };
    const source = sourceOf(join(folder.path, '*.csv'), { ts: 'timestamp', key: 'string', n: 'int64' });
    const table = sourceTable(project, 'events');
    const ingest = async (name: string, rows: number): Promise<void> => {
      const path = await folder.write(name, noise(rows));
      const manifest = manifestOf(project, { ...source, path });
      const { planUri, groups } = await planIngestion(stores, { manifest, source: 'events', runId: randomUUID() });
      for (let group = 0; group < groups; group++) await stageGroup(stores, { planUri, group });
      await publishIngestion(stores, { planUri });
    };
    for (const name of ['a.csv', 'b.csv', 'c.csv']) await ingest(name, 14_000);
    const before = await catalog.tables.files(table);
    expect(before.files).toHaveLength(3);

    const failure = { code: 'DISK_FULL', message: expect.stringMatching(/the disk is full: .*; free space/) as string };
    await expect(ingest('d.csv', 40_000)).rejects.toMatchObject(failure);
    await expect(compactSource(stores, { project, source, runId: 'r' })).rejects.toMatchObject(failure);
    expect(await catalog.tables.files(table)).toEqual(before);
    expect(await checkLake({ catalog, lake, engine, project, deep: true })).toMatchObject({
      problems: [],
      orphans: [],
    });

    // with room again the same work is done
    execFileSync('mount', ['-o', 'remount,size=40m', disk]);
    await ingest('d.csv', 40_000);
    await compactSource(stores, { project, source, runId: 'r' });
    expect(await checkLake({ catalog, lake, engine, project, deep: true })).toMatchObject({
      problems: [],
      rows: 2 * (3 * 14_000 + 40_000),
    });
  },
);
