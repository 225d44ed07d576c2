/** Rows that were set aside: listed with their reasons, taken back in exactly once when rules were mended, or dropped. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ExpectationManifest } from '../../../contracts/manifest.ts';
import { parseInstant } from '../../../contracts/time.ts';
import { dropRows } from '../../../ingestion/drop-rows.ts';
import {
  countQuarantined,
  openQuarantine,
  quarantineTotals,
  readQuarantined,
  type QuarantineFilter,
} from '../../../ingestion/quarantined-rows.ts';
import { replayRows } from '../../../ingestion/replay-rows.ts';
import { checkLake } from '../../../lake/fsck.ts';
import { expectationOf, sourceOf } from './fixtures.ts';
import { eachInWorld, manifestOf, openTestCatalog, openWorld, type World } from './world.ts';

let world: World;
eachInWorld((opened) => (world = opened));

const SCHEMA = { ts: 'timestamp', key: 'string', n: 'int64' } as const;
const csv = (...rows: readonly string[]): string => `ts,key,n\n${rows.map((row) => `${row}\n`).join('')}`;
const between = (most: number, options: Partial<ExpectationManifest> = {}): ExpectationManifest =>
  expectationOf(
    'expect_column_values_to_be_between',
    { column: 'n', min_value: 0, max_value: most },
    { onFailure: 'quarantine', ...options },
  );
const hasKey = expectationOf('expect_column_values_to_not_be_null', { column: 'key' }, { onFailure: 'quarantine' });
const events = (...expectations: readonly ExpectationManifest[]) =>
  sourceOf(join(world.folder.path, '*.csv'), SCHEMA, { expectations });

const replay = (filter: Omit<QuarantineFilter, 'status'>, ...rules: readonly ExpectationManifest[]) =>
  replayRows(world, {
    manifest: manifestOf(world.project, events(...rules)),
    source: 'events',
    filter,
    runId: randomUUID(),
  });

async function inQuarantine(filter: QuarantineFilter = {}) {
  return world.engine.session(async (session) => {
    const relation = await openQuarantine(world, session, { project: world.project, name: 'events' });
    if (relation === undefined) return undefined;
    return {
      totals: await quarantineTotals(session, relation),
      counts: await countQuarantined(session, relation),
      rows: await readQuarantined(session, relation, filter, 100),
    };
  });
}

/** Nothing is lost, nothing counts twice, and the books say so. */
async function expectSound(): Promise<void> {
  const { catalog, lake, engine, project, table } = world;
  expect(await checkLake({ catalog, lake, engine, project })).toMatchObject({ problems: [], orphans: [] });
  const accounts = await catalog.tables.conservation(table);
  const sum = (pick: (account: (typeof accounts)[number]) => number) =>
    accounts.reduce((all, one) => all + pick(one), 0);
  const totals = (await inQuarantine())?.totals ?? { open: 0, dropped: 0, replaced: 0, replayed: 0 };
  expect(sum(({ quarantined }) => quarantined)).toBe(totals.open + totals.dropped + totals.replaced);
}

const FIRST = csv('2024-01-01,a,1', '2024-01-02,b,200', '2024-01-03,,3', '2024-01-03,,400', ',e,5');

test('rows are listed with place, reasons and how they stood in their input', async () => {
  expect(await inQuarantine()).toBeUndefined();
  await world.folder.write('a.csv', FIRST);
  const noTime = expectationOf('expect_column_values_to_not_be_null', { column: 'ts' }, { onFailure: 'quarantine' });
  await world.ingest(events(between(100), hasKey, noTime));
  const found = await inQuarantine();
  expect(found?.totals).toEqual({ open: 4, replayed: 0, dropped: 0, replaced: 0 });
  expect(found?.counts.map(({ rule, rows, status }) => [rule, rows, status])).toEqual([
    ['expect_column_values_to_be_between(column: n, min_value: 0, max_value: 100)', 2, 'open'],
    ['expect_column_values_to_not_be_null(column: key)', 2, 'open'],
    ['expect_column_values_to_not_be_null(column: ts)', 1, 'open'],
  ]);
  expect(found?.rows.map(({ id, row, raw, event }) => [id, row, raw, event])).toEqual([
    [2n, 2n, '{"ts":"2024-01-02","key":"b","n":"200"}', parseInstant('2024-01-02')],
    [3n, 3n, '{"ts":"2024-01-03","key":null,"n":"3"}', parseInstant('2024-01-03')],
    [4n, 4n, '{"ts":"2024-01-03","key":null,"n":"400"}', parseInstant('2024-01-03')],
    [5n, 5n, '{"ts":null,"key":"e","n":"5"}', null],
  ]);
  expect(found?.rows[2]?.rules).toHaveLength(2);
  expect((await inQuarantine({ rule: 'column: key' }))?.rows.map(({ id }) => id)).toEqual([3n, 4n]);
  expect((await inQuarantine({ ids: [2n, 5n] }))?.rows.map(({ id }) => id)).toEqual([2n, 5n]);
  await expectSound();
});

test('rows that hold by mended rules come back under their sequences, once; the others stay', async () => {
  await world.folder.write('a.csv', FIRST.replace(',e,5\n', ''));
  await world.ingest(events(between(100), hasKey));
  expect(await replay({}, between(100), hasKey)).toEqual({ replayed: 0, left: 3, snapshot: null });
  expect(await replay({}, between(300), hasKey)).toEqual({ replayed: 1, left: 2, snapshot: 2 });
  expect(await replay({ ids: [3n] }, between(300))).toEqual({ replayed: 1, left: 0, snapshot: 3 });
  expect(await replay({}, between(300), hasKey)).toEqual({ replayed: 0, left: 1, snapshot: null });
  expect((await inQuarantine())?.totals).toEqual({ open: 1, replayed: 2, dropped: 0, replaced: 0 });
  expect((await world.rows()).map(({ key, n }) => [key, n])).toEqual([
    ['a', 1n],
    ['b', 200n],
    [null, 3n],
  ]);
  await expectSound();
});

