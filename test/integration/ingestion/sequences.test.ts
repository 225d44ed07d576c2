/** The sequence of a row: where it comes from, and that nothing changes it afterwards. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { literalTextList } from '../../../engine/sql.ts';
import { planIngestion } from '../../../ingestion/plan-ingestion.ts';
import { publishIngestion } from '../../../ingestion/publish-ingestion.ts';
import { stageGroup } from '../../../ingestion/stage-group.ts';
import { sourceOf } from './fixtures.ts';
import { eachInWorld, manifestOf, type World } from './world.ts';

let world: World;
eachInWorld((opened) => (world = opened));

const events = () => sourceOf(join(world.folder.path, '*.csv'), { ts: 'timestamp', key: 'string' });
const write = (name: string, ...keys: readonly string[]) =>
  world.folder.write(name, ['ts,key', ...keys.map((key) => `2024-01-01,${key}`), ''].join('\n'));

/** Key to sequence, as the lake has it. */
async function sequences(): Promise<Readonly<Record<string, bigint>>> {
  const { files } = await world.catalog.tables.files(world.table);
  const paths = await Promise.all(files.map(({ path }) => world.lake.localPath(path)));
  const select = `SELECT key, __seq FROM read_parquet(${literalTextList(paths)}, union_by_name = true)`;
  const rows = await world.engine.session((session) => session.rows(select));
  return Object.fromEntries(rows.map(({ key, __seq }) => [key as string, __seq as bigint]));
}

function plan(runId: string) {
  return planIngestion(world, { manifest: manifestOf(world.project, events()), source: 'events', runId });
}

async function finish({ planUri, groups }: Awaited<ReturnType<typeof plan>>): Promise<void> {
  for (let group = 0; group < groups; group++) await stageGroup(world, { planUri, group });
  await publishIngestion(world, { planUri });
}

test('follows the byte order of the paths, and the order of the rows in a file', async () => {
  // in UTF-16 the two last names stand the other way round
  await write('\u{1F600}.csv', 'f');
  await write('\uFF5E.csv', 'e');
  await write('b.csv', 'd', 'c');
  await write('a.csv', 'b', 'a');
  await world.ingest(events());
  expect(await sequences()).toEqual({ b: 1n, a: 2n, d: 3n, c: 4n, e: 5n, f: 6n });
});

test('is reserved by the plan, before anything is written, and is the same for every run of an input', async () => {
  await write('a.csv', 'a');
  const first = await plan('first');
  await write('b.csv', 'b');
  const second = await plan('second');
  await finish(second);
  await finish(first);
  expect(await sequences()).toEqual({ a: 1n, b: 2n });
});

test('stays with a row whose file is written again without its neighbours', async () => {
  await write('a.csv', 'a', 'b');
  await write('c.csv', 'c', 'd');
  await world.ingest(events());
  const [before] = (await world.catalog.tables.files(world.table)).files;
  await write('a.csv', 'e');
  await world.ingest(events());
  const { files } = await world.catalog.tables.files(world.table);
  expect(files.map(({ id }) => id)).not.toContain(before!.id);
  expect(await sequences()).toEqual({ c: 3n, d: 4n, e: 5n });
});
