/** A source whose declared columns change: what is stored stays as it is, and is read as the reader's definitions say. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FeatureViewManifest, FileSourceManifest } from '../../../contracts/manifest.ts';
import { eventRelation } from '../../../offline/event-relation.ts';
import { compactSource } from '../../../ingestion/compact-source.ts';
import { checkLake } from '../../../lake/fsck.ts';
import { sourceOf } from './fixtures.ts';
import { eachInWorld, viewOf, type World } from './world.ts';

let world: World;
eachInWorld((opened) => (world = opened));

const VIEW: FeatureViewManifest = { ...viewOf('latest', 'f'), keys: [{ name: 'key', type: 'string', column: 'key' }] };

const source = (schema: Parameters<typeof sourceOf>[1], options: Parameters<typeof sourceOf>[2] = {}) =>
  sourceOf(join(world.folder.path, '*.csv'), schema, options);

/** Each file is ingested under the definitions of its time. */
async function ingest(name: string, text: string, { ...definitions }: FileSourceManifest): Promise<void> {
  const path = await world.folder.write(name, text);
  await world.ingest({ ...definitions, path });
}

/** Values of a column at a snapshot, as these definitions read them, in order of the sequence. */
async function read(definitions: FileSourceManifest, column: string, snapshot?: number): Promise<readonly unknown[]> {
  const { files } = await world.catalog.tables.files(world.table, snapshot);
  const at = await Promise.all(
    files.map(async (file) => ({ localPath: await world.lake.localPath(file.path), columns: file.columns })),
  );
  const relation = eventRelation({ files: at, table: 'source', view: VIEW, source: definitions, columns: [column] });
  const rows = await world.engine.session((session) => session.rows(`SELECT * FROM (${relation}) ORDER BY __seq`));
  return rows.map((row) => row[column]);
}

const first = () => source({ ts: 'timestamp', key: 'string', n: 'int64' });
const BIG = '9007199254740993';

test('an added column is null in the rows from before, and old definitions do not see it', async () => {
  await ingest('a.csv', 'ts,key,n\n2024-01-01,a,1\n', first());
  const second = source({ ts: 'timestamp', key: 'string', n: 'int64', more: 'float64' });
  await ingest('b.csv', 'ts,key,n,more\n2024-01-02,b,2,2.5\n', second);
  expect(await read(second, 'more')).toEqual([null, 2.5]);
  expect(await read(first(), 'n')).toEqual([1n, 2n]);
  await compactSource(world, { project: world.project, source: second, runId: 'r' });
  expect(await read(second, 'more')).toEqual([null, 2.5]);
  expect(await read(first(), 'n', 1)).toEqual([1n]);
});

test('an integer that became a float is read as one, and stays exact for old definitions and old snapshots', async () => {
  await ingest('a.csv', `ts,key,n\n2024-01-01,a,${BIG}\n`, first());
  const second = source({ ts: 'timestamp', key: 'string', n: 'float64' });
  await ingest('b.csv', 'ts,key,n\n2024-01-02,b,2.5\n', second);
  expect(await read(second, 'n')).toEqual([Number(BIG), 2.5]);
  expect(await read(first(), 'n', 1)).toEqual([BigInt(BIG)]);
  await compactSource(world, { project: world.project, source: second, runId: 'r' });
  expect(await read(first(), 'n', 1)).toEqual([BigInt(BIG)]);
  expect((await world.catalog.tables.files(world.table)).files).toHaveLength(2);
});

test('a removed column is still read by the definitions that had it', async () => {
  await ingest('a.csv', 'ts,key,n\n2024-01-01,a,1\n', first());
  const second = source({ ts: 'timestamp', key: 'string' });
  await ingest('b.csv', 'ts,key\n2024-01-02,b\n', second);
  expect(await read(first(), 'n')).toEqual([1n, null]);
  expect(await read(second, 'key')).toEqual(['a', 'b']);
});

test('a column that is called differently from now on is another column: null before, and the old one stays', async () => {
  await ingest('a.csv', 'ts,key,n\n2024-01-01,a,1\n', first());
  const second = source({ ts: 'timestamp', key: 'string', amount: 'int64' }, { rename: { amount: 'n' } });
  await ingest('b.csv', 'ts,key,n\n2024-01-02,b,2\n', second);
  expect(await read(second, 'amount')).toEqual([null, 2n]);
  expect(await read(first(), 'n')).toEqual([1n, null]);
  expect((await checkLake({ ...world, deep: true })).problems).toEqual([]);
});

test('the edges of time and of floats survive ingestion and compaction, and fsck agrees', async () => {
  const edges = source({ ts: 'timestamp', key: 'string', x: 'float64' });
  const values = [NaN, Infinity, -Infinity, -0];
  const times = ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z', '2024-03-31T01:30:00+02:00', '2024-01-01'];
  const texts = ['NaN', 'Infinity', '-Infinity', '-0'];
  for (const [index, text] of texts.entries()) {
    await ingest(`${index}.csv`, `ts,key,x\n${times[index]},k,${text}\n`, edges);
  }
  expect(await read(edges, 'x')).toEqual(values);
  const before = await world.rows();
  expect(before.map(({ ts }) => ts)).toEqual([
    -62135596800000000n,
    253402300799999999n,
    1711841400000000n,
    1704067200000000n,
  ]);
  await compactSource(world, { project: world.project, source: edges, runId: 'r' });
  expect(await world.rows()).toEqual(before);
  expect((await checkLake({ ...world, deep: true })).problems).toEqual([]);
});

test('a key of a megabyte is stored whole, and its bounds are short', async () => {
  const key = 'k'.repeat(1_000_000);
  await ingest('a.csv', `ts,key,n\n2024-01-01,${key},1\n`, first());
  await ingest('b.csv', `ts,key,n\n2024-01-01,${key}2,1\n`, first());
  await compactSource(world, { project: world.project, source: first(), runId: 'r' });
  expect((await world.rows()).map((row) => String(row['key']).length)).toEqual([1_000_000, 1_000_001]);
  const [file] = (await world.catalog.tables.files(world.table)).files;
  expect(file?.statistics?.find(({ name }) => name === 'key')?.max?.length).toBeLessThan(70);
});
