/** What gc removes, and what it leaves. */
import { expect, test } from 'vitest';
import { collectGarbage } from '../../../lake/gc.ts';
import { clockNow } from '../../../contracts/time.ts';
import { stagingFilePath } from '../../../lake/paths.ts';
import { fakeFile } from '../../support/commits.ts';
import { eachInLakeWorld, type LakeWorld } from './lake-world.ts';

let world: LakeWorld;
eachInLakeWorld((opened) => (world = opened));

type Options = Partial<Pick<Parameters<typeof collectGarbage>[0], 'graceMillis' | 'dryRun' | 'exceptRun'>>;
const collect = (options: Options = {}) => collectGarbage({ ...world, ...options });

test('removes old orphans and staged work, and nothing else', async () => {
  const committed = await world.ingest(0, 10);
  const [orphan, young] = [await world.sourceFile(10, 5), await world.sourceFile(20, 5)];
  const plan = stagingFilePath('run-gone', 'plan.json');
  await world.lake.write(plan, Buffer.from('{}'));
  await world.lake.write('NOTES.md', Buffer.from('mine'));
  for (const path of [committed.path, orphan.path, plan, 'NOTES.md']) await world.makeOld(path);

  const planned = await collect({ dryRun: true });
  expect(planned).toEqual({ removed: [orphan.path, plan], bytes: orphan.bytes + 2, kept: 4 });
  expect(await world.lake.stat(orphan.path)).toBeDefined();
  expect(await collect()).toEqual(planned);
  expect(await world.lake.stat(orphan.path)).toBeUndefined();
  for (const path of [committed.path, young.path, 'NOTES.md']) expect(await world.lake.stat(path)).toBeDefined();
  expect((await world.check()).problems).toEqual([]);
});

test('keeps the files of every snapshot and of datasets', async () => {
  const old = await world.ingest(0, 10);
  await world.commit({ base: 1, operation: 'replace', remove: [old.id] });
  const dataset = 'datasets/train/b1/part-0.parquet';
  await world.lake.write(dataset, Buffer.from('rows'));
  await world.lake.write('datasets/train/b1/manifest.json', Buffer.from('{}'));
  await world.lake.write('datasets/train/b2/part-0.parquet', Buffer.from('rows'));
  await publishDataset(dataset);
  for await (const { path } of world.lake.list('')) await world.makeOld(path);
  expect((await collect()).removed).toEqual(['datasets/train/b2/part-0.parquet']);
});

test('removes the files of expired snapshots after its grace, and what fsck checks is what is left', async () => {
  const old = await world.ingest(0, 10);
  const rewritten = await world.sourceFile(0, 10);
  await world.commit({ base: 1, operation: 'compact', add: [rewritten], remove: [old.id] });
  await world.catalog.tables.expireSnapshots({
    project: world.project,
    olderThanMicros: 0,
    keepFrom: [],
    exceptRun: '',
  });
  for await (const { path } of world.lake.list('')) await world.makeOld(path);
  expect((await collect()).removed).toEqual([]);
  expect(await world.check(true)).toMatchObject({ problems: [], orphans: [], files: 2 });
  const dry = await collect({ graceMillis: 0, dryRun: true });
  expect(dry.removed).toEqual([old.path]);
  expect(await world.lake.stat(old.path)).toBeDefined();
  expect((await collect({ graceMillis: 0 })).removed).toEqual([old.path]);
  expect(await world.lake.stat(old.path)).toBeUndefined();
  expect((await world.catalog.tables.knownPaths(world.project)).has(old.path)).toBe(false);
  expect(await world.check(true)).toMatchObject({ problems: [], orphans: [], files: 2 });
});

test('keeps the staged work of a run that has not ended', async () => {
  const run = {
    id: 'ingest/demo/flights/1',
    project: world.project,
    workflow: 'ingest',
    workflowId: 'w',
    target: 'flights',
  };
  const times = { startedAt: 1n, endedAt: null, result: null, error: null };
  await world.catalog.runs.put({ ...run, ...times, state: 'running' });
  const plan = stagingFilePath(run.id, 'plan.json');
  await world.lake.write(plan, Buffer.from('{}'));
  await world.makeOld(plan);
  expect((await collect()).removed).toEqual([]);
  await world.catalog.runs.put({ ...run, ...times, state: 'failed', endedAt: 2n });
  expect((await collect()).removed).toEqual([plan]);
});

test('leaves what was written since work under way began, however short its grace', async () => {
  const { project, catalog } = world;
  const run = { id: `ingest/${project}`, project, workflow: 'ingest', workflowId: 'w', target: 'flights' };
  const began = { ...run, startedAt: clockNow(), endedAt: null, result: null, error: null };
  // the files are older than no grace at all, whatever the resolution of their times
  const remove = async (exceptRun?: string) => (await collect({ graceMillis: -60_000, exceptRun })).removed;
  const old = await world.sourceFile(10, 10);
  await world.makeOld(old.path);
  await catalog.runs.put({ ...began, state: 'running' });
  const uncommitted = await world.sourceFile(0, 10);
  expect(await remove()).toEqual([old.path]);
  await catalog.runs.put({ ...began, state: 'failed', endedAt: clockNow() });
  expect(await catalog.work.during(project, () => remove())).toEqual([]);
  await catalog.runs.put({ ...began, id: `${run.id}/maintain`, state: 'running' });
  expect(await catalog.work.during('another', () => remove(`${run.id}/maintain`))).toEqual([uncommitted.path]);
});

test('12: 8 committers, a compactor and gc at once: no committed file is lost', async () => {
  const orphan = await world.sourceFile(0, 80);
  await world.makeOld(orphan.path);
  const commits = Array.from({ length: 8 }, async (_, index) => world.ingest(index * 10, 10));
  const collections = Array.from({ length: 5 }, () => collect());
  await Promise.all([...commits, ...collections]);
  const { snapshot, files } = await world.catalog.tables.files(world.source);
  expect(snapshot).toBe(8);
  const merged = await world.sourceFile(0, 80);
  const remove = files.map(({ id }) => id);
  await Promise.all([
    world.commit({ base: snapshot, operation: 'compact', add: [merged], remove }),
    world.ingest(80, 10),
    collect(),
  ]);
  expect(await world.check(true)).toMatchObject({ problems: [], orphans: [], files: 19 });
});

async function publishDataset(path: string): Promise<void> {
  const file = { uri: path, rows: 1, bytes: 4, checksum: fakeFile().checksum };
  await world.catalog.datasets.publish({
    idempotencyKey: 'd1',
    lineage: [],
    manifest: {
      project: world.project,
      name: 'train',
      runId: 'run-1',
      definitions: 'd',
      bundleHash: 'b',
      views: {},
      snapshots: {},
      request: { features: [], service: null, asKnown: false, shortNames: false },
      spine: file,
      shards: 1,
      columns: [],
      rows: 1,
      leakage: {},
      files: [file],
    },
  });
}
