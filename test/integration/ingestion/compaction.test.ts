/** Compaction of source tables: fewer files, the same table. */
import { randomUUID } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Catalog } from '../../../catalog/catalog.ts';
import type { EngineRow } from '../../../engine/engine.ts';
import { literalText, literalTextList } from '../../../engine/sql.ts';
import { compactSource } from '../../../ingestion/compact-source.ts';
import { checkLake } from '../../../lake/fsck.ts';
import { collectGarbage } from '../../../lake/gc.ts';
import { newSourceFilePath } from '../../../lake/paths.ts';
import { newCommit } from '../../support/commits.ts';
import { sourceOf } from './fixtures.ts';
import { eachInWorld, type World } from './world.ts';

let world: World;
eachInWorld((opened) => (world = opened));

const events = (schema: Parameters<typeof sourceOf>[1] = { ts: 'timestamp', key: 'string', n: 'int64' }) =>
  sourceOf(join(world.folder.path, '*.csv'), schema);
const csv = (...rows: readonly string[]): string => `ts,key,n\n${rows.map((row) => `${row}\n`).join('')}`;
const compact = (runId: string = randomUUID(), dependencies: Pick<World, 'catalog' | 'lake' | 'engine'> = world) =>
  compactSource(dependencies, { project: world.project, source: events(), runId });
const check = () => checkLake({ ...world, deep: true });

/** Every row of a snapshot with its sequence. */
async function rowsAt(snapshot?: number): Promise<readonly EngineRow[]> {
  const { files } = await world.catalog.tables.files(world.table, snapshot);
  const paths = await Promise.all(files.map(({ path }) => world.lake.localPath(path)));
  return world.engine.session((session) =>
    session.rows(`SELECT * FROM read_parquet(${literalTextList(paths)}, union_by_name = true) ORDER BY __seq`),
  );
}

async function ingestFiles(count: number, first = 0): Promise<void> {
  for (let index = first; index < first + count; index++) {
    const day = String((index % 9) + 1).padStart(2, '0');
    await world.folder.write(`${index}.csv`, csv(`2024-01-${day}T12:00,k${index},${index}`, `2024-01-09,z,${index}`));
    await world.ingest(events());
  }
}

describe('small files of a source', () => {
  test('become one with the same rows and sequences, in order of day and sequence; older snapshots stay', async () => {
    await ingestFiles(8);
    const before = await rowsAt();
    expect(await compact()).toMatchObject({ filesBefore: 8, filesAfter: 1, rows: 16 });
    const { snapshot, files } = await world.catalog.tables.files(world.table);
    expect({ snapshot, files: files.length }).toEqual({ snapshot: 9, files: 1 });
    expect(await rowsAt()).toEqual(before);
    expect(await rowsAt(8)).toEqual(before);
    const stored = await world.engine.session(async (session) =>
      session.rows(`SELECT ts, __seq FROM read_parquet(${literalText(await world.lake.localPath(files[0]!.path))})`),
    );
    const order = (row: EngineRow) => [(row['ts'] as bigint) / 86_400_000_000n, row['__seq'] as bigint] as const;
    const sorted = stored.toSorted((a, b) => {
      const [x, y] = [order(a), order(b)];
      return x[0] === y[0] ? Number(x[1] - y[1]) : Number(x[0] - y[0]);
    });
    expect(stored).toEqual(sorted);
    expect(await check()).toMatchObject({ problems: [], orphans: [] });
    expect(await compact()).toMatchObject({ filesBefore: 0 });
    expect(await world.catalog.tables.head(world.table)).toBe(9);
  });

  test('go on being ingested, replaced and counted', async () => {
    await ingestFiles(6);
    await compact();
    expect(await world.ingest(events())).toMatchObject({ inputs: 0, unchangedInputs: 6 });
    await world.folder.write('3.csv', csv('2024-01-04,changed,1'));
    expect(await world.ingest(events())).toMatchObject({ inputs: 1, committed: 1 });
    await ingestFiles(2, 6);
    expect((await world.rows()).map(({ key }) => key).sort()).toEqual(
      ['k0', 'k1', 'k2', 'k4', 'k5', 'k6', 'k7', 'changed', ...Array.from({ length: 7 }, () => 'z')].sort(),
    );
    await compact();
    expect(await check()).toMatchObject({ problems: [], orphans: [] });
  });

  test('of before a column was added have null there; of another type they stay apart', async () => {
    await ingestFiles(2);
    const wider = events({ ts: 'timestamp', key: 'string', n: 'int64', more: 'float64' });
    await world.folder.write('a.csv', 'ts,key,n,more\n2024-01-02,m,1,2.5\n');
    // the file without the new column would be refused, so only new ones are there
    const only = { ...wider, path: join(world.folder.path, 'a.csv') };
    await world.ingest(only);
    await world.folder.write('b.csv', 'ts,key,n,more\n2024-01-03,o,1,text\n');
    const other = events({ ts: 'timestamp', key: 'string', n: 'int64', more: 'string' });
    await world.ingest({ ...other, path: join(world.folder.path, 'b.csv') });
    expect(await compact()).toMatchObject({ filesBefore: 3, filesAfter: 1, rows: 5 });
    const { files } = await world.catalog.tables.files(world.table);
    const [merged, apart] = files.toSorted((a, b) => b.rows - a.rows);
    expect(merged?.statistics?.find(({ name }) => name === 'more')?.nulls).toBe(4);
    expect(apart?.columns).toContainEqual({ name: 'more', type: 'string' });
    expect(await check()).toMatchObject({ problems: [], orphans: [] });
  });
});

