import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DataFile } from '../../../contracts/lake.ts';
import { planCompaction } from '../../../lake/compaction-plan.ts';
import { fakeFile } from '../../support/commits.ts';

const LIMITS = { rows: 100, bytes: 1_000_000 };
const plan = (files: readonly DataFile[], limits = LIMITS) =>
  planCompaction(files, limits).map((group) => group.map(({ path }) => path));
const file = (path: string, rows: number, minEvent: bigint, overrides: Partial<DataFile> = {}) =>
  fakeFile({ path, rows, minEvent, maxEvent: minEvent, ...overrides });

describe('files are compacted', () => {
  test('with their neighbours in time, up to the limit', () => {
    const files = [file('c', 40, 3n), file('a', 40, 1n), file('b', 40, 2n), file('d', 40, 4n), file('e', 40, 5n)];
    expect(plan(files)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  test('and not when they are large, empty or alone', () => {
    expect(plan([file('a', 50, 1n), file('b', 49, 2n)])).toEqual([]);
    expect(plan([file('a', 10, 1n, { bytes: 500_000 }), file('b', 10, 2n)])).toEqual([]);
    expect(plan([file('a', 0, 1n, { minEvent: null }), file('b', 10, 2n)])).toEqual([]);
  });

  test('within their bucket', () => {
    const files = [0, 1, 0, 1].map((bucket, index) => file(`${index}`, 10, BigInt(index), { bucket }));
    expect(plan(files)).toEqual([
      ['0', '2'],
      ['1', '3'],
    ]);
  });

  test('for as long as their columns agree; one that only some have is no obstacle', () => {
    const columns = (...types: readonly ['a' | 'b' | 'A', 'int64' | 'float64'][]) => ({
      columns: types.map(([name, type]) => ({ name, type })),
    });
    const files = [
      file('0', 10, 0n, columns(['a', 'int64'])),
      file('1', 10, 1n, columns(['a', 'int64'], ['b', 'int64'])),
      file('2', 10, 2n, columns(['a', 'float64'])),
      file('3', 10, 3n, columns(['a', 'float64'])),
      file('4', 10, 4n, columns(['A', 'float64'])),
    ];
    expect(plan(files)).toEqual([
      ['0', '1'],
      ['2', '3'],
    ]);
  });

  test('around one that outweighs all others together', () => {
    const rows = [1, 2, 40, 1, 1];
    expect(plan(rows.map((count, index) => file(`${index}`, count, BigInt(index))))).toEqual([['3', '4']]);
  });
});

test('a file of each day makes few files in the end, and each row is written a few times only', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 300 }), (days) => {
      let files: DataFile[] = [];
      let written = 0;
      for (const [day, rows] of days.entries()) {
        files.push(file(`${day}`, rows, BigInt(day)));
        for (let groups = planCompaction(files, LIMITS); groups.length > 0; groups = planCompaction(files, LIMITS)) {
          for (const group of groups) {
            const sum = group.reduce((total, each) => total + each.rows, 0);
            expect(group.length).toBeGreaterThan(1);
            expect(sum).toBeLessThanOrEqual(LIMITS.rows);
            written += sum;
            files = files.filter((each) => !group.includes(each));
            files.push(file(group[0]!.path, sum, group[0]!.minEvent!));
          }
        }
      }
      const total = days.reduce((sum, rows) => sum + rows, 0);
      expect(files.reduce((sum, each) => sum + each.rows, 0)).toBe(total);
      // from a row to half a full file are six doublings
      expect(written).toBeLessThanOrEqual(total * 7);
      expect(files.length).toBeLessThanOrEqual(Math.ceil(total / (LIMITS.rows / 2)) + 7);
    }),
  );
});
