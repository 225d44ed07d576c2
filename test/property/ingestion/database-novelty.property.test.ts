/** What is taken of a table that changes between reads, against bookkeeping of everything that was ever taken. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DatabasePosition } from '../../../contracts/lake.ts';
import type { DatabaseSourceManifest } from '../../../contracts/manifest.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine } from '../../../engine/engine.ts';
import { FRESH_ROWS, judgeRows, positionAfter } from '../../../ingestion/database-novelty.ts';
import { LocalLake } from '../../../lake/local-lake.ts';
import type { DatabaseColumn, DatabaseConnection } from '../../../sources/databases/connection.ts';
import { fetchRows } from '../../../sources/databases/fetched-rows.ts';
import { planReading } from '../../../sources/reading.ts';
import { databaseSourceOf } from '../../integration/ingestion/fixtures.ts';

interface Row {
  readonly id: number;
  /** Null for a row that the cursor does not order. */
  readonly tick: number | null;
  readonly n: number;
}

const COLUMNS: readonly DatabaseColumn[] = ['id', 'tick', 'n'].map((name) => ({
  name,
  type: 'bigint',
  content: 'integer',
}));
const textOf = ({ id, tick, n }: Row): readonly (string | null)[] => [
  `${id}`,
  tick === null ? null : `${tick}`,
  `${n}`,
];

let directory: string;
let engine: Engine;
let lake: LocalLake;
beforeAll(async () => {
  directory = await realpath(await mkdtemp(path.join(tmpdir(), 'asof-novelty-')));
  lake = await LocalLake.open(path.join(directory, 'lake'), 'novelty');
  engine = await openEngine({
    ...{ memoryLimit: '512MB', threads: 1, tempDirectory: path.join(directory, 'spill') },
    allowedDirectories: [directory],
  });
});
afterAll(async () => {
  await engine?.close();
  await rm(directory, { recursive: true, force: true });
});

function sourceWith(cursor: boolean, keyed: boolean): DatabaseSourceManifest {
  return databaseSourceOf({
    ...{ cursor: cursor ? 'tick' : null, primaryKey: keyed ? ['id'] : [], timestamp: 'tick' },
    columns: [
      { name: 'id', type: 'int64', from: 'id' },
      // both its cursor and its event time
      { name: 'tick', type: 'timestamp[s]', from: 'tick' },
      { name: 'n', type: 'int64', from: 'n' },
    ],
  });
}

/** One read of a table that holds `rows`. */
async function read(source: DatabaseSourceManifest, rows: readonly Row[], before: DatabasePosition | undefined) {
  return engine.session(async (session) => {
    const from = before?.value ?? null;
    const shown = rows.filter(({ tick }) => from === null || tick === null || tick >= Number(from));
    const connection: DatabaseConnection = {
      columns: () => Promise.resolve(COLUMNS),
      now: () => Promise.resolve(0n),
      async *rows() {
        if (shown.length > 0) yield shown.map(textOf);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const fetched = await fetchRows(session, connection, { columns: COLUMNS, cursor: null });
    const work = { source, fetched, reading: planReading(source, 'table t', fetched.relation), before };
    await judgeRows(session, lake, work);
    const fresh = await session.rows(
      `SELECT * FROM (${fetched.relation.sql}) SEMI JOIN ${FRESH_ROWS} USING (__row) ORDER BY __row`,
    );
    const taken = fresh.map(({ __c0, __c1, __c2 }) =>
      [__c0, __c1, __c2].map((value) => (value === null ? null : String(value))),
    );
    return { taken, position: taken.length === 0 ? before : await positionAfter(session, lake, work) };
  });
}

/** Changes to the table between two reads: a row is put, with the clock standing still or going on, or goes. */
const change = fc.record({
  id: fc.integer({ min: 1, max: 5 }),
  n: fc.integer({ min: 1, max: 2 }),
  advance: fc.integer({ min: 0, max: 1 }),
  kind: fc.constantFrom('put' as const, 'put' as const, 'put' as const, 'unordered' as const, 'delete' as const),
});
const history = fc.array(fc.array(change, { maxLength: 6 }), { minLength: 1, maxLength: 4 });

const bag = (rows: readonly (readonly (string | null)[])[]): readonly string[] =>
  rows.map((row) => JSON.stringify(row)).sort();

it.each([true, false])(
  'of a table with a key every version is taken once: cursor %s',
  async (cursor) => {
    const source = sourceWith(cursor, true);
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const table = new Map<number, Row>();
        let clock = 0;
        let position: DatabasePosition | undefined;
        let last = new Set<string>();
        const ever = new Set<string>();
        for (const step of steps) {
          for (const { id, n, advance, kind } of step) {
            clock += advance;
            if (kind === 'delete') table.delete(id);
            else table.set(id, { id, n, tick: kind === 'put' ? clock : null });
          }
          const result = await read(source, [...table.values()], position);
          position = result.position;
          const rows = [...table.values()].map((row) => JSON.stringify(textOf(row)));
          // with a cursor a version is told by its content; without one, by what the row was at the last read that took anything
          const expected = cursor
            ? rows.filter((row) => !ever.has(row) || (JSON.parse(row) as unknown[])[1] === null)
            : rows.filter((row) => !last.has(row));
          const taken = bag(result.taken);
          if (cursor) {
            // a row that nothing orders and that came back to what it was may or may not be new
            const sure = expected.filter((row) => !ever.has(row));
            expect(taken).toEqual(expect.arrayContaining(sure));
            expect(expected).toEqual(expect.arrayContaining([...taken]));
          } else {
            expect(taken).toEqual([...expected].sort());
          }
          for (const row of rows) ever.add(row);
          if (taken.length > 0) last = new Set(rows);
        }
      }),
      { numRuns: 20 },
    );
  },
  300_000,
);

it('of a table without a key equal rows are taken as often as there are more of them', async () => {
  const source = sourceWith(false, false);
  const rows = fc.array(fc.record({ id: fc.constant(1), n: fc.integer({ min: 1, max: 3 }), tick: fc.constant(1) }), {
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(rows, { minLength: 1, maxLength: 4 }), async (states) => {
      let position: DatabasePosition | undefined;
      let before = new Map<number, number>();
      for (const state of states) {
        const counts = new Map<number, number>();
        for (const { n } of state) counts.set(n, (counts.get(n) ?? 0) + 1);
        const result = await read(source, state, position);
        position = result.position;
        const expected = [...counts].flatMap(([n, count]) =>
          Array.from({ length: Math.max(0, count - (before.get(n) ?? 0)) }, () => ['1', '1', `${n}`]),
        );
        expect(bag(result.taken)).toEqual(bag(expected));
        if (expected.length > 0) before = counts;
      }
    }),
    { numRuns: 20 },
  );
}, 300_000);
