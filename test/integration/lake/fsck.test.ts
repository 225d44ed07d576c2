/** What fsck finds in a lake, a catalog and their numbers. */
import { expect, test } from 'vitest';
import type { DataFile } from '../../../contracts/lake.ts';
import { newViewFilePath, stagingFilePath } from '../../../lake/paths.ts';
import { ledgerAppend } from '../../support/commits.ts';
import { eachInLakeWorld, rowsSelect, type LakeWorld } from './lake-world.ts';

let world: LakeWorld;
eachInLakeWorld((opened) => (world = opened));

test('a healthy lake has no problems; an uncommitted file is an orphan', async () => {
  await world.ingest(0, 100);
  const orphan = await world.sourceFile(100, 5);
  await world.lake.write(stagingFilePath('run-1', 'plan.json'), Buffer.from('{}'));
  for (const deep of [false, true]) {
    expect(await world.check(deep)).toEqual({ problems: [], orphans: [orphan.path], files: 2, rows: 101 });
  }
});

test('checks the files of earlier snapshots too', async () => {
  const old = await world.ingest(0, 10);
  const rewritten = await world.sourceFile(0, 10);
  await world.commit({ base: 1, operation: 'compact', add: [rewritten], remove: [old.id] });
  expect((await world.check()).problems).toEqual([]);
  await world.lake.remove(old.path);
  expect((await world.check()).problems).toEqual([{ path: old.path, problem: 'it is missing' }]);
});

test.each([
  ['cut short', (bytes: Buffer) => bytes.subarray(0, -10), /bytes instead of/],
  ['with one bit flipped', flipBit, /do not match its checksum/],
])('9: finds a file %s', async (_, change, problem) => {
  const file = await world.ingest(0, 100);
  await world.overwrite(file.path, change);
  const { problems } = await world.check();
  expect(problems).toEqual([{ path: file.path, problem: expect.stringMatching(problem) as string }]);
});

test('finds a catalog entry with other rows than its file, by count and by sequence', async () => {
  const file = await world.sourceFile(0, 10);
  const conservation = [{ range: { from: 0n, to: 9n }, rowsIn: 11, committed: 11, quarantined: 0, deduplicated: 0 }];
  await world.commit({ add: [{ ...file, rows: 11 }], conservation });
  expect((await world.check()).problems).toEqual([{ path: file.path, problem: 'it has 10 rows instead of 11' }]);

  const shifted = { ...(await world.sourceFile(10, 10)), minSequence: 11n };
  await world.commit({ table: world.view, base: 0, add: [shifted] });
  const sequence = { path: shifted.path, problem: 'its sequences are not those of the catalog' };
  expect((await world.check(false)).problems).not.toContainEqual(sequence);
  expect((await world.check(true)).problems).toContainEqual(sequence);
});

test.each([
  [
    'statistics of a column',
    'its statistics of column "value" are not those of the catalog',
    (file: DataFile) => ({
      ...file,
      statistics: file.statistics!.map((one) => (one.name === 'value' ? { ...one, nulls: 1 } : one)),
    }),
  ],
  [
    'bounds of a column',
    'its statistics of column "__seq" are not those of the catalog',
    (file: DataFile) => ({
      ...file,
      statistics: file.statistics!.map((one) => (one.name === '__seq' ? { ...one, min: '1' } : one)),
    }),
  ],
  [
    'a range of event time',
    'its range of event time is not that of the catalog',
    (file: DataFile) => ({
      ...file,
      minEvent: 1n,
    }),
  ],
])('finds %s that lies', async (_, problem, change) => {
  const file = await world.sourceFile(0, 10);
  const conservation = [{ range: { from: 0n, to: 9n }, rowsIn: 10, committed: 10, quarantined: 0, deduplicated: 0 }];
  await world.commit({ add: [change(file)], conservation });
  expect((await world.check(false)).problems).toEqual([]);
  expect((await world.check(true)).problems).toEqual([{ path: file.path, problem }]);
});

test('finds a compaction that lost a row, and rows that no account says have expired', async () => {
  const old = await world.ingest(0, 10);
  await world.commit({ base: 1, operation: 'compact', add: [await world.sourceFile(0, 9)], remove: [old.id] });
  const problem = 'snapshot 2 compacted 10 rows into 9';
  expect((await world.check()).problems).toContainEqual({ path: 'source/flights', problem });
  const kept = await world.ingest(10, 10);
  await world.commit({ base: 3, operation: 'expire', remove: [kept.id] });
  expect((await world.check()).problems).toContainEqual({
    path: 'source/flights',
    problem: '0 rows are accounted for as expired, but 10 were taken away',
  });
});

test('finds rows that no account explains', async () => {
  await world.commit({ add: [await world.sourceFile(0, 10)] });
  expect((await world.check()).problems).toEqual([
    { path: 'source/flights', problem: '0 rows are accounted for as committed, but the snapshots leave 10' },
  ]);
});

test('finds quarantined rows that were not kept', async () => {
  const conservation = [{ range: { from: 0n, to: 9n }, rowsIn: 3, committed: 0, quarantined: 3, deduplicated: 0 }];
  await world.commit({ conservation });
  expect((await world.check()).problems).toEqual([
    { path: 'source/flights', problem: '3 rows are accounted for as quarantined, but 0 were written' },
  ]);
});

test('finds an interval that was applied twice', async () => {
  const newFile = () => newViewFilePath({ view: 'latest', fingerprint: 'f1', bucket: 0, from: 0n });
  const [first, twice] = [
    await world.publishRows(newFile(), rowsSelect(0, 10), 0),
    await world.publishRows(newFile(), rowsSelect(0, 10), 0),
  ];
  const done = ledgerAppend('done', 0n, 10n, { project: world.project, inputSnapshot: 1, rowsIn: 10, rowsOut: 10 });
  await world.commit({ table: world.view, add: [first], ledger: [done] });
  expect((await world.check()).problems).toEqual([]);
  await world.commit({ table: world.view, base: 1, add: [twice] });
  expect((await world.check()).problems).toEqual([
    { path: 'view/latest@f1', problem: 'its ledger has 10 rows in completed intervals, its files 20' },
  ]);
  const redone = ledgerAppend('done', 0n, 10n, { project: world.project, inputSnapshot: 1, rowsIn: 10, rowsOut: 10 });
  await world.commit({ table: world.view, base: 2, operation: 'replace', remove: [first.id], ledger: [redone] });
  expect((await world.check()).problems).toEqual([]);
});

function flipBit(bytes: Buffer): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[20]! ^= 1;
  return flipped;
}
