import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine, EngineRow } from '../../../engine/engine.ts';
import { identifierList, literalValue } from '../../../engine/sql.ts';
import { compileBulkRules } from '../../../quality/bulk-rules.ts';
import { compileRowRules } from '../../../quality/row-rules.ts';
import { ruleValue } from '../../../quality/rule-values.ts';
import { expectationOf } from '../../integration/ingestion/fixtures.ts';
import { COLUMNS, generatedRow, generatedRule, type Column, type Row, type Verdict } from './generated-rules.ts';

let directory: string;
let engine: Engine;
beforeAll(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'asof-verdicts-')));
  engine = await openEngine({
    memoryLimit: '512MB',
    threads: 1,
    tempDirectory: join(directory, 'spill'),
    allowedDirectories: [],
  });
});
afterAll(async () => {
  await engine.close();
  await rm(directory, { recursive: true });
});

const NAMES = Object.keys(COLUMNS) as Column[];
const columns = NAMES.map((name) => ({ name, type: COLUMNS[name], from: name }));

function valuesSql(rows: readonly Row[]): string {
  const list = rows.map(
    (row, n) => `(${[n, ...NAMES.map((name) => literalValue(row[name], COLUMNS[name]))].join(', ')})`,
  );
  return `SELECT * FROM (VALUES ${list.join(', ')}) v(n, ${identifierList(NAMES)})`;
}

test('of ajv, of SQL and in plain words are the same for every rule and row', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(generatedRule, { minLength: 1, maxLength: 8 }),
      fc.array(generatedRow, { minLength: 1, maxLength: 25 }),
      async (generated, rows) => {
        const source = { name: 's', columns, expectations: generated.map(({ rule }) => rule) };
        const expected = rows.map((row) => generated.map(({ judge }) => judge(row)));

        const rules = compileRowRules(source);
        const byRow = rows.map((row): readonly Verdict[] => {
          const values = Object.fromEntries(NAMES.map((name) => [name, ruleValue(row[name])]));
          const broken = rules.check(values);
          return generated.map((_, position) => {
            const view = rules.view(position, values);
            if (broken.includes(position)) return 'breaks';
            return view === 'seen' ? 'holds' : view;
          });
        });
        expect(byRow).toEqual(expected);

        const bulk = compileBulkRules(source)!;
        const [broken, counted] = await engine.session(
          async (session): Promise<[readonly EngineRow[], EngineRow[]]> => {
            await session.run(`CREATE TEMP TABLE judged AS ${valuesSql(rows)}`);
            const verdicts = bulk.broken.map((sql, position) => `${sql} AS b${position}`);
            return [
              await session.rows(`SELECT ${verdicts.join(', ')} FROM judged ORDER BY n`),
              [...(await session.rows(bulk.countSql('judged')))],
            ];
          },
        );
        expect(broken.map((row) => generated.map((_, position) => row[`b${position}`]))).toEqual(
          expected.map((row) => row.map((verdict) => verdict === 'breaks')),
        );

        const isAside = generated.map(({ rule }) => rule.onFailure === 'quarantine');
        const kept = expected.filter(
          (row) => !row.some((verdict, position) => isAside[position] && verdict === 'breaks'),
        );
        expect(bulk.counts(counted[0]!)).toEqual(
          generated.map((_, position) => {
            const verdicts = (isAside[position] ? expected : kept).map((row) => row[position]);
            const count = (wanted: Verdict): number => verdicts.filter((verdict) => verdict === wanted).length;
            return {
              elements: verdicts.length - count('outside'),
              missing: count('missing'),
              unexpected: count('breaks'),
            };
          }),
        );
      },
    ),
    { numRuns: 25 },
  );
}, 240_000);

describe('a rule that SQL would judge otherwise', () => {
  test.each([
    ['match_json_schema', { json_schema: {} }],
    ['match_regex', { regex: String.raw`\p{Lu}` }],
    ['not_match_regex', { regex: String.raw`\PL` }],
    ['match_regex_list', { regex_list: ['a', '(?i)é'] }],
    ['match_regex', { regex: String.raw`(?si)\x{264}` }],
  ])('leaves all rules of the source to ajv: %s %o', (type, args) => {
    const expectations = [
      expectationOf('expect_column_values_to_be_null', { column: 's' }),
      expectationOf(`expect_column_values_to_${type}`, { column: 's', ...args }),
    ];
    expect(compileBulkRules({ name: 's', columns, expectations })).toBeUndefined();
  });

  test('so does one that SQL would judge slowly', () => {
    const ofPairs = (count: number) => {
      const value_pairs_set = Array.from({ length: count }, (_, n) => [n, n]);
      const args = { column_A: 'i', column_B: 'j', value_pairs_set };
      const expectations = [expectationOf('expect_column_pair_values_to_be_in_set', args)];
      return compileBulkRules({ name: 's', columns, expectations });
    };
    expect(ofPairs(100)).toBeDefined();
    expect(ofPairs(101)).toBeUndefined();
  });
});