describe('a compaction', () => {
  test('lets an append pass that came between', async () => {
    await ingestFiles(4);
    const dependencies = { ...world, catalog: beforeCommit('compact', () => ingestFiles(1, 4)) };
    expect(await compact('r', dependencies)).toMatchObject({ filesBefore: 4, filesAfter: 1 });
    expect(await rowsAt()).toHaveLength(10);
    expect(await check()).toMatchObject({ problems: [], orphans: [] });
  });

  test('is planned again on the new head when a replacement came between, and brings back no row', async () => {
    await ingestFiles(4);
    const replace = async (): Promise<void> => {
      await world.folder.write('1.csv', csv('2024-01-02,new,1'));
      await world.ingest(events());
    };
    const dependencies = { ...world, catalog: beforeCommit('compact', replace) };
    expect(await compact('r', dependencies)).toMatchObject({ rows: 7, filesAfter: 1 });
    expect((await world.rows()).map(({ key }) => key).sort()).toEqual(['k0', 'k2', 'k3', 'new', 'z', 'z', 'z']);
    const { problems, orphans } = await check();
    expect(problems).toEqual([]);
    // what the first attempt had written
    expect(orphans).toHaveLength(1);
  });

  test('that came first makes a replacement look again', async () => {
    await ingestFiles(4);
    await world.folder.write('1.csv', csv('2024-01-02,new,1'));
    const catalog = beforeCommit('replace', async () => void (await compact()));
    await world.ingest(events(), { catalog });
    expect(await world.catalog.tables.snapshots(world.table)).toMatchObject([
      ...['append', 'append', 'append', 'append', 'compact', 'replace'].map((operation) => ({ operation })),
    ]);
    expect((await world.rows()).map(({ key }) => key).sort()).toEqual(['k0', 'k2', 'k3', 'new', 'z', 'z', 'z']);
    expect((await check()).problems).toEqual([]);
  });

  test('that would lose a row changes nothing', async () => {
    await ingestFiles(3);
    const { catalog, lake, table } = world;
    const { addedBy: _, rowsFrom: __, ...old } = (await catalog.tables.files(table)).files[0]!;
    // sound, but with a row less than the catalog says
    const file = newSourceFilePath('events', 0n);
    await copyFile(await lake.localPath(old.path), await lake.stagingPath(file.path));
    const add = [{ ...old, ...file, ...(await lake.publish(file.path)), rows: old.rows + 1 }];
    await catalog.tables.commit(newCommit({ table, operation: 'replace', base: 3, add, remove: [old.id] }));
    await expect(compact()).rejects.toMatchObject({ code: 'INTERNAL', message: /would make 6 rows .* of 7 rows/ });
    expect(await catalog.tables.head(table)).toBe(4);
  });

  test('that is cancelled leaves the table as it was', async () => {
    await ingestFiles(3);
    const abort = new AbortController();
    abort.abort();
    const request = { project: world.project, source: events(), runId: 'r' };
    const cancelled = compactSource(world, request, { signal: abort.signal });
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await world.catalog.tables.head(world.table)).toBe(3);
    expect(await check()).toMatchObject({ problems: [], orphans: [] });
  });
});

test('8 ingestions, 3 compactors and gc at once: every row is there once, and nothing is lost', async () => {
  await ingestFiles(4);
  const pushed = Array.from({ length: 8 }, async (_, index) => {
    const name = `${index + 4}.csv`;
    await world.folder.write(name, csv(`2024-01-0${index + 1},p${index},${index}`));
    await world.ingest({ ...events(), path: join(world.folder.path, name) });
  });
  const compactors = Array.from({ length: 3 }, async () => {
    for (let round = 0; round < 4; round++) await compact();
  });
  const collectors = Array.from({ length: 4 }, () => collectGarbage({ ...world }));
  await Promise.all([...pushed, ...compactors, ...collectors]);
  await compact();
  expect((await world.rows()).map(({ key }) => key).sort()).toEqual(
    [0, 1, 2, 3]
      .flatMap((n) => [`k${n}`, 'z'])
      .concat(Array.from({ length: 8 }, (_, n) => `p${n}`))
      .sort(),
  );
  expect((await check()).problems).toEqual([]);
  expect((await world.catalog.tables.files(world.table)).files.length).toBeLessThan(4);
});

/** The catalog, with something that happens just before the first commit of an operation. */
function beforeCommit(operation: string, happens: () => Promise<void>): Catalog {
  let waiting = true;
  const { catalog } = world;
  const tables: Catalog['tables'] = {
    ...catalog.tables,
    async commit(commit) {
      if (waiting && commit.operation === operation) {
        waiting = false;
        await happens();
      }
      return catalog.tables.commit(commit);
    },
  };
  return { ...catalog, tables };
}
