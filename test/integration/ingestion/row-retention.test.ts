/** A source's own retention: rows that are older go, and every account knows it. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { foldLedger } from '../../../catalog/ledger.ts';
import { MICROS_PER_DAY, parseInstant } from '../../../contracts/time.ts';
import { expireRows } from '../../../ingestion/expire-rows.ts';
import { checkLake } from '../../../lake/fsck.ts';
import { ledgerAppend } from '../../support/commits.ts';
import { sourceOf } from './fixtures.ts';
import { eachInWorld, viewOf, type World } from './world.ts';

let world: World;
eachInWorld((opened) => (world = opened));

const at = (text: string): bigint => parseInstant(text)!;
const DAY = MICROS_PER_DAY;
const events = (retentionMicros?: number) =>
  sourceOf(
    join(world.folder.path, '*.csv'),
    { ts: 'timestamp', key: 'string', n: 'int64' },
    retentionMicros === undefined ? {} : { retentionMicros },
  );
const csv = (...rows: readonly string[]): string => `ts,key,n\n${rows.map((row) => `${row}\n`).join('')}`;
const keys = async (): Promise<unknown[]> => (await world.rows()).map(({ key }) => key);
const views = [{ name: 'latest', fingerprint: 'f1', offline: true }];
const expire = (retention: number | undefined, now: string) =>
  expireRows(world, { project: world.project, source: events(retention), views, now: at(now), runId: 'run' });

/** An old file, one across the boundary, a new one; the boundary is 2024-01-03. */
async function ingestThree(): Promise<void> {
  await world.folder.write('a.csv', csv('2024-01-01T10:00,a1,1', '2024-01-01T11:00,a2,2'));
  await world.ingest(events());
  await world.folder.write('b.csv', csv('2024-01-02T23:59:59.999999,b1,1', '2024-01-03,b2,2', '2024-01-02,b3,3'));
  await world.ingest(events());
  await world.folder.write('c.csv', csv('2024-01-05,c1,1'));
  await world.ingest(events());
}

test('rows of days that the retention leaves behind go, whole files and parts; the others keep their sequences', async () => {
  await ingestThree();
  expect(await expire(10 * DAY, '2024-01-13T18:00')).toEqual({ rows: 4, before: at('2024-01-03') });
  expect(await keys()).toEqual(['b2', 'c1']);
  const [snapshot] = (await world.catalog.tables.snapshots(world.table)).slice(-1);
  expect(snapshot).toMatchObject({ id: 4, operation: 'expire', rowsAdded: 1, rowsRemoved: 5 });
  const changes = await world.catalog.tables.changes(world.table, 3, 4);
  expect(changes.removedSequences).toEqual([
    { start: 1n, end: 4n },
    { start: 5n, end: 6n },
  ]);
  // the rest of a file is not new
  expect(changes.files).toEqual([]);
  expect((await world.catalog.tables.files(world.table, 3)).files).toHaveLength(3);
});

test('the account says so, and fsck agrees', async () => {
  await ingestThree();
  await expire(10 * DAY, '2024-01-13T18:00');
  const accounts = await world.catalog.tables.conservation(world.table);
  expect(accounts.map(({ range, committed, expired }) => [range.from, committed, expired])).toEqual([
    [at('2024-01-01'), 2, 2],
    [at('2024-01-02'), 2, 2],
    [at('2024-01-03'), 1, undefined],
    [at('2024-01-05'), 1, undefined],
  ]);
  expect(await checkLake({ ...world, deep: true })).toMatchObject({ problems: [], orphans: [] });
});

test('the days are dirty for the views that were done', async () => {
  await ingestThree();
  const key = { project: world.project, view: 'latest', fingerprint: 'f1', store: 'offline' } as const;
  const done = ledgerAppend('done', at('2024-01-01'), at('2024-01-06'), { ...key, inputSnapshot: 3 });
  await world.catalog.intervals.append([done]);
  await expire(10 * DAY, '2024-01-13T18:00');
  expect(foldLedger(await world.catalog.intervals.entries(key))).toEqual({
    done: [{ from: at('2024-01-03'), to: at('2024-01-06') }],
    dirty: [{ from: at('2024-01-01'), to: at('2024-01-03') }],
    late: [],
  });
});

test('again changes nothing, and what goes later is what became old', async () => {
  await ingestThree();
  await expire(10 * DAY, '2024-01-13');
  expect(await expire(10 * DAY, '2024-01-13T23:59')).toMatchObject({ rows: 0 });
  expect(await world.catalog.tables.head(world.table)).toBe(4);
  expect(await expire(10 * DAY, '2024-01-14')).toMatchObject({ rows: 1 });
  expect(await keys()).toEqual(['c1']);
  expect((await checkLake({ ...world, deep: true })).problems).toEqual([]);
});

test('nothing goes that nobody declared', async () => {
  await ingestThree();
  expect(await expire(undefined, '2124-01-01')).toEqual({ rows: 0, before: null });
  expect(await world.catalog.tables.head(world.table)).toBe(3);
});

test('an ingestion that comes between is seen', async () => {
  await ingestThree();
  let waiting = true;
  const tables: World['catalog']['tables'] = {
    ...world.catalog.tables,
    async commit(commit) {
      if (waiting) {
        waiting = false;
        await world.folder.write('a.csv', csv('2024-01-01T10:00,changed,1'));
        await world.ingest(events());
      }
      return world.catalog.tables.commit(commit);
    },
  };
  const request = { project: world.project, source: events(10 * DAY), views: [viewOf('v', 'f')], runId: 'r' };
  const catalog = { ...world.catalog, tables };
  expect(await expireRows({ ...world, catalog }, { ...request, now: at('2024-01-13') })).toMatchObject({ rows: 3 });
  expect(await keys()).toEqual(['b2', 'c1']);
  expect((await checkLake({ ...world, deep: true })).problems).toEqual([]);
});
