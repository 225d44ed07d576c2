/** Files of a local lake that are not what was recorded: noticed when they are opened, at the price of a look. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { appendFile, link, mkdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Lake } from '../../../lake/lake.ts';
import { openLake } from '../../../lake/open.ts';
import type { RecordedFile } from '../../../lake/recorded-file.ts';
import { Seals } from '../../../lake/seals.ts';
import { settingsFor } from '../../support/settings.ts';

let directory: string;
let lake: Lake;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'asof-changed-'));
  lake = await openLake(settingsFor(directory));
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = (): Promise<Lake> => openLake(settingsFor(directory));
const rootOf = (): string => join(directory, '.asof', 'lake', 'test');

async function publish(path: string, text: string): Promise<RecordedFile> {
  await writeFile(await lake.stagingPath(path), text);
  return { path, ...(await lake.publish(path)) };
}

/** Bytes that this process has read from files, so that a test can tell a look from a reading. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))![1]);
}

async function readingOf(work: () => Promise<unknown>): Promise<number> {
  const before = bytesRead();
  await work();
  return bytesRead() - before;
}

const PATH = 'sources/flights/2024-01-01-a.parquet';
const LARGE = 'x'.repeat(4_000_000);
const counts = process.platform === 'linux';

describe('a file that was changed', () => {
  test.each<[string, (file: string) => Promise<void>, RegExp]>([
    ['by a bit', (file) => flip(file), /its bytes do not match its checksum/],
    ['by a bit, its time put back', (file) => flipAndPutBackTime(file), /its bytes do not match its checksum/],
    ['by a cut', (file) => truncate(file, 10), /it has 10 bytes instead of 1000/],
    ['by what was added', (file) => appendFile(file, 'y'), /it has 1001 bytes instead of 1000/],
    ['for another', (file) => replace(file), /its bytes do not match its checksum/],
    ['by being removed', (file) => rm(file), /the lake does not hold it/],
    ['into a directory', (file) => rm(file).then(() => mkdir(file)), /EISDIR|bytes instead of/],
  ])('%s is refused by whoever opens it, by name, table and mend', async (_, change, problem) => {
    const recorded = await publish(PATH, 'a'.repeat(1000));
    const reader = await open();
    await reader.checkedPath(recorded);
    await change(await lake.localPath(PATH));
    for (const asked of [lake, reader, await open(), reader]) {
      for (const open of [() => asked.checkedPath(recorded), () => asked.check(recorded)]) {
        const opening = open();
        await expect(opening).rejects.toMatchObject({ code: 'LAKE_FILE_CORRUPT', details: { path: PATH } });
        await expect(opening).rejects.toThrow(problem);
        await expect(opening).rejects.toThrow(/of source flights:.*put the file back from a backup.*`asof fsck`/);
      }
    }
    // put back it is what it was
    await rm(await lake.stagingPath(PATH), { force: true });
    rmSync(join(rootOf(), PATH), { recursive: true, force: true });
    writeFileSync(join(rootOf(), PATH), 'a'.repeat(1000));
    for (const asked of [lake, reader, await open()]) await asked.checkedPath(recorded);
  });

  test.each([
    [
      'views/delays/0123456789abcdef/0/x.parquet',
      /of the table of view delays@01234567:.*`asof backfill delays .*--restate`/,
    ],
    ['quarantine/flights/x.parquet', /of the quarantine of source flights:/],
    ['datasets/train/r1/parts/00000.parquet', /of dataset train:.*`asof dataset rebuild train@VERSION`/],
    ['staging/r1/x.parquet', /work of a run between its steps:.*start the run again/],
  ])('says what it belongs to: %s', async (path, words) => {
    const recorded = await publish(path, 'abc');
    await flip(await lake.localPath(path));
    await expect(lake.checkedPath(recorded)).rejects.toThrow(words);
  });

  test('is not what was recorded though it is whole', async () => {
    const recorded = await publish(PATH, 'abc');
    const other = await publish('sources/flights/2024-01-01-b.parquet', 'abd');
    await expect(lake.checkedPath({ ...recorded, checksum: other.checksum })).rejects.toMatchObject({
      code: 'LAKE_FILE_CORRUPT',
    });
  });
});

// the kernel counts what a process reads
describe.runIf(counts)('a file that was not touched', () => {
  test('costs a look, in any process', async () => {
    const recorded = await publish(PATH, LARGE);
    expect(await readingOf(() => lake.checkedPath(recorded))).toBeLessThan(100_000);
    const reader = await open();
    expect(await readingOf(() => reader.checkedPath(recorded))).toBeLessThan(100_000);
    expect(await readingOf(() => reader.checkedPath(recorded))).toBeLessThan(100_000);
  });

  test.each<[string, (file: string) => Promise<unknown>]>([
    ['its times moved', (file) => utimes(file, 1, 1)],
    ['another name was given to it', (file) => link(file, `${file}.backup`)],
    ['it was copied back from elsewhere', (file) => copyBack(file)],
  ])('is read once when %s, and then costs a look', async (_, touch) => {
    const recorded = await publish(PATH, LARGE);
    const reader = await open();
    await reader.checkedPath(recorded);
    await touch(await lake.localPath(PATH));
    expect(await readingOf(() => reader.checkedPath(recorded))).toBeGreaterThan(LARGE.length);
    for (const asked of [reader, lake, await open()]) {
      expect(await readingOf(() => asked.checkedPath(recorded))).toBeLessThan(100_000);
    }
  });

  test('is read once after the whole lake was copied, moved, or brought from before there were seals', async () => {
    const recorded = await publish(PATH, LARGE);
    const copy = join(directory, 'copy');
    cpSync(join(directory, '.asof', 'lake'), copy, { recursive: true });
    const copied = await openLake(settingsFor(directory, { lake: copy }));
    expect(await readingOf(() => copied.checkedPath(recorded))).toBeGreaterThan(LARGE.length);
    const again = await openLake(settingsFor(directory, { lake: copy }));
    expect(await readingOf(() => again.checkedPath(recorded))).toBeLessThan(100_000);

    rmSync(join(rootOf(), '.seals'), { recursive: true });
    const old = await open();
    expect(await readingOf(() => old.checkedPath(recorded))).toBeGreaterThan(LARGE.length);
    const later = await open();
    expect(await readingOf(() => later.checkedPath(recorded))).toBeLessThan(100_000);
  });

  test('is read once by many who ask at the same time, and by processes that seal at the same time', async () => {
    const files = await Promise.all(
      Array.from({ length: 40 }, (_, index) => publish(`sources/flights/f${index}.parquet`, `${index}`.repeat(500))),
    );
    rmSync(join(rootOf(), '.seals'), { recursive: true });
    const readers = await Promise.all([open(), open(), open()]);
    await Promise.all(readers.flatMap((reader) => files.map((file) => reader.checkedPath(file))));
    const later = await open();
    expect(await readingOf(() => Promise.all(files.map((file) => later.checkedPath(file))))).toBeLessThan(200_000);
  });
});

describe('seals', () => {
  test('are no objects of the lake', async () => {
    await publish(PATH, 'abc');
    expect(readdirSync(join(rootOf(), '.seals', 'sources'))).toEqual(['flights']);
    const paths: string[] = [];
    for await (const { path } of lake.list('')) paths.push(path);
    expect(paths).toEqual([PATH]);
  });

  test('that are damaged, cut or unwritable cost a reading, and never trust', async () => {
    const recorded = await publish(PATH, 'abc');
    const list = join(rootOf(), '.seals', 'sources', 'flights');
    const text = readFileSync(list, 'utf8');
    for (const bad of [
      '',
      text.slice(0, 50),
      text.slice(0, -1),
      'noise\n',
      `${text.slice(0, 70)}${text}`,
      text.replaceAll('\n', ' '),
    ]) {
      writeFileSync(list, bad);
      await (await open()).checkedPath(recorded);
    }
    await rm(list);
    await mkdir(list);
    const reader = await open();
    await reader.checkedPath(recorded);
    await flip(await lake.localPath(PATH));
    await expect(reader.checkedPath(recorded)).rejects.toMatchObject({ code: 'LAKE_FILE_CORRUPT' });
  });

  test('of what changed often are written anew, and keep the newest', async () => {
    const file = join(directory, 'f');
    const seals = new Seals(directory);
    const path = 'sources/flights/f.parquet';
    for (let turn = 0; turn < 1200; turn += 1) {
      if (turn % 100 === 0) writeFileSync(file, `${turn}`);
      await seals.add(path, checksumOf(turn), await stat(file, { bigint: true }));
    }
    const list = join(directory, '.seals', 'sources', 'flights');
    const before = statSync(list).size;
    const again = new Seals(directory);
    expect(await again.checksumOf(path, await stat(file, { bigint: true }))).toBe(checksumOf(1199));
    expect(statSync(list).size).toBeLessThan(before / 100);
    await seals.add(path, checksumOf(7), await stat(file, { bigint: true }));
    expect(await again.checksumOf('sources/flights/g.parquet', await stat(file, { bigint: true }))).toBeUndefined();
    expect(await again.checksumOf(path, await stat(file, { bigint: true }))).toBe(checksumOf(7));
  });

  test('are withdrawn when a whole reading finds what the file system did not see', async () => {
    const recorded = await publish(PATH, 'abc');
    const local = await lake.localPath(PATH);
    await flip(local);
    // as on a medium that loses a bit: size and times are those of the seal
    await new Seals(rootOf()).add(PATH, recorded.checksum, await stat(local, { bigint: true }));
    const reader = await open();
    await reader.checkedPath(recorded);
    expect(await lake.facts(PATH)).not.toMatchObject({ checksum: recorded.checksum });
    await expect((await open()).checkedPath(recorded)).rejects.toMatchObject({ code: 'LAKE_FILE_CORRUPT' });
    await expect
      .poll(() => reader.checkedPath(recorded).then(String, String), { timeout: 10_000 })
      .toMatch(/corrupt|checksum/i);
  });
});

function checksumOf(turn: number): string {
  return turn.toString(16).padStart(64, '0');
}

async function flip(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(file, bytes);
}

async function flipAndPutBackTime(file: string): Promise<void> {
  execFileSync('touch', ['-r', file, `${file}.time`]);
  await flip(file);
  execFileSync('touch', ['-r', `${file}.time`, file]);
  await rm(`${file}.time`);
}

async function replace(file: string): Promise<void> {
  await writeFile(`${file}.new`, 'b'.repeat(1000));
  await rename(`${file}.new`, file);
}

async function copyBack(file: string): Promise<void> {
  execFileSync('cp', ['-a', file, `${file}.new`]);
  await rename(`${file}.new`, file);
}