test('of replays at the same time one takes a row', async () => {
  await world.folder.write('a.csv', FIRST.replace(',e,5\n', ''));
  await world.ingest(events(between(100), hasKey));
  const all = await Promise.all(Array.from({ length: 4 }, () => replay({})));
  expect(all.map(({ replayed }) => replayed).sort()).toEqual([0, 0, 0, 3]);
  expect(await world.rows()).toHaveLength(4);
  await expectSound();
});

test('rows of an input that was replaced do not come back, and those that came go with it', async () => {
  await world.folder.write('a.csv', csv('2024-01-01,a,1', '2024-01-02,b,200', '2024-01-02,c,300'));
  await world.ingest(events(between(100)));
  expect(await replay({}, between(250))).toMatchObject({ replayed: 1, left: 1 });
  await world.folder.write('a.csv', csv('2024-01-01,a,1', '2024-01-05,d,500'));
  await world.ingest(events(between(100)));
  expect((await inQuarantine())?.totals).toEqual({ open: 1, replayed: 0, dropped: 0, replaced: 2 });
  expect(await replay({}, between(1000))).toMatchObject({ replayed: 1, left: 0 });
  expect((await world.rows()).map(({ key }) => key)).toEqual(['a', 'd']);
});

test('rows that are dropped are replayed no more', async () => {
  await world.folder.write('a.csv', csv('2024-01-01,a,1', '2024-01-02,b,200', '2024-01-02,c,300'));
  await world.ingest(events(between(100)));
  const drop = (filter: Omit<QuarantineFilter, 'status'>) =>
    dropRows(world, { project: world.project, source: 'events', filter, runId: 'r' });
  expect(await drop({ ids: [2n] })).toBe(1);
  expect(await drop({ ids: [2n] })).toBe(0);
  expect(await replay({}, between(1000))).toMatchObject({ replayed: 1, left: 0 });
  expect(await drop({})).toBe(0);
  expect((await inQuarantine())?.totals).toEqual({ open: 0, replayed: 1, dropped: 1, replaced: 0 });
  expect((await world.rows()).map(({ key }) => key)).toEqual(['a', 'c']);
  await expectSound();
});

test('a rule that says fail refuses all of a replay, and nothing moves', async () => {
  await world.folder.write('a.csv', csv('2024-01-02,b,200', '2024-01-02,c,300'));
  await world.ingest(events(between(100)));
  await expect(replay({}, between(250, { onFailure: 'fail' }))).rejects.toMatchObject({ code: 'QUALITY_GATE' });
  expect((await inQuarantine())?.totals.open).toBe(2);
  expect(await world.rows()).toEqual([]);
  await expectSound();
});

test(
  'what was replayed is what an ingestion by the mended rules would have committed',
  { timeout: 120_000 },
  async () => {
    const shared = await openTestCatalog();
    const value = fc.option(fc.integer({ min: 0, max: 9 }), { freq: 5 });
    const line = fc.tuple(
      fc.integer({ min: 1, max: 5 }),
      fc.option(fc.constantFrom('x', 'y', '"'), { freq: 4 }),
      value,
    );
    const rulesOf = (most: number, keyed: boolean) => [between(most), ...(keyed ? [hasKey] : [])];
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(line, { maxLength: 8 }), { minLength: 1, maxLength: 3 }),
          fc.tuple(fc.nat(9), fc.boolean()),
          fc.array(fc.tuple(fc.nat(9), fc.boolean()), { maxLength: 2 }),
          async (files, first, steps) => {
            await using one = await openWorld(shared);
            await using other = await openWorld(shared);
            const last = steps.at(-1) ?? first;
            // rules only grow milder: a row that was committed is never looked at again
            const milder = [...steps].sort((a, b) => a[0] - b[0] || Number(b[1]) - Number(a[1]));
            fc.pre(milder.every(([most, keyed]) => most >= first[0] && (first[1] || !keyed)));
            for (const each of [one, other]) {
              for (const [index, lines] of files.entries()) {
                const text = lines.map(
                  ([day, key, n]) => `2024-01-0${day},${key === '"' ? '""""' : (key ?? '')},${n ?? ''}`,
                );
                await each.folder.write(`${index}.csv`, csv(...text));
              }
            }
            const sourceIn = (each: World, rules: readonly ExpectationManifest[]) =>
              sourceOf(join(each.folder.path, '*.csv'), SCHEMA, { expectations: rules });
            await one.ingest(sourceIn(one, rulesOf(...first)));
            for (const step of milder) {
              const manifest = manifestOf(one.project, sourceIn(one, rulesOf(...step)));
              await replayRows(one, { manifest, source: 'events', filter: {}, runId: randomUUID() });
            }
            const reached = milder.at(-1) ?? last;
            const manifest = manifestOf(one.project, sourceIn(one, rulesOf(...reached)));
            await replayRows(one, { manifest, source: 'events', filter: {}, runId: randomUUID() });
            const united = milder.reduce(([most, keyed], step) => [Math.max(most, step[0]), keyed && step[1]], first);
            fc.pre(united[0] === reached[0] && united[1] === reached[1]);
            await other.ingest(sourceIn(other, rulesOf(...reached)));
            expect(await one.rows()).toEqual(await other.rows());
          },
        ),
        { numRuns: 8 },
      );
    } finally {
      await shared[Symbol.asyncDispose]();
    }
  },
);
