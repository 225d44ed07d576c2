import { describe, expect, test } from 'vitest';
import type { FeaturePlan } from '../../../contracts/plan.ts';
import { Timestamp } from '../../../contracts/timestamp.ts';
import type { StoredType } from '../../../contracts/values.ts';
import { outputNames } from '../../../offline/assembly.ts';
import { addLeakage } from '../../../offline/leakage.ts';
import { chooseShards } from '../../../offline/shards.ts';
import { tableFormat } from '../../../offline/spine-format.ts';
import { fromTypeScript, toTypeScript } from '../../../offline/typescript-values.ts';
import { entityGroups } from '../../../offline/unit.ts';

function planOf(columns: readonly string[]): FeaturePlan {
  return {
    views: [],
    derived: [],
    requestColumns: [],
    keyColumns: [],
    columns: columns.map((name) => ({
      name,
      as: name.split('__')[0]!,
      feature: { name: name.split('__')[1] },
    })) as never,
  };
}

describe('names of the output', () => {
  const spine = [{ name: 'user' }, { name: 'event_timestamp' }];

  test('are the spine’s, then the features’', () => {
    expect(outputNames(planOf(['a__x', 'b__x']), spine, false)).toEqual(['user', 'event_timestamp', 'a__x', 'b__x']);
    expect(outputNames(planOf(['a__x', 'b__y']), spine, true)).toEqual(['user', 'event_timestamp', 'x', 'y']);
  });

  test.each([
    [['a__x', 'b__x'], /"x"; leave --short-names out/],
    [['a__user'], /the spine: .*"user"/],
    [['a__User'], /the spine: .*"User"/],
    [['a__x', 'b__X'], /"X"; leave --short-names out/],
  ])('that collide are refused: %s', (columns, message) => {
    expect(() => outputNames(planOf(columns), spine, true)).toThrow(message);
  });

  test.each(['user', 'User'])('that the spine has twice are refused: user and %s', (name) => {
    const message = `its columns "user" and "${name}" have the same name but for case`;
    expect(() => outputNames(planOf(['a__x']), [...spine, { name }], false)).toThrow(message);
  });
});

test('leakage adds up, and the unknown stays unknown', () => {
  expect(
    addLeakage([
      { a: 1, b: 'unknown' },
      { a: 2, b: 'unknown' },
      { a: 0, b: 'unknown' },
    ]),
  ).toEqual({
    a: 3,
    b: 'unknown',
  });
});

test('views that read their key from the same columns are one group', () => {
  const view = (as: string, spineColumns: readonly string[]) => ({ as, spineColumns });
  const views = [view('a', ['x', 'y']), view('b', ['x']), view('c', ['x', 'y']), view('d', ['y', 'x'])];
  expect(entityGroups({ ...planOf([]), views: views as never })).toEqual([
    { views: ['a', 'c'] },
    { views: ['b'] },
    { views: ['d'] },
  ]);
});

test('shards follow the spine, the source of a windowed view, and the memory limit', async () => {
  const shards = (sourceRows: number, spineRows: number, memoryBytes = 2e9, mode = 'aggregate') =>
    chooseShards({ files: async () => ({ snapshot: 1, files: [{ rows: sourceRows }] }) } as never, {
      project: 'p',
      plan: { ...planOf([]), views: [{ source: { name: 's' }, view: { mode } }] as never },
      snapshots: {},
      spineRows,
      memoryBytes,
    });
  expect(await shards(1000, 1000)).toBe(1);
  expect(await shards(100_000_000, 1000)).toBe(4);
  expect(await shards(100_000_000, 1000, 8e9)).toBe(1);
  expect(await shards(1000, 5_000_000)).toBe(2);
  expect(await shards(1000, 5_000_000, 2e8)).toBe(16);
  expect(await shards(1e12, 1)).toBe(64);
  expect(await shards(1e12, 1, 2e9, 'asof')).toBe(1);
  await expect(shards(1000, 5e9, 64e6)).rejects.toMatchObject({ code: 'ENGINE_OUT_OF_MEMORY' });
});

test.each([
  ['a.PARQUET', 'parquet'],
  ['dir.csv/a.jsonl', 'jsonl'],
  ['a.csv', 'csv'],
])('%s is %s', (path, format) => expect(tableFormat(path)).toBe(format));

test('another extension is refused', () => {
  expect(() => tableFormat('a.xlsx')).toThrow(/".xlsx"/);
});

describe('values for compute', () => {
  test.each<[never, StoredType, boolean, unknown]>([
    [5n as never, 'int64', false, 5n],
    [5n as never, 'int64', true, 5],
    [5n as never, 'timestamp', false, new Timestamp(5n)],
    [[1n, null] as never, 'int64[]', false, [1n, null]],
    [null as never, 'timestamp', false, null],
  ])('%o of %s becomes %o', (value, type, plain, expected) => {
    expect(toTypeScript(value, type, plain)).toEqual(expected);
  });

  test.each<[unknown, StoredType, unknown]>([
    [3, 'int64', 3n],
    [3n, 'float64', 3],
    [undefined, 'string', null],
    [new Timestamp(7n), 'timestamp', 7n],
    [new Date(1), 'timestamp', 1000n],
    [[1, 2], 'float32[2]', [1, 2]],
  ])('%o is taken as %s', (value, type, expected) => {
    expect(fromTypeScript(value, type)).toEqual(expected);
  });

  test.each<[unknown, StoredType]>([
    [1.5, 'int64'],
    [2n ** 63n, 'int64'],
    ['1', 'float64'],
    ['2024-01-01', 'timestamp'],
    [new Date(Number.NaN), 'timestamp'],
    [[1], 'float32[2]'],
    [[1, null], 'float32[2]'],
    [1, 'boolean'],
  ])('%o is refused as %s', (value, type) => {
    expect(fromTypeScript(value, type)).toBeUndefined();
  });
});
