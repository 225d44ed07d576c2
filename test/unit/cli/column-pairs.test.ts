import { describe, expect, test } from 'vitest';
import { parsePairs, spreadOverEntities } from '../../../cli/column-pairs.ts';
import { Timestamp } from '../../../contracts/timestamp.ts';
import type { StoredType } from '../../../contracts/values.ts';

const types = new Map<string, StoredType>([
  ['name', 'string'],
  ['id', 'int64'],
  ['since', 'timestamp'],
]);

describe('pairs of column and value', () => {
  test('are columns of typed values; only the first = parts them', () => {
    expect(parsePairs(['name=a=b', 'id=9007199254740993', 'name=', 'since=2024-01-01'], '--entity', types)).toEqual({
      name: ['a=b', ''],
      id: [9007199254740993n],
      since: [Timestamp.from('2024-01-01', 'since')],
    });
  });

  test.each([
    ['id=x', '--entity id: "x" is not a valid int64'],
    ['other=1', 'other'],
    ['=1', 'column=value'],
  ])('%s is refused', (pair, problem) => {
    expect(() => parsePairs([pair], '--entity', types)).toThrow(problem);
  });
});

test('a request value that is given once stands for every entity', () => {
  const entities = { a: [1, 2, 3], b: [4, 5, 6] };
  expect(spreadOverEntities({ once: [true], each: [7, 8, 9], wrong: [1, 2] }, entities)).toEqual({
    once: [true, true, true],
    each: [7, 8, 9],
    wrong: [1, 2],
  });
});
