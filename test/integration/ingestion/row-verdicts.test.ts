import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ExpectationManifest } from '../../../contracts/manifest.ts';
import type { Engine } from '../../../engine/engine.ts';
import { rejectRows, REJECTED_TABLE } from '../../../ingestion/rejected-rows.ts';
import { fillStagedTable, STAGED_TABLE } from '../../../ingestion/staged-table.ts';
import { compileBulkRules } from '../../../quality/bulk-rules.ts';
import { openSource } from '../../../sources/open-source.ts';
import { expectationOf, openFolder, openTestEngine, sourceOf, type Folder } from './fixtures.ts';

// several sessions of many statements, which a busy machine takes its time for
vi.setConfig({ testTimeout: 240_000 });

let folder: Folder;
let engine: Engine;
let path: string;
beforeAll(async () => {
  folder = await openFolder();
  engine = await openTestEngine(folder);
  // every 7th number cannot be read, every 5th key and every 11th name is missing
  const lines = Array.from({ length: 3000 }, (_, n) =>
    [
      `2024-01-0${1 + (n % 9)}`,
      n % 5 === 0 ? '' : `k${n % 13}`,
      n % 7 === 0 ? 'x' : n - 100,
      n % 11 === 0 ? '' : `"n${n % 4}"`,
    ].join(','),
  );
  path = await folder.write('a.csv', ['ts,key,n,name', ...lines, ''].join('\n'));
});
afterAll(async () => {
  await engine.close();
  await folder[Symbol.asyncDispose]();
});

const quarantine = { onFailure: 'quarantine' } as const;
const EXPECTATIONS = [
  expectationOf('expect_column_values_to_not_be_null', { column: 'key' }, quarantine),
  expectationOf('expect_column_values_to_be_between', { column: 'n', min_value: 0 }, quarantine),
  expectationOf('expect_column_values_to_match_regex', { column: 'name', regex: '[0-2]$' }, { onFailure: 'warn' }),
  expectationOf(
    'expect_column_pair_values_a_to_be_greater_than_b',
    { column_A: 'name', column_B: 'key', row_condition: 'col("n") > 1000' },
    { onFailure: 'warn' },
  ),
];

/** What is counted, stays and leaves. */
function judge(inBulk: boolean, expectations: readonly ExpectationManifest[]) {
  const source = sourceOf(
    path,
    { ts: 'timestamp', key: 'string', n: 'int64', name: 'string' },
    { contract: { columns: 'evolve', types: 'quarantine' }, expectations },
  );
  return engine.session(async (session) => {
    const opened = openSource(source);
    const [file] = await opened.list();
    const inputs = [{ reading: await opened.read(session, file!), sequenceStart: 0n, take: null, skip: [] }];
    await fillStagedTable(session, source, inputs);
    const counts = await rejectRows(session, source, inputs, { inBulk });
    const stay = await session.rows(`SELECT * FROM ${STAGED_TABLE} ORDER BY ALL`);
    const leave = await session.rows(`SELECT * FROM ${REJECTED_TABLE} ORDER BY ALL`);
    return { counts, stay, leave };
  });
}

describe('rows of a bulk', () => {
  test('are counted, stay and leave in SQL as they do one by one', async () => {
    const [bulk, single] = [await judge(true, EXPECTATIONS), await judge(false, EXPECTATIONS)];
    expect(bulk).toEqual(single);
    const numbers = Array.from({ length: 3000 }, (_, n) => n).filter((n) => n % 7 !== 0);
    const kept = numbers.filter((n) => n % 5 !== 0 && n >= 100);
    expect(bulk.stay).toHaveLength(kept.length);
    expect(bulk.leave).toHaveLength(3000 - kept.length);
    expect(bulk.leave.find(({ __seq }) => __seq === 5n)).toMatchObject({
      rules: [
        'expect_column_values_to_not_be_null(column: key)',
        'expect_column_values_to_be_between(column: n, min_value: 0)',
      ],
    });
    expect(bulk.counts).toEqual([
      { elements: numbers.length, missing: 0, unexpected: numbers.filter((n) => n % 5 === 0).length },
      { elements: numbers.length, missing: 0, unexpected: numbers.filter((n) => n < 100).length },
      {
        elements: kept.length,
        missing: kept.filter((n) => n % 11 === 0).length,
        unexpected: kept.filter((n) => n % 11 !== 0 && n % 4 === 3).length,
      },
      {
        elements: kept.filter((n) => n > 1100).length,
        missing: 0,
        unexpected: kept.filter((n) => n > 1100 && n % 11 === 0).length,
      },
    ]);
  });

  test('are judged one by one beside a rule that SQL cannot judge', async () => {
    const schema = expectationOf(
      'expect_column_values_to_match_json_schema',
      { column: 'name', json_schema: {} },
      { onFailure: 'warn' },
    );
    const expectations = [...EXPECTATIONS, schema];
    const { counts } = await judge(true, expectations);
    expect(counts).toEqual((await judge(false, expectations)).counts);
    expect(counts[4]!.unexpected).toBe(counts[4]!.elements - counts[4]!.missing);
    expect(compileBulkRules(sourceOf(path, { name: 'string' }, { expectations: [schema] }))).toBeUndefined();
  });

  test('of a source without rules, and none at all, have no counts to tell', async () => {
    expect((await judge(true, [])).counts).toEqual([]);
    expect((await judge(true, EXPECTATIONS.slice(0, 1))).counts).toHaveLength(1);
  });
});
